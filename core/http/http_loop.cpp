#include "http/http_loop.hpp"

#include <Poco/Exception.h>
#include <Poco/Net/StreamSocketImpl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

namespace clusterkit::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t kScratchBytes = 64 * 1024;
constexpr int kAcceptsPerTurn = 64;
constexpr milliseconds kAcceptPause{100};  // when the process has no descriptors left
constexpr milliseconds kStopGrace{1000};
// Deadlines and waiters that are looked after before sockets have their turn again.
constexpr std::size_t kPerTurn = 256;
constexpr seconds kLongestWait{3600};
// A half-sent request may be cut off to make room for another client only after this time.
constexpr seconds kPatience{1};
// Connections beyond the cap that are told so; more are closed without a word.
constexpr std::size_t kRefusalsAtOnce = 64;

MonotonicTime clockNow() { return std::chrono::steady_clock::now(); }

// PollSet has no call that wakes it from another thread, so an eventfd takes part as if it were a socket.
Poco::Net::StreamSocket makeWaker() {
  const int fd = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (fd < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  return Poco::Net::StreamSocket(new Poco::Net::StreamSocketImpl(fd));
}

}  // namespace

HttpLoop::HttpLoop(const ServerOptions& options, const Poco::Net::ServerSocket& listener,
                   RequestHandler& handler, HttpStats& stats)
    : options_(options),
      listener_(listener),
      waker_(makeWaker()),
      environment_{options_, handler, stats, std::make_shared<Mailbox>(waker_.impl()->sockfd()), 0},
      scratch_(kScratchBytes, '\0') {
  listener_.setBlocking(false);
  polled_.add(waker_, Poco::Net::PollSet::POLL_READ);
  polled_.add(listener_, Poco::Net::PollSet::POLL_READ);
  accepting_ = true;
}

HttpLoop::~HttpLoop() { environment_.mailbox->close(); }

void HttpLoop::run() {
  environment_.mailbox->adoptThread();
  while (!stopping_ || (!connections_.empty() && clockNow() < stopBy_)) turn();
  environment_.mailbox->close();
  while (!connections_.empty()) closeConnection(*connections_.begin()->second);
}

void HttpLoop::stop() {
  stopRequested_.store(true, std::memory_order_release);
  environment_.mailbox->wake();
}

std::function<void()> HttpLoop::signaller() const {
  return [mailbox = environment_.mailbox] { mailbox->signal(); };
}

void HttpLoop::turn() {
  const Ready ready = polled_.poll(timeToWait(clockNow()));
  const MonotonicTime now = clockNow();
  serve(ready, now);
  deliver(environment_.mailbox->takeLocal(), now);
  resumeWaiting(now);
  keepDeadlines(now);
  askWaiters(now);
  if (!accepting_ && !stopping_ && now >= acceptAgain_) {
    polled_.add(listener_, Poco::Net::PollSet::POLL_READ);
    accepting_ = true;
  }
  if (stopRequested_.load(std::memory_order_acquire) && !stopping_) beginStopping();
}

Poco::Timespan HttpLoop::timeToWait(MonotonicTime now) const {
  if (!waitingForTurn_.empty() || waiters_.due() || environment_.mailbox->hasLocal()) return 0;
  MonotonicTime until = std::min(deadlines_.earliest(), now + kLongestWait);
  if (!accepting_ && !stopping_) until = std::min(until, acceptAgain_);
  if (stopping_) until = std::min(until, stopBy_);
  if (until <= now) return 0;
  // Rounded up: waking just before the deadline would make the loop spin until it.
  const auto wait = std::chrono::ceil<milliseconds>(until - now);
  return Poco::Timespan(static_cast<Poco::Timespan::TimeDiff>(wait.count()) * Poco::Timespan::MILLISECONDS);
}

void HttpLoop::serve(const Ready& ready, MonotonicTime now) {
  for (const auto& [socket, mode] : ready) {
    const int fd = socket.impl()->sockfd();
    if (fd == waker_.impl()->sockfd()) {
      std::uint64_t count = 0;
      // Emptied before the deliveries are taken, so that no wake-up is lost between the two.
      while (::read(fd, &count, sizeof count) < 0 && errno == EINTR) {
      }
      deliver(environment_.mailbox->takeRemote(), now);
      continue;
    }
    if (socket == listener_) {
      acceptAll(now);
      continue;
    }
    Connection* connection = fd >= 0 && static_cast<std::size_t>(fd) < byDescriptor_.size()
                                 ? byDescriptor_[static_cast<std::size_t>(fd)]
                                 : nullptr;
    // An earlier event of this turn may have closed it, and a new connection may have its number already.
    if (connection == nullptr || connection->socket() != socket) continue;
    if ((mode & Poco::Net::PollSet::POLL_ERROR) != 0) {
      closeConnection(*connection);
      continue;
    }
    if ((mode & Poco::Net::PollSet::POLL_WRITE) != 0) connection->onWritable(now);
    if ((mode & Poco::Net::PollSet::POLL_READ) != 0 && !connection->finished())
      connection->onReadable(scratch_, now);
    settle(*connection);
  }
}

void HttpLoop::acceptAll(MonotonicTime now) {
  for (int i = 0; i < kAcceptsPerTurn && accepting_; ++i) {
    if (!acceptOne(now)) return;
  }
}

bool HttpLoop::acceptOne(MonotonicTime now) {
  // Not Poco's acceptConnection: scripts that sinks start must never inherit a client, not even for a moment.
  const int fd = ::accept4(listener_.impl()->sockfd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) {
    // Without a free descriptor the listener stays readable: somebody has to go, or it would spin.
    const bool exhausted = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
    return exhausted ? makeDescriptor(now) : errno == EINTR || errno == ECONNABORTED;
  }
  Poco::Net::StreamSocket socket(new Poco::Net::StreamSocketImpl(fd));
  try {
    admit(socket, now);
  } catch (const Poco::Exception&) {
    // The client has gone away already: there is nobody to talk to.
  }
  return true;
}

void HttpLoop::admit(Poco::Net::StreamSocket socket, MonotonicTime now) {
  socket.setBlocking(false);
  socket.setNoDelay(true);
  auto owned = std::make_unique<Connection>(nextId_++, socket, environment_, now);
  Connection& connection = *owned;
  connection.polledMode = Poco::Net::PollSet::POLL_READ;
  polled_.add(connection.socket(), connection.polledMode);
  environment_.stats.accepted.fetch_add(1, std::memory_order_relaxed);
  const bool room = makeRoomFor(connection.source(), now);
  const auto slot = static_cast<std::size_t>(connection.descriptor());
  if (byDescriptor_.size() <= slot) byDescriptor_.resize(slot + 1, nullptr);
  byDescriptor_[slot] = &connection;
  connections_.emplace(connection.id(), std::move(owned));
  ++perSource_[connection.source()];
  environment_.stats.open.store(connections_.size(), std::memory_order_relaxed);
  if (!room && connections_.size() > options_.maxConnections + kRefusalsAtOnce)
    return closeConnection(connection);
  if (!room) {
    environment_.stats.refused.fetch_add(1, std::memory_order_relaxed);
    connection.refuse({ErrorCode::unavailable, "too many connections", Applied::no}, now);
    connection.onWritable(now);
  }
  settle(connection);
}

// Whether one more connection of this source may live. The oldest idle connection goes first, then one that
// has left its request half-sent for a while: of the same source when that is over its cap, of the busiest
// source otherwise.
bool HttpLoop::makeRoomFor(const std::string& source, MonotonicTime now) {
  const auto mine = perSource_.find(source);
  const bool sourceFull = mine != perSource_.end() && mine->second >= options_.maxConnectionsPerSource;
  if (!sourceFull && connections_.size() < options_.maxConnections) return true;
  const std::string* from = sourceFull ? &source : nullptr;
  Connection* victim = oldest(from, &Connection::idle);
  if (victim == nullptr) {
    const auto busiest = std::max_element(perSource_.begin(), perSource_.end(),
                                          [](const auto& a, const auto& b) { return a.second < b.second; });
    victim = oldest(from != nullptr ? from : &busiest->first, &Connection::readingRequest);
    if (victim != nullptr && now - victim->activeSince() < kPatience) victim = nullptr;
  }
  if (victim == nullptr) return false;
  environment_.stats.refused.fetch_add(1, std::memory_order_relaxed);
  closeConnection(*victim);
  return true;
}

Connection* HttpLoop::oldest(const std::string* source, bool (Connection::*eligible)() const) {
  Connection* found = nullptr;
  for (const auto& [id, connection] : connections_) {
    if (source != nullptr && connection->source() != *source) continue;
    if (!((*connection).*eligible)()) continue;
    if (found == nullptr || connection->activeSince() < found->activeSince()) found = connection.get();
  }
  return found;
}

// True when the next client may be looked at: the oldest idle one has made room, or this one is turned away.
// Linux takes a descriptor before it looks whether there is a client at all.
bool HttpLoop::makeDescriptor(MonotonicTime now) {
  pollfd waiting{listener_.impl()->sockfd(), POLLIN, 0};  // Poco's own poll takes a descriptor too
  if (::poll(&waiting, 1, 0) <= 0) return false;
  if (Connection* victim = oldest(nullptr, &Connection::idle)) {
    closeConnection(*victim);
    return true;
  }
  if (spare_.turnAway(listener_.impl()->sockfd())) {
    environment_.stats.refused.fetch_add(1, std::memory_order_relaxed);
    return true;
  }
  polled_.remove(listener_);
  accepting_ = false;
  acceptAgain_ = now + kAcceptPause;
  return false;
}

void HttpLoop::deliver(std::vector<Delivery> deliveries, MonotonicTime now) {
  for (Delivery& delivery : deliveries) {
    const auto found = connections_.find(delivery.id.connection);
    if (found == connections_.end()) continue;  // the client did not wait
    Connection& connection = *found->second;
    connection.onDelivery(std::move(delivery), now);
    connection.onWritable(now);
    settle(connection);
  }
}

// Brings what the loop knows about a connection in line with what the connection wants.
void HttpLoop::settle(Connection& connection) {
  if (connection.finished()) return closeConnection(connection);
  const int mode = (connection.wantsRead() ? Poco::Net::PollSet::POLL_READ : 0) |
                   (connection.wantsWrite() ? Poco::Net::PollSet::POLL_WRITE : 0) |
                   Poco::Net::PollSet::POLL_ERROR;
  if (mode != connection.polledMode) {
    polled_.update(connection.socket(), mode);
    connection.polledMode = mode;
  }
  deadlines_.want(connection.id(), connection.deadlineEntry, connection.deadline());
  if (connection.waits())
    waiters_.add(connection);
  else
    waiters_.remove(connection);
  waitersChanged();
  if (connection.wantsResume()) waitingForTurn_.push_back(connection.id());
}

// A node that nobody watches is not woken for each commit.
void HttpLoop::waitersChanged() {
  environment_.stats.waiting.store(waiters_.size(), std::memory_order_relaxed);
  const bool any = waiters_.size() > 0;
  if (any == std::exchange(listening_, any)) return;
  environment_.mailbox->listen(any);
  if (any) waiters_.signal();
}

void HttpLoop::closeConnection(Connection& connection) {
  const auto owned = connections_.extract(connection.id());
  byDescriptor_[static_cast<std::size_t>(connection.descriptor())] = nullptr;
  const auto source = perSource_.find(connection.source());
  if (--source->second == 0) perSource_.erase(source);
  polled_.remove(connection.socket());
  waiters_.remove(connection);
  deadlines_.drop(connection.id(), connection.deadlineEntry);
  waitersChanged();
  environment_.stats.open.store(connections_.size(), std::memory_order_relaxed);
}

void HttpLoop::keepDeadlines(MonotonicTime now) {
  if (deadlines_.earliest() > now) return;
  for (const std::uint64_t id : deadlines_.due(now, kPerTurn)) {
    const auto found = connections_.find(id);
    if (found == connections_.end()) continue;
    Connection& connection = *found->second;
    deadlines_.drop(id, connection.deadlineEntry);
    if (connection.deadline() <= now) connection.onDeadline(now);
    settle(connection);
  }
}

void HttpLoop::askWaiters(MonotonicTime now) {
  if (environment_.mailbox->takeSignal()) waiters_.signal();
  for (std::size_t asked = 0; asked < kPerTurn; ++asked) {
    Connection* waiter = waiters_.next();
    if (waiter == nullptr) return;
    waiter->onSignal(now);
    settle(*waiter);
  }
}

void HttpLoop::resumeWaiting(MonotonicTime now) {
  for (const std::uint64_t id : std::exchange(waitingForTurn_, {})) {
    const auto found = connections_.find(id);
    if (found == connections_.end()) continue;
    found->second->resume(now);
    settle(*found->second);
  }
}

void HttpLoop::beginStopping() {
  const MonotonicTime now = clockNow();
  stopping_ = true;
  stopBy_ = now + kStopGrace;
  if (accepting_) polled_.remove(listener_);
  accepting_ = false;
  listener_.close();
  std::vector<Connection*> all;
  for (const auto& [id, connection] : connections_) all.push_back(connection.get());
  for (Connection* connection : all) {
    connection->stopSoon(now);
    settle(*connection);
  }
}

}  // namespace clusterkit::http
