#include "http/responder.hpp"

#include <unistd.h>

namespace clusterkit::http {

void Mailbox::push(Delivery delivery) {
  if (std::this_thread::get_id() == loop_) {
    local_.push_back(std::move(delivery));
    return;
  }
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    first = remote_.empty();
    remote_.push_back(std::move(delivery));
    // Written under the lock: the descriptor stays open until close() has taken the same lock.
    if (first) wake();
  }
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

void Mailbox::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  remote_.clear();
}

ResponseStream::ResponseStream(std::shared_ptr<Mailbox> mailbox, RequestId id, Listening listening)
    : mailbox_(std::move(mailbox)), id_(id), listening_(std::move(listening)) {}

ResponseStream::~ResponseStream() {
  if (mailbox_) mailbox_->push({id_, StreamEnd{}});
}

void ResponseStream::write(std::string bytes) {
  if (open() && !bytes.empty()) mailbox_->push({id_, StreamBytes{std::move(bytes)}});
}

bool ResponseStream::open() const {
  return mailbox_ && listening_->load(std::memory_order_relaxed) == id_.serial;
}

Responder::~Responder() {
  if (mailbox_) fail({ErrorCode::internal, "the request was given up", Applied::unknown});
}

void Responder::respond(Response response) {
  if (auto mailbox = std::exchange(mailbox_, nullptr)) mailbox->push({id_, WholeAnswer{std::move(response)}});
}

ResponseStream Responder::stream(Response head) {
  auto mailbox = std::exchange(mailbox_, nullptr);
  if (mailbox) mailbox->push({id_, StreamHead{std::move(head)}});
  return ResponseStream(std::move(mailbox), id_, listening_);
}

void Responder::answerBy(MonotonicTime deadline, Response fallback) {
  if (mailbox_) mailbox_->push({id_, AnswerBy{deadline, std::move(fallback)}});
}

bool Responder::clientListens() const {
  return mailbox_ && listening_->load(std::memory_order_relaxed) == id_.serial;
}

}  // namespace clusterkit::http
