// One descriptor kept for when the process has none left: without one a client would wait in the backlog for
// an answer that cannot come. With it, it is let in and put out again.
#pragma once

namespace clusterkit::http {

class SpareDescriptor {
 public:
  SpareDescriptor() { take(); }
  ~SpareDescriptor();
  SpareDescriptor(const SpareDescriptor&) = delete;
  SpareDescriptor& operator=(const SpareDescriptor&) = delete;

  // Accepts one client of this listener and closes its connection. False when there was none, or the spare
  // descriptor is gone: another thread may have been quicker to take it.
  bool turnAway(int listener);

 private:
  void take();
  void release();

  int fd_ = -1;
};

}  // namespace clusterkit::http
