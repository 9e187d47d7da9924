#include "cluster/command_codec.hpp"
#include "cluster/random_commands.hpp"
#include "fuzz/seeds.hpp"

namespace clusterkit::fuzz {
namespace {

constexpr std::uint64_t kCommands = 30;  // the target takes at most 32

// Commands that follow from the states they meet, as the target reads them, and the state after the last one.
struct History {
  std::string commands{'\0'};
  ClusterState last;
};

History historyOf(unsigned seed) {
  History history;
  RandomCommands random(seed);
  StateBuilder builder{ClusterState()};
  for (std::uint64_t i = 1; i <= kCommands; ++i) {
    const Command command = random.next(builder.state());
    const std::string bytes = encodeCommand(command);
    history.commands += '\0';
    history.commands += static_cast<char>(bytes.size() & 0xff);
    history.commands += static_cast<char>(bytes.size() >> 8);
    history.commands += bytes;
    builder.apply(LogIndex(i), Epoch(1), command);
  }
  history.last = builder.state();
  return history;
}

}  // namespace

std::vector<Seed> stateSeeds() {
  std::vector<Seed> seeds{{"snapshot", "empty", writeSnapshot(ClusterState())}};
  for (const unsigned seed : {1u, 2u, 3u, 4u, 5u, 6u}) {
    const History history = historyOf(seed);
    seeds.push_back({"command", "history-" + std::to_string(seed), history.commands});
    seeds.push_back({"snapshot", "history-" + std::to_string(seed), writeSnapshot(history.last)});
  }
  return seeds;
}

}  // namespace clusterkit::fuzz
