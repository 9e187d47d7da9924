// Owned file descriptors. All are made close-on-exec, so that no child of anybody inherits them.
#pragma once

#include <utility>

namespace clusterkit::script {

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    if (this != &other) {
      close();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  ~Descriptor() { close(); }

  int get() const { return fd_; }  // -1: not open
  bool open() const { return fd_ >= 0; }
  void close();

 private:
  int fd_ = -1;
};

struct Pipe {
  Descriptor read, write;
};

// Both ends have numbers above 3, so that they can be moved to a child's 0 to 3 in any order, even in a
// process that was started without standard streams. Throws std::system_error.
Pipe makePipe();

void setNonBlocking(const Descriptor& descriptor);  // throws std::system_error

// A flag that poll can wait for, raised from any thread. Throws std::system_error when it cannot be made.
class WakeFlag {
 public:
  WakeFlag();
  void raise();  // [any]
  void lower();
  int descriptor() const { return event_.get(); }  // readable while it is raised

 private:
  Descriptor event_;
};

}  // namespace clusterkit::script
