// A connection whose answer waits or goes on: long polls and streams.
#include <Poco/Exception.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "http/connection.hpp"

namespace clusterkit::http {
namespace {

constexpr int kPiecesPerTurn = 16;  // of one stream, before other clients have their turn

// Asks a poll for its answer; what it throws is an answer too.
template <class Ask>
auto answerOf(const Request& request, Ask ask) -> decltype(ask()) {
  try {
    return ask();
  } catch (const RequestError& refused) {
    return errorResponse(refused.error());
  } catch (const std::exception& broken) {
    return errorResponse(outcomeOf(request, ErrorCode::internal, broken.what()));
  }
}

}  // namespace

void Connection::onSignal(MonotonicTime now) {
  if (poll_) lookAgain(now);
  flush(now);
  feedStream(now);
}

// While a piece is under way its client is behind: it takes the next one when it has read this one. The
// socket is asked first, and last inside continueStream(): a piece that leaves in between would be followed
// by nobody, for a socket that takes everything is not watched.
void Connection::feedStream(MonotonicTime now) {
  if (!stream_) return;
  flush(now);
  if (stream_ && output_.empty()) continueStream(now);
}

void Connection::beginPoll(PollBegin begin, MonotonicTime now) {
  poll_ = std::move(begin.poll);
  phaseDeadline_ = begin.deadline;
  lookAgain(now);
  const bool wait = begin.deadline > now && !inputEnded_ && !stopping_ && request_.method != Method::head;
  if (poll_ && !wait) giveUpPoll(now);
}

void Connection::lookAgain(MonotonicTime now) {
  std::optional<Response> found = answerOf(request_, [this] { return poll_->look(); });
  if (found) answer(std::move(*found), now);
}

void Connection::giveUpPoll(MonotonicTime now) {
  answer(answerOf(request_, [this] { return poll_->giveUp(); }), now);
}

void Connection::beginStream(StreamBegin begin, MonotonicTime now) {
  if (inputEnded_) {
    phase_ = Phase::closed;  // as for an end that comes later: it may have left for good
    return;
  }
  keepAlive_ = false;
  HeadOptions head;
  head.framing = Framing::untilClose;
  head.keepAlive = false;
  head.http11 = request_.http11;
  head.position = environment_.handler.position();
  output_.writeWith([&](std::string& out) { appendHead(out, begin.head, head); });
  countAnswer(begin.head.status);
  if (request_.method == Method::head) return endRequest(now);
  output_.append(std::move(begin.head.body));
  phase_ = Phase::streaming;
  stream_ = std::move(begin.source);
  phaseDeadline_ = now + environment_.options.streamHeartbeat;
  // Thousands of streams wait for hours: what their requests were is not needed any more.
  request_ = {};
  std::string().swap(input_);
  try {
    socket_.setSendBufferSize(static_cast<int>(environment_.options.streamBacklogBytes));
    // A client that has vanished without a word acknowledges no heartbeat; TCP alone would try for a quarter
    // of an hour (RFC 5482).
    const auto patience = static_cast<int>(environment_.options.writeTimeout.count());
    socket_.setOption(IPPROTO_TCP, TCP_USER_TIMEOUT, patience);
  } catch (const Poco::Exception&) {
    phase_ = Phase::closed;  // reset by the client
    return;
  }
  if (stopping_) {
    stream_->finish(output_);
    return endRequest(now);
  }
  continueStream(now);
}

void Connection::continueStream(MonotonicTime now) {
  for (int pieces = 0; pieces < kPiecesPerTurn; ++pieces) {
    const StreamSource::Next next = takePiece(now);
    if (next == StreamSource::Next::End) endRequest(now);
    flush(now);
    if (next != StreamSource::Next::More || phase_ != Phase::streaming || !output_.empty()) return;
  }
  more_ = true;
}

StreamSource::Next Connection::takePiece(MonotonicTime now) {
  const std::size_t before = output_.size();
  try {
    const StreamSource::Next next = stream_->take(output_);
    if (output_.size() != before) phaseDeadline_ = now + environment_.options.streamHeartbeat;
    return next;
  } catch (const std::exception&) {
    phase_ = Phase::closed;  // within a piece, so nothing more can be said; the client resumes
    return StreamSource::Next::Later;
  }
}

}  // namespace clusterkit::http
