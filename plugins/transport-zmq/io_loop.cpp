#include "io_loop.hpp"

#include <pthread.h>

#include <cerrno>
#include <csignal>
#include <limits>

namespace clusterkit::zmq {
namespace {

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;  // clang 14 cannot deduce it by itself

// The process's signals are for its own threads.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};

}  // namespace

IoLoop::IoLoop(Host host, std::unique_ptr<Exchange> exchange, std::shared_ptr<Waker> waker,
               AskAddress askAddress)
    : host_(host),
      upcalls_(host.iface<ck_transport_host_1>(CK_TRANSPORT_HOST)),
      waker_(std::move(waker)),
      askAddress_(std::move(askAddress)),
      exchange_(std::move(exchange)) {
  if (upcalls_ == nullptr) throw Error(CK_UNSUPPORTED, "the host has no " CK_TRANSPORT_HOST);
  const SignalsBlocked inherited;
  thread_ = std::thread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), "ck-zmq");
}

// Without memory for the command that ends the thread there is no way on.
// NOLINTNEXTLINE(bugprone-exception-escape)
IoLoop::~IoLoop() {
  submit(Stop{0});
  thread_.join();
}

void IoLoop::submit(Command command) {
  {
    const std::lock_guard lock(queueMutex_);
    queue_.push_back(std::move(command));
  }
  bool look = true;
  if (const std::unique_lock inside(gate_, std::try_to_lock); inside.owns_lock()) {
    carryOutAll();
    look = std::exchange(lookNeeded_, false);
  }
  if (look) waker_->wake();
}

void IoLoop::run() {
  try {
    runUntilStopped();
  } catch (...) {
    host_.fatal(currentError());
  }
  ck_token token = 0;
  {
    // Ends the context too: when the host hears of the stop, the port is free.
    const std::lock_guard inside(gate_);
    stopped_ = true;
    token = std::exchange(stopToken_, 0);
    exchange_.reset();
  }
  if (token != 0) host_.complete(token, CK_OK);
}

void IoLoop::runUntilStopped() {
  std::vector<pollfd> waits;
  std::uint64_t deadline = 0;
  for (;;) {
    bool more = false;
    std::vector<Upcall> upcalls;
    {
      const std::lock_guard inside(gate_);
      carryOutAll();
      if (stopped_) return;
      more = exchange_->service(waits);
      upcalls = exchange_->takeUpcalls();
      waits.assign(1, {waker_->descriptor(), POLLIN, 0});
      exchange_->addWaits(waits);
      deadline = exchange_->deadline();
      lookNeeded_ = false;
    }
    tell(std::move(upcalls));
    if (!more) sleep(waits, deadline);
  }
}

void IoLoop::carryOutAll() {
  std::vector<Command> commands;
  {
    const std::lock_guard lock(queueMutex_);
    commands.swap(queue_);
  }
  for (Command& command : commands) {
    if (!stopped_) {
      carryOut(command);
    } else if (const auto* stop = std::get_if<Stop>(&command); stop != nullptr && stop->token != 0) {
      // The thread has ended after an error; nothing completes inside the call that asks, so by a post.
      host_.post([host = host_, token = stop->token] { host.complete(token, CK_OK); });
    }
  }
}

void IoLoop::carryOut(Command& command) {
  std::visit(Overloaded{[&](SendMessages& send) {
                          for (Outgoing::Ptr& message : send.messages)
                            if (exchange_->enqueue(std::move(message))) lookNeeded_ = true;
                        },
                        [&](DeclarePeers& declare) {
                          exchange_->setPeers(std::move(declare.specs));
                          lookNeeded_ = true;
                        },
                        [&](SetAddress& set) {
                          exchange_->setAddress(set.member, set.endpoint, set.address, set.problem);
                          lookNeeded_ = true;
                        },
                        [&](Stop& stop) {
                          stopped_ = lookNeeded_ = true;
                          stopToken_ = stop.token;
                        }},
             command);
}

void IoLoop::tell(std::vector<Upcall> upcalls) {
  const auto say =
      Overloaded{[&](Received& r) {
                   ck_buf message = r.message.release();
                   upcalls_->recv(host_.raw()->cx, r.from, r.lane, &message);
                 },
                 [&](const PeerChanged& p) {
                   const ck_error why = makeError(p.status, p.why);
                   upcalls_->peer(host_.raw()->cx, p.member, p.up ? 1 : 0, p.up ? nullptr : &why);
                 },
                 [&](const LaneWritable& w) { upcalls_->writable(host_.raw()->cx, w.member, w.lane); },
                 [&](const AddressNeeded& a) { askAddress_(a.member); }};
  for (Upcall& upcall : upcalls) std::visit(say, upcall);
}

void IoLoop::sleep(std::vector<pollfd>& waits, std::uint64_t deadline) {
  int timeout = -1;
  if (deadline != std::numeric_limits<std::uint64_t>::max()) {
    const std::uint64_t now = host_.now();
    // Rounded up, so that a deadline is not looked at a moment too early, again and again.
    timeout = deadline <= now
                  ? 0
                  : static_cast<int>(std::min<std::uint64_t>((deadline - now) / 1'000'000 + 1, 60'000));
  }
  if (::poll(waits.data(), waits.size(), timeout) < 0 && errno != EINTR)
    throw Error(CK_IO, "cannot wait for the transport's sockets", errno);
  if (waits[0].revents != 0) waker_->reset();
}

}  // namespace clusterkit::zmq
