#include "recovery.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace clusterkit::raft {
namespace {

// A gap is closed with that many empty entries at most; a store that lost more than this is not worth it.
constexpr std::uint64_t maxLost = 1'000'000;

struct InForce {
  ConfigurationPtr configuration;  // null: none is known
  LogIndex last;
};

InForce inForce(const InitialState& survivor) {
  InForce found{survivor.snapshot.configuration, survivor.snapshot.index};
  for (const Entry& entry : survivor.entries) {
    if (entry.index <= survivor.snapshot.index) continue;
    found.last = entry.index;
    if (entry.isConfiguration()) found.configuration = entry.configuration();
  }
  return found;
}

// The endpoint that the others knew is kept: a node that starts at another one says so itself.
Configuration aloneIn(const Configuration& before, MemberId self) {
  Configuration alone = soleVoter(*before.find(self));
  alone.removed = before.removed;
  for (const Member& m : before.members)
    if (m.id != self) alone.removed.push_back(m.id);
  if (alone.removed.size() > Configuration::maxTombstones)
    alone.removed.erase(alone.removed.begin(),
                        alone.removed.end() - static_cast<std::ptrdiff_t>(Configuration::maxTombstones));
  return alone;
}

}  // namespace

Recovery recoverAsSoleVoter(const InitialState& survivor, Bytes command) {
  const InForce present = inForce(survivor);
  if (present.configuration == nullptr)
    throw NotRecoverable("the store holds no log and no snapshot: there is nothing to recover from");
  if (!present.configuration->contains(survivor.self))
    throw NotRecoverable("this node is not a member of its cluster any more: recover from one that is");
  const LogIndex acknowledged = std::max(survivor.highWater, survivor.hard.commit);
  if (acknowledged > plus(present.last, maxLost))
    throw NotRecoverable("the log ends at " + std::to_string(present.last.value) + ", acknowledged was " +
                         std::to_string(acknowledged.value) +
                         ": too much is lost, recover from another node");
  Recovery recovery{{next(survivor.hard.term), {}, survivor.hard.commit}, {}, present.configuration};
  LogIndex index = next(present.last);
  const auto add = [&](EntryPayload payload) {
    recovery.entries.push_back({index, recovery.hard.term, std::move(payload)});
    index = next(index);
  };
  while (index < acknowledged) add(NoOp{});
  add(std::make_shared<const Configuration>(aloneIn(*present.configuration, survivor.self)));
  add(std::move(command));
  return recovery;
}

}  // namespace clusterkit::raft
