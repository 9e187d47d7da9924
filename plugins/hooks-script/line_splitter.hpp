// Cuts a stream of bytes into lines of bounded length.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace clusterkit::script {

class LineSplitter {
 public:
  explicit LineSplitter(std::size_t longest) : longest_(longest) {}

  // A line, without its end, or a part of one that is longer than allowed; `whole` tells them apart.
  struct Piece {
    std::string_view text;  // valid until the callback returns
    bool whole;
  };

  template <class OnPiece>
  void feed(std::string_view bytes, OnPiece onPiece) {
    while (!bytes.empty()) {
      const std::size_t end = bytes.find('\n');
      const std::size_t room = longest_ - pending_.size();
      const std::size_t length = end == std::string_view::npos ? bytes.size() : end;
      if (length > room) {
        pending_.append(bytes.substr(0, room));
        bytes.remove_prefix(room);
        cut_ = true;
        hand(onPiece);
      } else {
        pending_.append(bytes.substr(0, length));
        bytes.remove_prefix(length);
        if (bytes.empty()) return;
        bytes.remove_prefix(1);
        if (!pending_.empty() || !cut_) hand(onPiece);
        cut_ = false;
      }
    }
  }

  // What came after the last line's end.
  template <class OnPiece>
  void finish(OnPiece onPiece) {
    if (!pending_.empty()) hand(onPiece);
    cut_ = false;
  }

 private:
  template <class OnPiece>
  void hand(OnPiece& onPiece) {
    onPiece(Piece{pending_, !cut_});
    pending_.clear();
  }

  std::size_t longest_;
  std::string pending_;
  bool cut_ = false;  // a part of the present line was handed out already
};

}  // namespace clusterkit::script
