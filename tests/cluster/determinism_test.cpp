// P7: equal log, equal state. One stream of random commands, applied in every way that nodes may come to
// apply it.
#include <algorithm>
#include <clocale>
#include <locale>
#include <set>
#include <sstream>

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
  std::uint64_t hash = 0;  // of it
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
  log.hash = stateHash(log.last);
  return log;
}

Command decoded(const std::string& bytes) {
  auto command = decodeCommand(bytes);
  if (auto* error = std::get_if<CommandError>(&command)) ADD_FAILURE() << error->message;
  return std::get<Command>(std::move(command));
}

// The log is applied again, taken apart by snapshots at other places: the same in everything.
void expectTheSameAgain(const Log& log, unsigned seed) {
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
    ASSERT_TRUE(std::holds_alternative<ClusterState>(restored)) << std::get<SnapshotError>(restored).message;
    builder = StateBuilder(std::get<ClusterState>(std::move(restored)));
    expectWhole(builder.state());
  }
  append(events, textOf(builder.takeEvents()));
  EXPECT_EQ(stateHash(builder.state()), log.hash);
  EXPECT_EQ(events, log.events);
}

TEST(Determinism, S116_TheSameLogGivesTheSameStateInAnyBatchingAndAcrossSnapshots) {
  for (unsigned seed = 1; seed <= 25; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Log log = record(seed, 400);
    ASSERT_FALSE(::testing::Test::HasFatalFailure());
    expectTheSameAgain(log, seed);
  }
}

// Made here, so that none has to be installed: 1.2.3,5 for 123.5, and words in the reverse order.
class ForeignLocale {
 public:
  ForeignLocale() : before_(std::locale::global(foreign())), beforeInC_(std::setlocale(LC_ALL, nullptr)) {
    // The functions of C know only installed ones; without any this changes nothing.
    for (const char* name : {"de_DE.UTF-8", "fr_FR.UTF-8", "tr_TR.UTF-8"})
      if (std::setlocale(LC_ALL, name) != nullptr) break;
  }
  ~ForeignLocale() {
    std::setlocale(LC_ALL, beforeInC_.c_str());
    std::locale::global(before_);
  }
  ForeignLocale(const ForeignLocale&) = delete;
  ForeignLocale& operator=(const ForeignLocale&) = delete;

 private:
  struct Numbers : std::numpunct<char> {
    char do_decimal_point() const override { return ','; }
    char do_thousands_sep() const override { return '.'; }
    std::string do_grouping() const override { return "\1"; }
    std::string do_truename() const override { return "wahr"; }
    std::string do_falsename() const override { return "falsch"; }
  };
  struct Order : std::collate<char> {
    int do_compare(const char* lo1, const char* hi1, const char* lo2, const char* hi2) const override {
      return std::collate<char>::do_compare(lo2, hi2, lo1, hi1);
    }
  };
  static std::locale foreign() { return {std::locale(std::locale(), new Numbers), new Order}; }

  std::locale before_;
  std::string beforeInC_;
};

TEST(Determinism, S116_TheSameLogGivesTheSameStateUnderAnyLocale) {
  std::vector<Log> logs;
  for (unsigned seed = 1; seed <= 10; ++seed) logs.push_back(record(seed, 400));
  const ForeignLocale foreign;
  std::ostringstream shown;
  shown << 123.5 << std::boolalpha << true;
  ASSERT_EQ(shown.str(), "1.2.3,5wahr") << "otherwise this would prove little";
  for (unsigned seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    expectTheSameAgain(logs[seed - 1], seed);
    const Log again = record(seed, 400);  // as a leader of that country writes it
    EXPECT_TRUE(std::equal(again.entries.begin(), again.entries.end(), logs[seed - 1].entries.begin(),
                           logs[seed - 1].entries.end(),
                           [](const Entry& a, const Entry& b) { return a.bytes == b.bytes; }));
    EXPECT_EQ(again.hash, logs[seed - 1].hash);
  }
}

// Otherwise the tests above would prove little.
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
