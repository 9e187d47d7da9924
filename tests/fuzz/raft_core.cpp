// A Raft core that is told anything at any time: by peers that lie, by a clock that jumps, by a disk that
// loses power.
#include <gtest/gtest.h>

#include <array>

#include "codec.hpp"
#include "fuzz/input.hpp"
#include "fuzz/raft_at_mercy.hpp"

namespace clusterkit::fuzz {
namespace {

using namespace raft;
using raft::test::A, raft::test::B, raft::test::C, raft::test::D;
using raft::test::configurationOf, raft::test::shared, raft::test::stateOf;
using std::chrono::milliseconds;

constexpr std::array kMembers{A, B, C, D};

// What the fuzzer sends is small, so limits that are small too are met early.
Options smallLimits() {
  Options options;
  options.snapshotEntries = 4;
  options.trailingEntries = 1;
  options.snapshotChunkBytes = 8;
  options.maxPendingReads = 4;
  options.maxInflightMessages = 4;
  options.maxUncommittedBytes = 4096;
  return options;
}

InitialState emptyStore() {
  InitialState state;
  state.cluster = raft::test::theCluster;
  state.self = D;
  return state;
}

InitialState beginning(std::uint8_t kind) {
  const Configuration abc = configurationOf({A, B, C});
  InitialState state = stateOf(A, abc, {1, 1, 2, 2, 3});
  switch (kind % 6) {
    case 0: return state;
    case 1: return stateOf(D, configurationOf({A, B}, {D}), {1, 2});
    case 2: return stateOf(A, configurationOf({A}), {1});
    case 3: return emptyStore();
    case 4: state.repairing = true; return state;
    default: state.snapshot = {LogIndex{4}, Term{2}, shared(abc), LogIndex{1}, 0, 0}; return state;
  }
}

// Turns bytes into what happens, mostly near to where something can happen at all.
class Fate {
 public:
  Fate(Input& input, RaftAtMercy& node) : input_(input), node_(node) {}

  void next() {
    if (!node_.isUp()) return node_.restart(input_.byte());
    switch (input_.below(16)) {
      case 0: return pass(milliseconds(input_.byte()));
      case 1: return pass(std::max(node_.raft().nextDeadline() - node_.now(), Duration{}));
      case 2: return completeWrites();
      case 3: return node_.feed(Propose{{someBytes()}, Handle{++handles_}});
      case 4: return node_.feed(Barrier{Handle{++handles_}});
      case 5: return node_.feed(ChangeMembers{change(), Handle{++handles_}});
      case 6: return node_.feed(TransferLeadership{member(), Handle{++handles_}});
      case 7: return trouble();
      case 8: return node_.restart(input_.byte());
      case 9: return receiveBytes();
      default: return receive(member());
    }
  }

 private:
  void pass(Duration time) {
    node_.pass(time);
    node_.feed(Tick{node_.now()});
  }

  void completeWrites() {
    node_.pass(milliseconds(1));
    node_.completeWrites();
  }

  void trouble() {
    switch (input_.below(4)) {
      case 0: return node_.feed(StoreFull{});
      case 1: return node_.feed(StoreWritable{});
      case 2: return node_.feed(PeerUp{member()});
      default: return node_.feed(PeerDown{member()});
    }
  }

  void receiveBytes() {
    auto message = wire::decodeMessage(input_.chunk());
    if (message) node_.feed(Receive{message->from, std::move(*message)});
  }

  void receive(MemberId from) {
    const Status status = node_.status();
    const Term term = near(status.term);
    const LogIndex configuration = near(status.configurationIndex);
    node_.feed(Receive{
        from, Message{raft::test::theCluster, from, node_.self(), term, configuration, body(status)}});
  }

  MessageBody body(const Status& status) {
    switch (input_.below(15)) {
      case 0: return PreVoteRequest{near(status.lastIndex), near(status.lastTerm)};
      case 1: return PreVoteReply{near(status.term), flag()};
      case 2:
        return VoteRequest{near(status.lastIndex), near(status.lastTerm),
                           flag() ? VoteReason::Transfer : VoteReason::Timeout};
      case 3: return VoteReply{flag()};
      case 4: return append(status);
      case 5: return AppendAccepted{near(status.lastIndex)};
      case 6:
        return AppendRejected{near(status.lastIndex), near(status.lastIndex), near(status.lastTerm),
                              near(status.lastIndex), flag()};
      case 7: return Heartbeat{near(status.commitIndex), RoundId{input_.byte()}};
      case 8: return HeartbeatReply{RoundId{input_.byte()}, near(status.lastIndex)};
      case 9: return SnapshotChunk{meta(status), input_.byte(), someBytes()};
      case 10:
        return SnapshotReply{near(status.snapshotIndex), near(status.lastTerm),
                             static_cast<SnapshotProgress>(input_.below(3)), input_.byte(),
                             near(status.lastIndex)};
      case 11: return TimeoutNow{};
      case 12: return ReadIndexRequest{RequestId{input_.byte()}};
      case 13: return ReadIndexReply{RequestId{input_.byte()}, flag(), near(status.commitIndex)};
      default: return RemovedNotice{near(status.configurationIndex)};
    }
  }

  AppendRequest append(const Status& status) {
    AppendRequest request{near(status.lastIndex), near(status.lastTerm), {}, near(status.commitIndex)};
    for (std::uint8_t i = input_.below(4); i > 0; --i) {
      const LogIndex index = plus(request.prevIndex, request.entries.size() + 1);
      request.entries.push_back(Entry{index, near(status.term), payload()});
    }
    return request;
  }

  EntryPayload payload() {
    switch (input_.below(4)) {
      case 0: return NoOp{};
      case 1: return shared(configuration());
      default: return someBytes();
    }
  }

  SnapshotMeta meta(const Status& status) {
    return {near(status.lastIndex), near(status.lastTerm), shared(configuration()), LogIndex{1},
            input_.byte(),          input_.byte()};
  }

  // Two bits for each member: voter, learner, tombstone or none. At least one votes.
  Configuration configuration() {
    std::vector<MemberId> voters, learners, removed;
    std::uint8_t bits = input_.byte();
    for (const MemberId id : kMembers) {
      const std::uint8_t kind = bits & 3;
      if (kind == 0) voters.push_back(id);
      if (kind == 1) learners.push_back(id);
      if (kind == 2) removed.push_back(id);
      bits = static_cast<std::uint8_t>(bits >> 2);
    }
    if (voters.empty()) return configurationOf({MemberId{9}});
    Configuration configuration = configurationOf(voters, learners);
    configuration.removed = removed;
    return configuration;
  }

  MemberChange change() {
    switch (input_.below(6)) {
      case 0: return AddLearner{raft::test::member(member(), MemberKind::Learner)};
      case 1: return PromoteLearner{member()};
      case 2: return DemoteVoter{member()};
      case 3: return RemoveMember{member()};
      case 4: return UpdatePeer{Member{member(), "elsewhere:1", "", MemberKind::Voter, false}};
      default: return ReplaceMembers{configuration().members};
    }
  }

  // What the node has, a little more or less, or anything.
  template <class Number>
  Number near(Number present) {
    const std::uint8_t byte = input_.byte();
    if (byte == 255) return Number{input_.number()};
    const std::uint64_t shifted = present.value + byte % 8;
    return Number{shifted < 4 ? 0 : shifted - 4};
  }
  MemberId member() { return kMembers.at(input_.below(kMembers.size())); }
  bool flag() { return input_.below(2) == 1; }
  Bytes someBytes() { return Bytes(std::string(input_.take(input_.below(32)))); }

  Input& input_;
  RaftAtMercy& node_;
  std::uint64_t handles_ = 0;
};

}  // namespace
}  // namespace clusterkit::fuzz

// The first byte chooses what is in the store.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace clusterkit::fuzz;
  GTEST_FLAG_SET(throw_on_failure, true);  // the simulated disk speaks by expectations
  Input input(data, size);
  const InitialState initial = beginning(input.byte());
  RaftAtMercy node(initial, smallLimits());
  Fate fate(input, node);
  for (int steps = 0; steps < 400 && !input.empty(); ++steps) fate.next();
  return 0;
}
