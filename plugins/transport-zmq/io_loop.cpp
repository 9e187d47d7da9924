#include "io_loop.hpp"

#include <limits>
#include <utility>

namespace clusterkit::zmq {
namespace {

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;  // clang 14 cannot deduce it by itself

// Ends the context too: when the host hears of the stop, the port is free.
struct Closing {
  std::unique_ptr<Exchange> exchange;
  Host host;
  ck_token token;
};

}  // namespace

IoLoop::IoLoop(Host host, std::unique_ptr<Exchange> exchange, std::shared_ptr<Waker> waker,
               AskAddress askAddress)
    : host_(host),
      upcalls_(host.iface<ck_transport_host_1>(CK_TRANSPORT_HOST)),
      askAddress_(std::move(askAddress)),
      exchange_(std::move(exchange)),
      waits_(host, std::move(waker), [this] { look(); }),
      deadline_(host, [this] { look(); }) {
  if (upcalls_ == nullptr) throw Error(CK_UNSUPPORTED, "the host has no " CK_TRANSPORT_HOST);
  waits_.update(*exchange_);
  lookSoon();
}

IoLoop::~IoLoop() { close(); }

void IoLoop::close() {
  waits_.clear();
  deadline_.cancel();
}

void IoLoop::submit(Command command) {
  if (exchange_ == nullptr) return;
  try {
    carryOut(command);
  } catch (...) {
    host_.fatal(currentError());
  }
  if (std::exchange(lookNeeded_, false)) lookSoon();
}

void IoLoop::stop(ck_token token) {
  close();
  auto closing = std::make_unique<Closing>(Closing{std::move(exchange_), host_, token});
  const auto work = [](void* arg) noexcept { static_cast<Closing*>(arg)->exchange.reset(); };
  const auto done = [](void* arg) noexcept {
    const std::unique_ptr<Closing> closed(static_cast<Closing*>(arg));
    closed->host.complete(closed->token, CK_OK);
  };
  if (host_.raw()->offload(host_.raw()->cx, work, done, closing.get()) == CK_OK) {
    closing.release();
    return;
  }
  closing->exchange.reset();  // no thread is free: the loop waits for it
  host_.post([host = host_, token] { host.complete(token, CK_OK); });
}

void IoLoop::lookSoon() {
  if (std::exchange(lookPosted_, true)) return;
  host_.post([self = std::weak_ptr(self_)] {
    const auto io = self.lock();
    if (io == nullptr) return;
    (*io)->lookPosted_ = false;
    (*io)->look();
  });
}

void IoLoop::look() {
  if (exchange_ == nullptr) return;
  try {
    service();
  } catch (...) {
    close();
    host_.fatal(currentError());
  }
}

void IoLoop::service() {
  const bool more = exchange_->service(waits_.poll());
  lookNeeded_ = false;
  waits_.update(*exchange_);
  const std::uint64_t deadline = exchange_->deadline();
  if (deadline == std::numeric_limits<std::uint64_t>::max())
    deadline_.cancel();
  else
    deadline_.startAt(deadline);
  if (more) lookSoon();
  tell(exchange_->takeUpcalls());
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

}  // namespace clusterkit::zmq
