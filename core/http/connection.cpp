#include "http/connection.hpp"

#include <Poco/Exception.h>

#include <algorithm>

namespace clusterkit::http {
namespace {

constexpr std::size_t kReadAhead = 16 * 1024;  // beyond the request being handled
constexpr std::size_t kOutputBacklog =
    256 * 1024;  // no further request is handled until the client has taken some
constexpr std::size_t kDrainBytes = 4 * 1024 * 1024;  // read and thrown away after the last answer
constexpr int kRequestsPerTurn = 64;
constexpr int kReadsPerTurn = 4;

}  // namespace

Error outcomeOf(const Request& request, ErrorCode code, std::string message) {
  const bool reads = request.method == Method::get || request.method == Method::head;
  return Error{code, std::move(message), reads ? Applied::notApplicable : Applied::unknown};
}

Connection::Connection(std::uint64_t id, const Poco::Net::StreamSocket& socket,
                       ConnectionEnvironment& environment, MonotonicTime now)
    : id_(id),
      socket_(socket),
      descriptor_(socket_.impl()->sockfd()),
      source_(socket_.peerAddress().host().toString()),
      environment_(environment),
      parser_(environment.options.parser),
      listening_(std::make_shared<std::atomic<std::uint64_t>>(0)),
      activeSince_(now),
      // A connection that never says anything gets no longer than one that says half a request.
      phaseDeadline_(now + environment.options.requestTimeout),
      writeDeadline_(MonotonicTime::max()) {}

Connection::~Connection() {
  accountBody(0);
  listening_->store(0, std::memory_order_relaxed);
}

void Connection::onReadable(std::string& scratch, MonotonicTime now) {
  for (int reads = 0; reads < kReadsPerTurn && wantsRead() && !finished(); ++reads) {
    int received = 0;
    try {
      received = socket_.receiveBytes(scratch.data(), static_cast<int>(scratch.size()));
    } catch (const Poco::Exception&) {
      phase_ = Phase::closed;  // reset by the client
      return;
    }
    if (received < 0) return;
    if (received == 0) return onEndOfInput(now);
    const std::string_view bytes(scratch.data(), static_cast<std::size_t>(received));
    if (discardsInput()) {
      drained_ += bytes.size();
      if (drained_ > kDrainBytes) phase_ = Phase::closed;
      continue;
    }
    if (phase_ == Phase::reading && input_.empty() && !more_) {
      const std::size_t used = consume(bytes, now);  // the usual case: nothing is copied into our buffer
      if (!discardsInput()) input_.assign(bytes.substr(used));
    } else {
      input_.append(bytes);
      process(now);
    }
    if (bytes.size() < scratch.size()) break;
  }
  flush(now);
}

void Connection::onWritable(MonotonicTime now) {
  flush(now);
  feedStream(now);
  if (phase_ == Phase::reading && !input_.empty() && !backlogged()) resume(now);
}

void Connection::resume(MonotonicTime now) {
  more_ = false;
  if (stream_) return feedStream(now);
  process(now);
  flush(now);
}

void Connection::process(MonotonicTime now) {
  if (input_.empty()) return;
  const std::size_t used = consume(input_, now);
  if (discardsInput()) {
    input_.clear();
    return;
  }
  input_.erase(0, used);
  if (input_.empty() && input_.capacity() > kReadAhead) input_.shrink_to_fit();
}

std::size_t Connection::consume(std::string_view input, MonotonicTime now) {
  const std::size_t all = input.size();
  int handled = 0;
  starved_ = false;
  while (phase_ == Phase::reading && !backlogged()) {
    const bool idleBefore = !parser_.started();
    if (input.empty() && idleBefore) break;
    if (idleBefore && ++handled > kRequestsPerTurn) {
      more_ = true;  // other clients first
      break;
    }
    const RequestParser::Step step = parser_.feed(input);
    input.remove_prefix(step.consumed);
    if (idleBefore && parser_.started()) {
      activeSince_ = now;
      phaseDeadline_ = now + environment_.options.requestTimeout;
    }
    if (step.event == RequestParser::Event::needMore) {
      starved_ = true;
      break;
    }
    if (step.event == RequestParser::Event::failed) {
      environment_.stats.malformed.fetch_add(1, std::memory_order_relaxed);
      refuse(parser_.error(), now);
      break;
    }
    if (step.event == RequestParser::Event::head) onHead(now);
    if (step.event == RequestParser::Event::complete) onComplete(now);
  }
  return all - input.size();
}

void Connection::onHead(MonotonicTime now) {
  const Request& head = parser_.request();
  std::variant<BodyLimit, Response> admission;
  try {
    admission = environment_.handler.admit(head);
  } catch (const RequestError& refused) {
    admission = errorResponse(refused.error());
  } catch (const std::exception& broken) {
    admission = errorResponse({ErrorCode::internal, broken.what(), Applied::no});
  } catch (...) {
    admission = errorResponse({ErrorCode::internal, "an unknown exception", Applied::no});
  }
  const std::size_t inFlight = environment_.bodyBytesInFlight;
  if (auto* limit = std::get_if<BodyLimit>(&admission)) {
    const std::size_t most = std::min(limit->bytes, environment_.options.parser.bodyBytes);
    if (!parser_.limitBody(most)) {
      admission = errorResponse({ErrorCode::tooLarge,
                                 "the body is too large; the limit is " + std::to_string(most) + " bytes",
                                 Applied::no});
    } else if (parser_.hasBody() &&
               inFlight + parser_.announcedBody() > environment_.options.bodyBytesInFlight) {
      admission =
          errorResponse({ErrorCode::unavailable, "too many request bodies are under way", Applied::no});
    }
  }
  if (auto* refusal = std::get_if<Response>(&admission)) {
    // The body behind a refused head is never read as the next request: the connection ends instead.
    request_ = parser_.take();
    keepAlive_ = request_.keepAlive && !parser_.hasBody();
    parser_.reset();
    phase_ = Phase::handling;
    answer(std::move(*refusal), now);
    return;
  }
  if (!parser_.hasBody()) return;
  accountBody(parser_.announcedBody());
  if (head.expectContinue) output_.write("HTTP/1.1 100 Continue\r\n\r\n");
}

void Connection::onComplete(MonotonicTime now) {
  request_ = parser_.take();
  request_.remoteAddress = source_;
  keepAlive_ = request_.keepAlive && !stopping_;
  parser_.reset();
  phase_ = Phase::handling;
  activeSince_ = now;
  phaseDeadline_ = now + environment_.options.answerTimeout;
  dispatch(now);
}

void Connection::dispatch(MonotonicTime now) {
  listening_->store(++serial_, std::memory_order_relaxed);
  Responder responder(environment_.mailbox, RequestId{id_, serial_}, listening_);
  try {
    environment_.handler.handle(request_, responder);
  } catch (const RequestError& refused) {
    responder.fail(refused.error());
  } catch (const std::exception& broken) {
    responder.fail(outcomeOf(request_, ErrorCode::internal, broken.what()));
  } catch (...) {
    responder.fail(outcomeOf(request_, ErrorCode::internal, "an unknown exception"));
  }
  // An answer that was given at once is here already; others come through the loop.
  for (Delivery& delivery : environment_.mailbox->takeLocal()) {
    if (delivery.id.connection == id_) {
      onDelivery(std::move(delivery), now);
    } else {
      environment_.mailbox->push(std::move(delivery));
    }
  }
}

void Connection::onDelivery(Delivery delivery, MonotonicTime now) {
  // Otherwise of a request that was answered by its deadline.
  if (delivery.id.serial != serial_ || phase_ != Phase::handling) return;
  if (auto* whole = std::get_if<WholeAnswer>(&delivery.what)) {
    answer(std::move(whole->response), now);
  } else if (auto* poll = std::get_if<PollBegin>(&delivery.what)) {
    beginPoll(std::move(*poll), now);
  } else if (auto* stream = std::get_if<StreamBegin>(&delivery.what)) {
    beginStream(std::move(*stream), now);
  }
}

void Connection::onDeadline(MonotonicTime now) {
  if (now >= writeDeadline_ && !output_.empty()) {
    environment_.stats.timeouts.fetch_add(1, std::memory_order_relaxed);
    phase_ = Phase::closed;
    return;
  }
  if (now < phaseDeadline_) return;
  switch (phase_) {
    case Phase::reading:
      if (!parser_.started()) {
        phase_ = Phase::closed;
        return;
      }
      environment_.stats.timeouts.fetch_add(1, std::memory_order_relaxed);
      refuse({ErrorCode::requestTimeout, "the request did not arrive in time", Applied::no}, now);
      break;
    case Phase::handling:
      if (poll_) {
        giveUpPoll(now);
      } else {
        environment_.stats.timeouts.fetch_add(1, std::memory_order_relaxed);
        answer(errorResponse(outcomeOf(request_, ErrorCode::timeout, "no answer in time")), now);
      }
      process(now);
      break;
    case Phase::streaming:
      phaseDeadline_ = now + environment_.options.streamHeartbeat;
      feedStream(now);
      if (stream_ && output_.empty()) stream_->beat(output_);
      break;
    case Phase::draining:
    case Phase::closed: phase_ = Phase::closed; return;
  }
  flush(now);
}

void Connection::refuse(const Error& error, MonotonicTime now) {
  request_ = Request{};
  request_.method = parser_.request().method;  // as far as it was read: HEAD gets no body here either
  keepAlive_ = false;
  phase_ = Phase::handling;
  answer(errorResponse(error), now);
}

void Connection::answer(Response response, MonotonicTime now) {
  keepAlive_ = keepAlive_ && !response.close && !stopping_;
  HeadOptions head;
  head.keepAlive = keepAlive_;
  head.http11 = request_.http11;
  head.position = environment_.handler.position();
  if (output_.empty()) writeDeadline_ = now + environment_.options.writeTimeout;
  output_.writeWith([&](std::string& out) { appendHead(out, response, head); });
  const bool bodiless = request_.method == Method::head || response.status == 204 || response.status == 304;
  if (!bodiless) output_.append(std::move(response.body));
  countAnswer(response.status);
  endRequest(now);
}

void Connection::endRequest(MonotonicTime now) {
  listening_->store(0, std::memory_order_relaxed);
  ++serial_;  // whatever still comes for this request is late
  poll_.reset();
  stream_.reset();
  accountBody(0);
  request_.body.clear();
  request_.body.shrink_to_fit();
  if (!keepAlive_) return beginDrain(now);
  phase_ = Phase::reading;
  activeSince_ = now;
  phaseDeadline_ = now + environment_.options.idleTimeout;
  if (inputEnded_ && input_.empty()) beginDrain(now);
}

void Connection::onEndOfInput(MonotonicTime now) {
  inputEnded_ = true;
  switch (phase_) {
    case Phase::reading:
      if (parser_.started()) {
        environment_.stats.malformed.fetch_add(1, std::memory_order_relaxed);
        refuse({ErrorCode::invalid, "the request ended before it was complete", Applied::no}, now);
      } else if (input_.empty()) {
        beginDrain(now);
      }
      break;
    case Phase::handling:
      // A client that has closed only its own direction still gets its answer; one that has left looks the
      // same, so it is not waited for.
      if (poll_) giveUpPoll(now);
      break;
    case Phase::streaming:
    case Phase::draining:
    case Phase::closed: phase_ = Phase::closed; return;
  }
  flush(now);
}

void Connection::flush(MonotonicTime now) {
  if (finished()) return;
  switch (output_.flush(socket_)) {
    case OutputQueue::Flush::failed: phase_ = Phase::closed; return;
    case OutputQueue::Flush::blocked:
      if (output_.sent() != sentBefore_ || writeDeadline_ == MonotonicTime::max()) {
        writeDeadline_ = now + environment_.options.writeTimeout;
      }
      sentBefore_ = output_.sent();
      return;
    case OutputQueue::Flush::done: break;
  }
  writeDeadline_ = MonotonicTime::max();
  if (phase_ != Phase::draining) return;
  // Closing with unread input would reset the connection and take the answer from the client: say that no
  // more comes, and read on for a while.
  if (inputEnded_ || stopping_) {
    phase_ = Phase::closed;
    return;
  }
  if (sendEnded_) return;
  sendEnded_ = true;
  try {
    socket_.shutdownSend();
  } catch (const Poco::Exception&) {
    phase_ = Phase::closed;
  }
}

void Connection::beginDrain(MonotonicTime now) {
  phase_ = Phase::draining;
  input_.clear();
  activeSince_ = now;
  phaseDeadline_ = now + environment_.options.drainTimeout;
}

void Connection::stopSoon(MonotonicTime now) {
  stopping_ = true;
  if (idle()) phase_ = Phase::closed;
  if (poll_) giveUpPoll(now);
  if (stream_) {
    stream_->finish(output_);
    endRequest(now);
  }
  flush(now);
}

bool Connection::backlogged() const { return !output_.empty() && output_.size() > kOutputBacklog; }

bool Connection::wantsRead() const {
  if (inputEnded_) return false;
  if (phase_ == Phase::reading) return !more_ && !backlogged();
  return discardsInput() || input_.size() < kReadAhead;
}

bool Connection::wantsResume() const {
  return more_ || (phase_ == Phase::reading && !input_.empty() && !starved_ && !backlogged());
}

MonotonicTime Connection::deadline() const {
  return output_.empty() ? phaseDeadline_ : std::min(phaseDeadline_, writeDeadline_);
}

void Connection::accountBody(std::size_t bytes) {
  environment_.bodyBytesInFlight += bytes;
  environment_.bodyBytesInFlight -= accounted_;
  accounted_ = bytes;
}

void Connection::countAnswer(int status) {
  environment_.stats.requests.fetch_add(1, std::memory_order_relaxed);
  environment_.stats.byClass.at(static_cast<std::size_t>(status / 100) % 6)
      .fetch_add(1, std::memory_order_relaxed);
}

}  // namespace clusterkit::http
