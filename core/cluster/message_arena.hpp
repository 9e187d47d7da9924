// Room on the stack for one protobuf message that is made, used and dropped at once: its parts are not
// allocated one by one. Internal to the codecs.
#pragma once

#include <google/protobuf/arena.h>

#include <array>
#include <cstddef>

namespace clusterkit {

class MessageArena {
 public:
  MessageArena() : arena_(block_.data(), block_.size()) {}
  MessageArena(const MessageArena&) = delete;
  MessageArena& operator=(const MessageArena&) = delete;

  // Lives as long as the arena.
  template <class Message>
  Message& make() {
    return *google::protobuf::Arena::CreateMessage<Message>(&arena_);
  }

 private:
  alignas(8) std::array<char, 1024> block_;
  google::protobuf::Arena arena_;
};

}  // namespace clusterkit
