// Commands and snapshots as bytes: what is written is read back, and nothing else is taken for good.
#include "cluster/command_codec.hpp"
#include "command.pb.h"
#include "random_commands.hpp"

namespace clusterkit {
namespace {

bool isError(const std::variant<Command, CommandError>& result, CommandFault fault) {
  const auto* error = std::get_if<CommandError>(&result);
  return error && error->fault == fault && !error->message.empty();
}

TEST(CommandCodec, EveryCommandIsReadBackAsItWas) {
  for (unsigned seed = 1; seed <= 5; ++seed) {
    RandomCommands commands(seed);
    StateBuilder builder{ClusterState()};
    for (std::uint64_t i = 1; i <= 300; ++i) {
      const Command command = commands.next(builder.state());
      const std::string bytes = encodeCommand(command);
      const auto back = decodeCommand(bytes);
      ASSERT_TRUE(std::holds_alternative<Command>(back));
      const Command& read = std::get<Command>(back);
      EXPECT_EQ(read.origin, command.origin);
      EXPECT_EQ(read.stamp, command.stamp);
      EXPECT_EQ(read.idempotency, command.idempotency);
      EXPECT_EQ(read.body.index(), command.body.index());
      EXPECT_EQ(encodeCommand(read), bytes);
      builder.apply(LogIndex(i), Epoch(1), command);
    }
  }
}

TEST(CommandCodec, SenselessTextIsAnOutcomeNotACorruptEntry) {
  Command command;
  command.body = SetValue{"\xff\xfe", "v", {}};
  EXPECT_TRUE(std::holds_alternative<Command>(decodeCommand(encodeCommand(command))));
}

TEST(CommandCodec, S115_ACommandOfANewerVersionIsUnknownNotSkipped) {
  proto::Command newer;
  newer.set_format(1);
  EXPECT_TRUE(isError(decodeCommand(newer.SerializeAsString()), CommandFault::Unknown)) << "no known body";
  Command command;
  command.body = SetValue{"a", "b", {}};
  proto::Command later;
  ASSERT_TRUE(later.ParseFromString(encodeCommand(command)));
  later.set_format(later.format() + 1);
  EXPECT_TRUE(isError(decodeCommand(later.SerializeAsString()), CommandFault::Unknown)) << "a later format";
  proto::Command word;
  word.set_format(1);
  word.mutable_set_node_status()->set_status(77);
  EXPECT_TRUE(isError(decodeCommand(word.SerializeAsString()), CommandFault::Unknown)) << "a later status";
  // A body under a number that this version does not have.
  EXPECT_TRUE(isError(decodeCommand(newer.SerializeAsString() + std::string("\xa2\x06\x01x", 4)),
                      CommandFault::Unknown));
}

TEST(CommandCodec, GarbageIsCorruptOrUnknownButNeverACrash) {
  EXPECT_TRUE(isError(decodeCommand(""), CommandFault::Corrupt));
  EXPECT_TRUE(isError(decodeCommand("hello"), CommandFault::Corrupt));
  RandomCommands commands(3);
  StateBuilder builder{ClusterState()};
  std::mt19937 random(3);
  for (std::uint64_t i = 1; i <= 400; ++i) {
    const Command command = commands.next(builder.state());
    builder.apply(LogIndex(i), Epoch(1), command);
    std::string bytes = encodeCommand(command);
    for (int flips = 0; flips < 3; ++flips) bytes[random() % bytes.size()] = static_cast<char>(random());
    bytes.resize(bytes.size() - random() % 3);
    const auto result = decodeCommand(bytes);
    // What still reads as a command must be harmless to apply.
    if (const auto* read = std::get_if<Command>(&result))
      apply(builder.state(), LogIndex(i + 1), Epoch(1), *read);
  }
}

// A state in which every kind of record occurs.
ClusterState richState() {
  RandomCommands commands(12);
  StateBuilder builder{ClusterState()};
  std::uint64_t index = 0;
  const auto isRich = [](const ClusterState& s) {
    return !s.pendingMoves.empty() && !s.handoffs.empty() && !s.departed.empty() && !s.retiredKeys.empty() &&
           !s.values.empty() && !s.sinkCursors.empty() && s.lastRebalance && s.leader;
  };
  for (; index < 20'000 && !isRich(builder.state()); ++index) {
    builder.apply(LogIndex(index + 1), Epoch(1), commands.next(builder.state()));
  }
  EXPECT_TRUE(isRich(builder.state()));
  return builder.state();
}

TEST(Snapshot, ARichStateComesBackWithTheSameHashInPiecesOfAnySize) {
  const ClusterState state = richState();
  const std::string whole = writeSnapshot(state);
  for (const std::size_t target : {std::size_t{1}, std::size_t{100}, std::size_t{1 << 20}}) {
    SnapshotWriter writer(state);
    SnapshotReader reader;
    std::string all;
    for (std::string piece = writer.next(target); !piece.empty(); piece = writer.next(target)) {
      all += piece;
      for (std::size_t at = 0; at < piece.size(); at += 7) {
        EXPECT_TRUE(reader.feed(std::string_view(piece).substr(at, 7)));
      }
    }
    EXPECT_EQ(all, whole);
    const auto result = reader.finish();
    ASSERT_TRUE(std::holds_alternative<ClusterState>(result)) << std::get<SnapshotError>(result).message;
    const auto& restored = std::get<ClusterState>(result);
    EXPECT_EQ(stateHash(restored), stateHash(state));
    EXPECT_EQ(restored.health, state.health);
    EXPECT_EQ(restored.services.size(), state.services.size());
    EXPECT_EQ(restored.values.weight(), state.values.weight());
    EXPECT_EQ(writeSnapshot(restored), whole);
  }
}

TEST(Snapshot, AStateBeforeTheClusterExistsIsAStateToo) {
  const auto result = readSnapshot(writeSnapshot(ClusterState()));
  ASSERT_TRUE(std::holds_alternative<ClusterState>(result));
  EXPECT_FALSE(std::get<ClusterState>(result).exists());
}

TEST(Snapshot, TheWriterKeepsItsStateWhileTheClusterGoesOn) {
  const ClusterState state = richState();
  const std::uint64_t hash = stateHash(state);
  SnapshotWriter writer(state);
  std::string bytes = writer.next(1);
  StateBuilder builder(state);
  RandomCommands commands(77);
  for (std::uint64_t i = 1; i <= 200; ++i) {
    builder.apply(LogIndex(state.appliedIndex.value + i), Epoch(1), commands.next(builder.state()));
    bytes += writer.next(50);
  }
  for (std::string piece = writer.next(500); !piece.empty(); piece = writer.next(500)) bytes += piece;
  const auto result = readSnapshot(bytes);
  ASSERT_TRUE(std::holds_alternative<ClusterState>(result)) << std::get<SnapshotError>(result).message;
  EXPECT_EQ(stateHash(std::get<ClusterState>(result)), hash);
}

TEST(Snapshot, S067_AnyFlippedByteIsDetected) {
  const ClusterState state = richState();
  const std::string whole = writeSnapshot(state);
  const std::uint64_t hash = stateHash(state);
  std::mt19937 random(5);
  for (int i = 0; i < 1500; ++i) {
    std::string damaged = whole;
    const std::size_t at = random() % damaged.size();
    damaged[at] = static_cast<char>(damaged[at] ^ (1 << (random() % 8)));
    const auto result = readSnapshot(damaged);
    // Protobuf has several spellings of one content; what is accepted must be the very same state.
    if (const auto* accepted = std::get_if<ClusterState>(&result)) {
      EXPECT_EQ(stateHash(*accepted), hash) << at;
    }
  }
}

TEST(Snapshot, ACutOrContinuedSnapshotIsRefused) {
  const std::string whole = writeSnapshot(richState());
  for (std::size_t length = 0; length < whole.size(); length += 1 + length / 10) {
    EXPECT_TRUE(
        std::holds_alternative<SnapshotError>(readSnapshot(std::string_view(whole).substr(0, length))));
  }
  EXPECT_TRUE(std::holds_alternative<SnapshotError>(readSnapshot(whole + "x")));
  EXPECT_TRUE(std::holds_alternative<SnapshotError>(readSnapshot(whole + whole.substr(8))));
}

TEST(Snapshot, GarbageOfAnyKindIsAnError) {
  EXPECT_TRUE(std::holds_alternative<SnapshotError>(readSnapshot("")));
  EXPECT_TRUE(std::holds_alternative<SnapshotError>(readSnapshot("not a snapshot")));
  EXPECT_TRUE(
      std::holds_alternative<SnapshotError>(readSnapshot(std::string("CKSTATE1\xff\xff\xff\xff", 12))));
  std::mt19937 random(8);
  for (int i = 0; i < 300; ++i) {
    std::string bytes = "CKSTATE1";
    const std::size_t length = random() % 200;
    bytes += std::string(1, static_cast<char>(length)) + std::string(3, '\0');
    for (std::size_t n = 0; n < length; ++n) bytes.push_back(static_cast<char>(random()));
    EXPECT_TRUE(std::holds_alternative<SnapshotError>(readSnapshot(bytes)));
  }
  SnapshotReader reader;
  EXPECT_FALSE(reader.feed("XXXXXXXXX"));
  EXPECT_FALSE(reader.feed("CKSTATE1")) << "an error stays";
}

}  // namespace
}  // namespace clusterkit
