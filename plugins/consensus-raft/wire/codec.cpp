#include "codec.hpp"

#include <google/protobuf/arena.h>

#include "records.hpp"

namespace clusterkit::raft::wire {
namespace {

// Most messages are a few numbers in one part. Entries and chunks are many allocations, which an arena saves:
// then the envelope and its parts are one piece of the stack, and only what does not fit is allocated. For a
// few numbers setting up the arena costs more than allocating the part.
enum class Content { Numbers, Payload };
constexpr std::size_t kMostOfNumbers = 128;  // bytes; longer ones carry something

template <class Use>
auto withEnvelope(Content content, const Use& use) {
  if (content == Content::Numbers) {
    pb::Envelope envelope;
    return use(envelope);
  }
  alignas(std::max_align_t) char space[2048];
  google::protobuf::Arena arena(space, sizeof space);
  return use(*google::protobuf::Arena::CreateMessage<pb::Envelope>(&arena));
}

// ---- to bytes
// -----------------------------------------------------------------------------------------------------

void put(const PreVoteRequest& m, pb::Envelope& e) {
  e.mutable_pre_vote_request()->set_last_index(m.lastIndex.value);
  e.mutable_pre_vote_request()->set_last_term(m.lastTerm.value);
}
void put(const PreVoteReply& m, pb::Envelope& e) {
  e.mutable_pre_vote_reply()->set_proposed(m.proposed.value);
  e.mutable_pre_vote_reply()->set_granted(m.granted);
}
void put(const VoteRequest& m, pb::Envelope& e) {
  e.mutable_vote_request()->set_last_index(m.lastIndex.value);
  e.mutable_vote_request()->set_last_term(m.lastTerm.value);
  e.mutable_vote_request()->set_transfer(m.reason == VoteReason::Transfer);
}
void put(const VoteReply& m, pb::Envelope& e) { e.mutable_vote_reply()->set_granted(m.granted); }
void put(const AppendRequest& m, pb::Envelope& e) {
  auto* request = e.mutable_append_request();
  request->set_prev_index(m.prevIndex.value);
  request->set_prev_term(m.prevTerm.value);
  request->set_commit(m.commit.value);
  request->set_answer_not_needed(m.answer == Answer::NotNeeded);
  for (const Entry& entry : m.entries) write(entry, request->add_entries());
}
void put(const AppendAccepted& m, pb::Envelope& e) { e.mutable_append_accepted()->set_match(m.match.value); }
void put(const AppendRejected& m, pb::Envelope& e) {
  auto* reply = e.mutable_append_rejected();
  reply->set_prev_index(m.prevIndex.value);
  reply->set_hint_index(m.hintIndex.value);
  reply->set_hint_term(m.hintTerm.value);
  reply->set_last_index(m.lastIndex.value);
  reply->set_repairing(m.repairing);
}
void put(const Heartbeat& m, pb::Envelope& e) {
  e.mutable_heartbeat()->set_commit(m.commit.value);
  e.mutable_heartbeat()->set_round(m.round.value);
}
void put(const HeartbeatReply& m, pb::Envelope& e) {
  e.mutable_heartbeat_reply()->set_round(m.round.value);
  e.mutable_heartbeat_reply()->set_verified(m.verified.value);
}
void put(const SnapshotChunk& m, pb::Envelope& e) {
  auto* chunk = e.mutable_snapshot_chunk();
  write(m.meta, chunk);
  chunk->set_offset(m.offset);
  chunk->set_data(m.bytes.view().data(), m.bytes.size());
}
void put(const SnapshotReply& m, pb::Envelope& e) {
  auto* reply = e.mutable_snapshot_reply();
  reply->set_index(m.index.value);
  reply->set_term(m.term.value);
  reply->set_progress(static_cast<std::uint32_t>(m.progress));
  reply->set_next_offset(m.nextOffset);
  reply->set_match(m.match.value);
}
void put(const TimeoutNow&, pb::Envelope& e) { e.mutable_timeout_now(); }
void put(const ReadIndexRequest& m, pb::Envelope& e) { e.mutable_read_index_request()->set_id(m.id.value); }
void put(const ReadIndexReply& m, pb::Envelope& e) {
  auto* reply = e.mutable_read_index_reply();
  reply->set_id(m.id.value);
  reply->set_confirmed(m.confirmed);
  reply->set_index(m.index.value);
}
void put(const RemovedNotice& m, pb::Envelope& e) {
  e.mutable_removed_notice()->set_configuration_index(m.configurationIndex.value);
}

// ---- from bytes
// ---------------------------------------------------------------------------------------------------

std::optional<MessageBody> takeAppend(const pb::AppendRequest& r) {
  AppendRequest request{LogIndex{r.prev_index()},
                        Term{r.prev_term()},
                        {},
                        LogIndex{r.commit()},
                        r.answer_not_needed() ? Answer::NotNeeded : Answer::Wanted};
  request.entries.reserve(static_cast<std::size_t>(r.entries_size()));
  for (const auto& record : r.entries()) {
    auto entry = read(record);
    if (!entry) return std::nullopt;
    request.entries.push_back(std::move(*entry));
  }
  return request;
}

std::optional<MessageBody> takeChunk(const pb::SnapshotChunk& r) {
  auto meta = read(r);
  if (!meta) return std::nullopt;
  return SnapshotChunk{std::move(*meta), r.offset(), Bytes(r.data())};
}

std::optional<MessageBody> takeSnapshotReply(const pb::SnapshotReply& r) {
  if (r.progress() > static_cast<std::uint32_t>(SnapshotProgress::Failed)) return std::nullopt;
  return SnapshotReply{LogIndex{r.index()}, Term{r.term()}, static_cast<SnapshotProgress>(r.progress()),
                       r.next_offset(), LogIndex{r.match()}};
}

AppendRejected takeRejected(const pb::AppendRejected& r) {
  return {LogIndex{r.prev_index()}, LogIndex{r.hint_index()}, Term{r.hint_term()}, LogIndex{r.last_index()},
          r.repairing()};
}

VoteRequest takeVote(const pb::VoteRequest& r) {
  return {LogIndex{r.last_index()}, Term{r.last_term()},
          r.transfer() ? VoteReason::Transfer : VoteReason::Timeout};
}

std::optional<MessageBody> takeBody(const pb::Envelope& e) {
  switch (e.body_case()) {
    case pb::Envelope::kPreVoteRequest:
      return PreVoteRequest{LogIndex{e.pre_vote_request().last_index()},
                            Term{e.pre_vote_request().last_term()}};
    case pb::Envelope::kPreVoteReply:
      return PreVoteReply{Term{e.pre_vote_reply().proposed()}, e.pre_vote_reply().granted()};
    case pb::Envelope::kVoteRequest: return takeVote(e.vote_request());
    case pb::Envelope::kVoteReply: return VoteReply{e.vote_reply().granted()};
    case pb::Envelope::kAppendRequest: return takeAppend(e.append_request());
    case pb::Envelope::kAppendAccepted: return AppendAccepted{LogIndex{e.append_accepted().match()}};
    case pb::Envelope::kAppendRejected: return takeRejected(e.append_rejected());
    case pb::Envelope::kHeartbeat:
      return Heartbeat{LogIndex{e.heartbeat().commit()}, RoundId{e.heartbeat().round()}};
    case pb::Envelope::kHeartbeatReply:
      return HeartbeatReply{RoundId{e.heartbeat_reply().round()}, LogIndex{e.heartbeat_reply().verified()}};
    case pb::Envelope::kSnapshotChunk: return takeChunk(e.snapshot_chunk());
    case pb::Envelope::kSnapshotReply: return takeSnapshotReply(e.snapshot_reply());
    case pb::Envelope::kTimeoutNow: return TimeoutNow{};
    case pb::Envelope::kReadIndexRequest: return ReadIndexRequest{RequestId{e.read_index_request().id()}};
    case pb::Envelope::kReadIndexReply:
      return ReadIndexReply{RequestId{e.read_index_reply().id()}, e.read_index_reply().confirmed(),
                            LogIndex{e.read_index_reply().index()}};
    case pb::Envelope::kRemovedNotice:
      return RemovedNotice{LogIndex{e.removed_notice().configuration_index()}};
    case pb::Envelope::BODY_NOT_SET: break;
  }
  return std::nullopt;
}

}  // namespace

std::string encodeMessage(const Message& message) {
  const Content content = laneOf(message) == Lane::Control ? Content::Numbers : Content::Payload;
  return withEnvelope(content, [&](pb::Envelope& envelope) {
    envelope.set_cluster(message.cluster.value);
    envelope.set_from(message.from.value);
    envelope.set_to(message.to.value);
    envelope.set_term(message.term.value);
    envelope.set_configuration_index(message.configurationIndex.value);
    std::visit([&](const auto& body) { put(body, envelope); }, message.body);
    std::string bytes(1, version);
    envelope.AppendToString(&bytes);
    return bytes;
  });
}

std::optional<Message> decodeMessage(std::string_view bytes) {
  if (bytes.size() < 2 || bytes.size() > INT32_MAX || bytes.front() != version) return std::nullopt;
  const Content content = bytes.size() <= kMostOfNumbers ? Content::Numbers : Content::Payload;
  return withEnvelope(content, [&](pb::Envelope& envelope) -> std::optional<Message> {
    if (!envelope.ParseFromArray(bytes.data() + 1, static_cast<int>(bytes.size() - 1))) return std::nullopt;
    auto body = takeBody(envelope);
    if (!body || envelope.cluster() == 0 || envelope.from() == 0 || envelope.to() == 0) return std::nullopt;
    return Message{ClusterId{envelope.cluster()},
                   MemberId{envelope.from()},
                   MemberId{envelope.to()},
                   Term{envelope.term()},
                   LogIndex{envelope.configuration_index()},
                   std::move(*body)};
  });
}

}  // namespace clusterkit::raft::wire
