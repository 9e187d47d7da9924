#include "support/builders.hpp"

#include <algorithm>

namespace clusterkit::raft::test {

InitialState stateOf(MemberId self, const Configuration& configuration, std::vector<std::uint64_t> terms,
                     HardState hard) {
  InitialState state;
  state.cluster = theCluster;
  state.self = self;
  state.entries.push_back(Entry{at(1), term(1), shared(configuration)});
  std::uint64_t index = 2;
  for (std::uint64_t t : terms) state.entries.push_back(entry(index++, t));
  state.hard = hard;
  state.hard.term = std::max(hard.term, state.entries.back().term);
  return state;
}

Options testOptions() {
  Options options;
  options.snapshotEntries = 1u << 20;
  options.trailingEntries = 0;
  return options;
}

}  // namespace clusterkit::raft::test
