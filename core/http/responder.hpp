// The promise to answer one request. A handler answers at once or keeps the responder and answers later from
// any thread; a request that waits costs a connection, not a thread.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "http/message.hpp"
#include "http/pending.hpp"

namespace clusterkit::http {

// One request on one connection. Numbers are never used twice while the server lives.
struct RequestId {
  std::uint64_t connection = 0;
  std::uint64_t serial = 0;
  friend bool operator==(const RequestId&, const RequestId&) = default;
};

// What a responder tells the loop.
struct WholeAnswer {
  Response response;
};
struct PollBegin {
  MonotonicTime deadline;
  std::unique_ptr<LongPoll> poll;
};
struct StreamBegin {
  Response head;
  std::unique_ptr<StreamSource> source;
};
struct Delivery {
  RequestId id;
  std::variant<WholeAnswer, PollBegin, StreamBegin> what;
};

// Carries deliveries from any thread to the loop and wakes it. Deliveries made on the loop's own thread take
// no lock.
class Mailbox {
 public:
  // `wakeFd`: an eventfd that the loop polls; the mailbox writes to it, the loop owns and closes it after
  // close().
  explicit Mailbox(int wakeFd) : wakeFd_(wakeFd) {}

  // [any] Ignored after close().
  void push(Delivery delivery);
  void signal();  // many before the loop's next turn are one; nothing at all while nobody waits
  void wake();

  // [loop]
  void adoptThread() { loop_ = std::this_thread::get_id(); }
  std::vector<Delivery> takeLocal() { return std::exchange(local_, {}); }
  bool hasLocal() const { return !local_.empty(); }
  std::vector<Delivery> takeRemote();
  bool takeSignal();
  // Whether anybody waits for a signal. Who begins to must look once more at what a signal would have told
  // of: one that came before this call has been left out.
  void listen(bool someoneWaits);
  void close();

 private:
  const int wakeFd_;
  std::thread::id loop_;         // written before the first request exists
  std::vector<Delivery> local_;  // loop thread only
  std::mutex mutex_;
  std::vector<Delivery> remote_;  // guarded by mutex_
  bool signalled_ = false;        // guarded by mutex_
  bool closed_ = false;           // guarded by mutex_
  std::atomic<int> waiting_{0};   // 1 while somebody waits for a signal
};

// True until the client went away or the request was answered. Shared with the connection; [any].
using Listening = std::shared_ptr<const std::atomic<std::uint64_t>>;

class Responder {
 public:
  Responder(std::shared_ptr<Mailbox> mailbox, RequestId id, Listening listening)
      : mailbox_(std::move(mailbox)), id_(id), listening_(std::move(listening)) {}
  Responder(Responder&&) noexcept = default;
  Responder& operator=(Responder&&) = delete;
  // A responder that is dropped without an answer answers 500, outcome unknown: no client waits for nothing.
  ~Responder();

  // [any] Each ends the responder's life; a second answer is ignored.
  void respond(Response response);
  void fail(Error error) { respond(errorResponse(error)); }
  // The answer is what `poll` says, at `deadline` at the latest.
  void poll(MonotonicTime deadline, std::unique_ptr<LongPoll> poll);
  // `head`, then what `source` gives, until it or the client ends.
  void stream(Response head, std::unique_ptr<StreamSource> source);

  bool pending() const { return mailbox_ != nullptr; }  // not yet answered by this object
  bool clientListens() const;                           // [any] for those who keep many responders waiting

 private:
  std::shared_ptr<Mailbox> mailbox_;  // null once answered or moved from
  RequestId id_;
  Listening listening_;
};

}  // namespace clusterkit::http
