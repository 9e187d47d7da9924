// One connection to the receiver, used for one request after another.
//
// Built on Poco's HTTPSession rather than HTTPClientSession: that one connects again by itself while it
// sends, takes a head that was cut short for a whole one, and would read a head without end.
#pragma once

#include <Poco/Net/HTTPMessage.h>
#include <Poco/Net/HTTPSession.h>
#include <Poco/Net/StreamSocket.h>

#include <stdexcept>
#include <string>

#include "verdict.hpp"

namespace clusterkit::webhook {

// Not a byte of an answer came.
class NoAnswer : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// What came is no HTTP answer, or only a part of one.
class BadAnswer : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The head of an answer. Not Poco's HTTPResponse, whose status is an enumeration that ends at 511.
class AnswerHead : public Poco::Net::HTTPMessage {
 public:
  // Throws BadAnswer.
  void parse(const std::string& text);
  int status() const { return status_; }

 private:
  int status_ = 0;
};

class Connection : private Poco::Net::HTTPSession {
 public:
  // Connected, plain or with the TLS handshake done.
  explicit Connection(const Poco::Net::StreamSocket& socket);

  // Sends the request and reads the head of the answer. Throws NoAnswer or BadAnswer; then the connection is
  // of no more use.
  Answer post(const std::string& request);
  // Reads the answer's body away, so that the next request can be sent. False: the connection is of no more
  // use.
  bool finish() noexcept;
  // Nothing has come since the last answer, not even the end: it can be tried for a next request.
  bool silent();
  // Makes what blocks on another thread return. [any]
  void cut() noexcept;

 private:
  void readHead();
  void readFurtherHead();  // behind an interim one
  int nextByte(const std::string& head);
  bool discard(std::istream& body);

  const int descriptor_;
  AnswerHead head_;
};

}  // namespace clusterkit::webhook
