// Bytes on their way to a child's standard input, written as fast as it reads.
#pragma once

#include <string>
#include <string_view>

#include "descriptor.hpp"

namespace clusterkit::script {

class InputFeed {
 public:
  void add(std::string_view bytes);
  void closeWhenSent() { last_ = true; }
  bool waiting() const { return sent_ < bytes_.size(); }

  // Writes what the pipe takes now; `pipe` is closed when all is sent or nobody reads any more, which is no
  // error: a script need not look at its input.
  void pump(Descriptor& pipe);

 private:
  std::string bytes_;
  std::size_t sent_ = 0;
  bool last_ = false;
};

}  // namespace clusterkit::script
