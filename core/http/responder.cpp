#include "http/responder.hpp"

#include <unistd.h>

namespace clusterkit::http {

void Mailbox::push(Delivery delivery) {
  if (std::this_thread::get_id() == loop_) {
    local_.push_back(std::move(delivery));
    return;
  }
  const std::lock_guard lock(mutex_);
  if (closed_) return;
  const bool first = remote_.empty();
  remote_.push_back(std::move(delivery));
  // Written under the lock: the descriptor stays open until close() has taken the same lock.
  if (first) wake();
}

// The read is a write too, so that it and listen() have an order: either the signal sees who waits, or who
// waits sees what the signal is about.
void Mailbox::signal() {
  if (waiting_.fetch_add(0, std::memory_order_acq_rel) == 0) return;
  const std::lock_guard lock(mutex_);
  if (!closed_ && !std::exchange(signalled_, true)) wake();
}

void Mailbox::wake() {
  const std::uint64_t one = 1;
  // The only failure of an eventfd in non-blocking mode is a full counter, and then the loop is awake anyway.
  if (::write(wakeFd_, &one, sizeof one) < 0) return;
}

std::vector<Delivery> Mailbox::takeRemote() {
  const std::lock_guard lock(mutex_);
  return std::exchange(remote_, {});
}

bool Mailbox::takeSignal() {
  const std::lock_guard lock(mutex_);
  return std::exchange(signalled_, false);
}

void Mailbox::listen(bool someoneWaits) {
  waiting_.exchange(someoneWaits ? 1 : 0, std::memory_order_acq_rel);
}

void Mailbox::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  remote_.clear();
}

Responder::~Responder() {
  if (mailbox_) fail({ErrorCode::internal, "the request was given up", Applied::unknown});
}

void Responder::respond(Response response) {
  if (auto mailbox = std::exchange(mailbox_, nullptr)) mailbox->push({id_, WholeAnswer{std::move(response)}});
}

void Responder::poll(MonotonicTime deadline, std::unique_ptr<LongPoll> poll) {
  if (auto mailbox = std::exchange(mailbox_, nullptr))
    mailbox->push({id_, PollBegin{deadline, std::move(poll)}});
}

void Responder::stream(Response head, std::unique_ptr<StreamSource> source) {
  if (auto mailbox = std::exchange(mailbox_, nullptr))
    mailbox->push({id_, StreamBegin{std::move(head), std::move(source)}});
}

bool Responder::clientListens() const {
  return mailbox_ && listening_->load(std::memory_order_relaxed) == id_.serial;
}

}  // namespace clusterkit::http
