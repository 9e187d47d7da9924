#include "support/every_message.hpp"

namespace clusterkit::raft::test {

SnapshotMeta snapshotMeta() {
  SnapshotMeta meta{at(60), term(3), shared(configurationOf({A, B}, {C})), at(55), 1234, 0xFEDCBA9876543210u};
  return meta;
}

std::vector<MessageBody> everyBody() {
  Configuration joint = configurationOf({A, B, C});
  joint.members[0].kind = MemberKind::Leaving;
  joint.members[0].outgoingVoter = true;
  joint.removed = {MemberId{77}, MemberId{UINT64_MAX}};
  std::vector<Entry> some = entries(6, {2, 3});
  some.push_back(Entry{at(8), term(3), NoOp{}});
  some.push_back(Entry{at(9), term(3), shared(joint)});
  return {PreVoteRequest{at(5), term(2)},
          PreVoteReply{term(4), true},
          VoteRequest{at(5), term(2), VoteReason::Transfer},
          VoteReply{true},
          AppendRequest{at(5), term(2), some, at(4)},
          AppendRequest{at(5), term(2), {}, at(4), Answer::NotNeeded},
          AppendAccepted{at(7)},
          AppendRejected{at(7), at(3), term(1), at(9), true},
          Heartbeat{at(8), RoundId{9}},
          HeartbeatReply{RoundId{9}, at(7)},
          SnapshotChunk{snapshotMeta(), 100, bytes(std::string("a\0b", 3))},
          SnapshotReply{at(60), term(3), SnapshotProgress::Failed, 100, at(60)},
          TimeoutNow{},
          ReadIndexRequest{RequestId{UINT64_MAX}},
          ReadIndexReply{RequestId{5}, true, at(8)},
          RemovedNotice{at(12)}};
}

Message messageWith(MessageBody body) { return Message{theCluster, A, B, term(9), at(3), std::move(body)}; }

}  // namespace clusterkit::raft::test
