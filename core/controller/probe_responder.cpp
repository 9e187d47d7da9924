#include "controller/probe_responder.hpp"

#include <utility>

namespace clusterkit {
namespace {

// Numbers of probes for others have this bit, so that they never meet those of the failure detector.
constexpr std::uint64_t kForOthers = std::uint64_t{1} << 63;

}  // namespace

ProbeResponder::ProbeResponder(EventLoop& loop, PeerLink& peers, std::uint64_t boot, Duration timeout,
                               Answered answered)
    : loop_(loop),
      peers_(peers),
      boot_(boot),
      timeout_(timeout),
      answered_(std::move(answered)),
      nextOwn_(kForOthers) {
  using proto::PeerMessage;
  peers_.on(PeerMessage::kProbe,
            [this](MemberId from, const PeerMessage& m) { answer(from, m.probe().sequence()); });
  peers_.on(PeerMessage::kIndirectProbe,
            [this](MemberId from, const PeerMessage& m) { inquire(from, m.indirect_probe()); });
  peers_.on(PeerMessage::kProbeAnswer,
            [this](MemberId from, const PeerMessage& m) { onAnswer(from, m.probe_answer()); });
}

ProbeResponder::~ProbeResponder() {
  for (const auto& [own, inquiry] : inquiries_) loop_.cancel(inquiry.expiry);
}

// A lost answer is a failed probe, which the detector allows for: the status of these sends needs no
// attention.
void ProbeResponder::answer(MemberId to, std::uint64_t sequence) {
  proto::PeerMessage message;
  message.mutable_probe_answer()->set_sequence(sequence);
  message.mutable_probe_answer()->set_boot(boot_);
  (void)peers_.send(to, Lane::Control, message, loop_.now() + timeout_);
}

void ProbeResponder::inquire(MemberId asker, const proto::IndirectProbe& question) {
  if (inquiries_.size() >= kMaxInquiries) return;
  const std::uint64_t own = ++nextOwn_;
  const TimerId expiry = loop_.timerAfter(timeout_, [this, own] { finish(own, false); });
  inquiries_.emplace(own, Inquiry{asker, MemberId(question.target()), question.sequence(), expiry});
  proto::PeerMessage message;
  message.mutable_probe()->set_sequence(own);
  (void)peers_.send(MemberId(question.target()), Lane::Control, message, loop_.now() + timeout_);
}

void ProbeResponder::onAnswer(MemberId from, const proto::ProbeAnswer& answer) {
  const std::uint64_t sequence = answer.sequence();
  if ((sequence & kForOthers) == 0) return answered_(from, sequence, answer.boot());
  const auto inquiry = inquiries_.find(sequence);
  if (inquiry != inquiries_.end() && inquiry->second.target == from) finish(sequence, true);
}

void ProbeResponder::finish(std::uint64_t own, bool reachable) {
  const auto found = inquiries_.find(own);
  const Inquiry inquiry = found->second;
  inquiries_.erase(found);
  if (reachable) loop_.cancel(inquiry.expiry);
  proto::PeerMessage message;
  proto::IndirectAnswer& result = *message.mutable_indirect_answer();
  result.set_sequence(inquiry.sequence);
  result.set_target(inquiry.target.value);
  result.set_reachable(reachable);
  (void)peers_.send(inquiry.asker, Lane::Control, message, loop_.now() + timeout_);
}

}  // namespace clusterkit
