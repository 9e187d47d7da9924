// Answers that wait for something to happen, or go on while it happens. The connection of the request owns
// them and drops them when the client leaves; they are asked again after every HttpServer::signal(). HTTP
// loop only; none may block, and what one looks at it lets go of before it returns.
#pragma once

#include <cstdint>
#include <optional>

#include "http/message.hpp"
#include "http/output_queue.hpp"

namespace clusterkit::http {

// One answer, given as soon as there is something to say.
class LongPoll {
 public:
  virtual ~LongPoll() = default;
  // The answer, once there is one. Asked when the wait begins and after every signal.
  virtual std::optional<Response> look() = 0;
  // The answer when the time is over, the client sends no more, or the server stops.
  virtual Response giveUp() = 0;
};

// An answer without an end of its own. It is taken piece by piece, the next one when the client has read the
// one before: who reads slowly costs no memory.
class StreamSource {
 public:
  enum class Next : std::uint8_t {
    Later,  // nothing more until the next signal
    More,   // ask again as soon as this piece is out
    End,    // that was the last one
  };

  virtual ~StreamSource() = default;
  // Appends the next piece, about `kStreamPiece` bytes. Asked when the stream begins and after every signal.
  virtual Next take(OutputQueue& out) = 0;
  // Appends a sign of life, for a client that got nothing else for a while.
  virtual void beat(OutputQueue& out) = 0;
  // Appends the last words: the server stops.
  virtual void finish(OutputQueue& out) = 0;
};

inline constexpr std::size_t kStreamPiece = 16 * 1024;

}  // namespace clusterkit::http
