// P7: equal log, equal state. One stream of random commands, applied in every way that nodes may come to
// apply it.
#include <set>

#include "cluster/command_codec.hpp"
#include "random_commands.hpp"
#include "whole_state.hpp"

namespace clusterkit {
namespace {

struct Entry {
  LogIndex index;
  Epoch term;
  std::string bytes;
};

std::vector<std::string> textOf(const std::vector<std::shared_ptr<const ClusterEvent>>& events) {
  std::vector<std::string> text;
  for (const auto& event : events) text.push_back(eventJson(*event));
  return text;
}

void append(std::vector<std::string>& all, std::vector<std::string> more) {
  all.insert(all.end(), more.begin(), more.end());
}

void expectWhole(const ClusterState& state) { ASSERT_EQ(faultOf(state), ""); }

// A log of commands that were made for the states they met, and the events and outcomes they had.
struct Log {
  std::vector<Entry> entries;
  std::vector<std::string> events;
  std::vector<Outcome> outcomes;
  std::set<OutcomeCode> codes;
  std::set<std::string> types;
  ClusterState last;
};

Log record(unsigned seed, int length) {
  RandomCommands commands(seed);
  Log log;
  StateBuilder builder{ClusterState()};
  std::uint64_t index = 0;
  for (int i = 0; i < length; ++i) {
    const Command command = commands.next(builder.state());
    index += 1 + commands.below(3);  // other entries of the log lie between
    log.entries.push_back({LogIndex(index), Epoch(1 + index / 200), encodeCommand(command)});
    log.outcomes.push_back(builder.apply(log.entries.back().index, log.entries.back().term, command));
    log.codes.insert(log.outcomes.back().code);
    const auto events = builder.takeEvents();
    for (const auto& event : events) log.types.insert(std::string(eventType(event->body)));
    append(log.events, textOf(events));
    expectWhole(builder.state());
    if (::testing::Test::HasFatalFailure()) break;
  }
  log.last = builder.state();
  return log;
}

Command decoded(const std::string& bytes) {
  auto command = decodeCommand(bytes);
  if (auto* error = std::get_if<CommandError>(&command)) ADD_FAILURE() << error->message;
  return std::get<Command>(std::move(command));
}

TEST(Determinism, S116_TheSameLogGivesTheSameStateInAnyBatchingAndAcrossSnapshots) {
  for (unsigned seed = 1; seed <= 25; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Log log = record(seed, 400);
    ASSERT_FALSE(::testing::Test::HasFatalFailure());
    std::mt19937 random(seed + 1000);
    StateBuilder builder{ClusterState()};
    std::vector<std::string> events;
    std::vector<ClusterState> held;  // readers of old versions, so that nothing is changed in place
    for (std::size_t i = 0; i < log.entries.size(); ++i) {
      const Entry& entry = log.entries[i];
      ASSERT_EQ(builder.apply(entry.index, entry.term, decoded(entry.bytes)), log.outcomes[i]);
      if (random() % 5 == 0) held.push_back(builder.state());
      if (random() % 40 != 0) continue;
      append(events, textOf(builder.takeEvents()));
      auto restored = readSnapshot(writeSnapshot(builder.state()));
      ASSERT_TRUE(std::holds_alternative<ClusterState>(restored))
          << std::get<SnapshotError>(restored).message;
      builder = StateBuilder(std::get<ClusterState>(std::move(restored)));
      expectWhole(builder.state());
    }
    append(events, textOf(builder.takeEvents()));
    EXPECT_EQ(stateHash(builder.state()), stateHash(log.last));
    EXPECT_EQ(events, log.events);
  }
}

// Otherwise the test above would prove little.
TEST(Determinism, TheRandomCommandsReachEveryKindOfOutcomeAndEvent) {
  std::set<OutcomeCode> codes;
  std::set<std::string> types;
  for (unsigned seed = 1; seed <= 25; ++seed) {
    const Log log = record(seed, 400);
    codes.insert(log.codes.begin(), log.codes.end());
    types.insert(log.types.begin(), log.types.end());
  }
  EXPECT_EQ(types.size(), std::variant_size_v<EventBody> - 1) << "all but the gap";
  std::string missing;
  for (int raw = 1; raw < 256; ++raw) {
    const auto code = static_cast<OutcomeCode>(raw);
    const std::string_view name = toString(code);
    if (!name.empty() && codes.count(code) == 0) missing.append(name).append(" ");
  }
  EXPECT_EQ(missing, "value_too_large ");
}

TEST(Determinism, AnyChangeOfContentChangesTheHash) {
  const Log log = record(4, 300);
  const std::uint64_t hash = stateHash(log.last);
  const auto differs = [&](auto change) {
    ClusterState other = log.last;
    change(other);
    EXPECT_NE(stateHash(other), hash);
  };
  differs([](ClusterState& s) { s.appliedIndex = LogIndex(s.appliedIndex.value + 1); });
  differs([](ClusterState& s) { s.appliedTerm = Epoch(s.appliedTerm.value + 1); });
  differs([](ClusterState& s) { s.lastStamp += Duration(1); });
  differs([](ClusterState& s) { s.leader.reset(); });
  differs([](ClusterState& s) { s.nodes.erase(s.nodes.first()->value->spec.id); });
  differs([](ClusterState& s) { s.events.dropOldest(); });
  differs([](ClusterState& s) { s.values.erase(std::string(s.values.first()->key)); });
  differs([](ClusterState& s) { s.idempotency.erase(std::string(s.idempotency.first()->key)); });
  differs([](ClusterState& s) { s.retiredKeys.erase(std::string(s.retiredKeys.first()->key)); });
  differs([](ClusterState& s) { s.nextEvent = EventSeq(s.nextEvent.value + 1); });
  differs([](ClusterState& s) { s.tombstones.set(BigEndianKey(123), LogIndex(1), 1); });
  differs([](ClusterState& s) {
    s.partitions = std::make_shared<const PartitionMap>(s.partitions->partitionCount());
  });
}

TEST(Determinism, AnEntryIsNeverAppliedTwiceOrOutOfOrder) {
  RandomCommands commands(1);
  StateBuilder builder{ClusterState()};
  const Command create = commands.next(builder.state());
  builder.apply(LogIndex(5), Epoch(2), create);
  EXPECT_THROW(builder.apply(LogIndex(5), Epoch(2), create), std::logic_error);
  EXPECT_THROW(builder.apply(LogIndex(4), Epoch(2), create), std::logic_error);
  EXPECT_THROW(builder.apply(LogIndex(6), Epoch(1), create), std::logic_error);
  EXPECT_EQ(builder.state().appliedIndex, LogIndex(5));
}

TEST(Determinism, TheStampNeverGoesBack) {
  StateBuilder builder{ClusterState()};
  Command command;
  command.stamp = WallTime(std::chrono::seconds(1000));
  command.body = CreateCluster{clusterFacts(1, 1), nodeSpec(1)};
  builder.apply(LogIndex(1), Epoch(1), command);
  command.stamp = WallTime(std::chrono::seconds(10));
  command.body = SetValue{"a", "1", {}};
  builder.apply(LogIndex(2), Epoch(1), command);
  EXPECT_EQ(builder.state().lastStamp, WallTime(std::chrono::seconds(1000)));
  EXPECT_EQ(builder.takeEvents().back()->stamp, WallTime(std::chrono::seconds(1000)));
}

TEST(Determinism, S050_ReplayFromAnAppliedIndexAppliesExactlyTheMissingEntries) {
  const Log log = record(9, 200);
  StateBuilder first{ClusterState()};
  for (std::size_t i = 0; i < 120; ++i) {
    first.apply(log.entries[i].index, log.entries[i].term, decoded(log.entries[i].bytes));
  }
  auto durable = readSnapshot(writeSnapshot(first.state()));
  StateBuilder second(std::get<ClusterState>(std::move(durable)));
  std::size_t replayed = 0;
  for (const Entry& entry : log.entries) {
    if (entry.index <= second.state().appliedIndex) continue;
    second.apply(entry.index, entry.term, decoded(entry.bytes));
    ++replayed;
  }
  EXPECT_EQ(replayed, 80u);
  EXPECT_EQ(stateHash(second.state()), stateHash(log.last));
}

}  // namespace
}  // namespace clusterkit
