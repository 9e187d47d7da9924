// One client connection: read -> parse -> handle -> write, again and again. Requests are handled one at a
// time, so that pipelined ones are answered in order; while one waits for its answer, only a little is read
// ahead. HTTP loop only.
#pragma once

#include <Poco/Net/StreamSocket.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "http/deadlines.hpp"
#include "http/http_stats.hpp"
#include "http/output_queue.hpp"
#include "http/pending.hpp"
#include "http/request_handler.hpp"
#include "http/request_parser.hpp"
#include "http/server_options.hpp"
#include "http/waiters.hpp"

namespace clusterkit::http {

// What a connection needs of the loop that runs it.
struct ConnectionEnvironment {
  const ServerOptions& options;
  RequestHandler& handler;
  HttpStats& stats;
  std::shared_ptr<Mailbox> mailbox;
  std::size_t bodyBytesInFlight = 0;  // announced or received, over all connections
};

// What is known of a request when the server fails it.
Error outcomeOf(const Request& request, ErrorCode code, std::string message);

class Connection {
 public:
  Connection(std::uint64_t id, const Poco::Net::StreamSocket& socket, ConnectionEnvironment& environment,
             MonotonicTime now);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Each may end the connection: ask finished() afterwards. `scratch` is the loop's read buffer.
  void onReadable(std::string& scratch, MonotonicTime now);
  void onWritable(MonotonicTime now);
  void onDelivery(Delivery delivery, MonotonicTime now);
  void onSignal(MonotonicTime now);    // when waits()
  void onDeadline(MonotonicTime now);  // call when deadline() has passed
  void resume(MonotonicTime now);      // continues with what was left for fairness
  void refuse(const Error& error, MonotonicTime now);
  void stopSoon(MonotonicTime now);  // the server is stopping: the answer under way is the last one

  bool finished() const { return phase_ == Phase::closed; }
  bool wantsRead() const;
  bool wantsWrite() const { return !output_.empty(); }
  bool wantsResume() const;  // complete requests may be waiting in our own buffer, or a stream has more
  bool waits() const { return poll_ != nullptr || stream_ != nullptr; }  // for a signal
  bool idle() const { return phase_ == Phase::reading && !parser_.started() && output_.empty(); }
  bool readingRequest() const { return phase_ == Phase::reading && parser_.started(); }
  MonotonicTime deadline() const;
  MonotonicTime activeSince() const { return activeSince_; }  // when it became idle, or its request began

  std::uint64_t id() const { return id_; }
  int descriptor() const { return descriptor_; }
  const Poco::Net::StreamSocket& socket() const { return socket_; }
  const std::string& source() const { return source_; }

  // The loop's own notes.
  int polledMode = 0;  // what it last told its poll set
  Deadlines::Entry deadlineEntry;
  WaiterSlot waiterSlot;

 private:
  enum class Phase : std::uint8_t { reading, handling, streaming, draining, closed };

  void process(MonotonicTime now);
  std::size_t consume(std::string_view input, MonotonicTime now);
  void onHead(MonotonicTime now);
  void onComplete(MonotonicTime now);
  void dispatch(MonotonicTime now);
  void answer(Response response, MonotonicTime now);
  void endRequest(MonotonicTime now);
  void beginPoll(PollBegin begin, MonotonicTime now);
  void lookAgain(MonotonicTime now);
  void giveUpPoll(MonotonicTime now);
  void beginStream(StreamBegin begin, MonotonicTime now);
  void feedStream(MonotonicTime now);
  void continueStream(MonotonicTime now);
  StreamSource::Next takePiece(MonotonicTime now);
  void onEndOfInput(MonotonicTime now);
  void flush(MonotonicTime now);
  void beginDrain(MonotonicTime now);
  void accountBody(std::size_t bytes);
  void countAnswer(int status);
  bool backlogged() const;
  // Nothing that comes now will ever be answered; it is read so that the end of it is seen.
  bool discardsInput() const { return phase_ == Phase::streaming || phase_ == Phase::draining; }

  const std::uint64_t id_;
  Poco::Net::StreamSocket socket_;
  const int descriptor_;
  const std::string source_;
  ConnectionEnvironment& environment_;
  Phase phase_ = Phase::reading;
  RequestParser parser_;
  std::string input_;  // received, not yet parsed
  OutputQueue output_;
  Request request_;  // the one being handled
  bool keepAlive_ = true;
  bool inputEnded_ = false;
  bool sendEnded_ = false;
  bool stopping_ = false;
  bool headSeen_ = false;  // of the request being read
  bool starved_ = false;   // the parser cannot go on with what is in input_
  bool more_ = false;      // left unparsed, or untaken of a stream, for fairness
  std::uint64_t serial_ = 0;
  std::shared_ptr<std::atomic<std::uint64_t>>
      listening_;                         // serial of the request that waits for an answer, or 0
  std::unique_ptr<LongPoll> poll_;        // of the request being handled
  std::unique_ptr<StreamSource> stream_;  // while streaming
  std::size_t accounted_ = 0;
  std::size_t drained_ = 0;  // read and thrown away
  std::uint64_t sentBefore_ = 0;
  MonotonicTime activeSince_;
  MonotonicTime phaseDeadline_;
  MonotonicTime writeDeadline_;
};

}  // namespace clusterkit::http
