// The descriptors that a loop waits for, and the way for other threads to end its wait. epoll(7).
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "host/event_loop.hpp"

namespace clusterkit {

class DescriptorPoll final : public DescriptorWatch {
 public:
  DescriptorPoll();  // throws std::system_error when the process has no descriptor left
  ~DescriptorPoll();
  DescriptorPoll(const DescriptorPoll&) = delete;
  DescriptorPoll& operator=(const DescriptorPoll&) = delete;

  bool watch(int fd, Task onReadable) override;
  void unwatch(int fd) override;
  bool watchesAny() const { return !watched_.empty(); }
  void clear();

  // Waits until something is readable or wake() is called, for `limit` (to the millisecond above it) at most;
  // Duration::max() is for ever. May return early.
  void poll(Duration limit);
  bool anyReady() const { return !ready_.empty(); }
  // Calls for what the last poll found, one by one; an empty task when there is none left. A descriptor that
  // was given up meanwhile is left out.
  Task takeReady();

  // Ends the present poll(), or the next one. [any]
  void wake() noexcept;

 private:
  int poll_, wake_;
  std::map<int, std::shared_ptr<Task>> watched_;
  std::vector<int> ready_;
};

}  // namespace clusterkit
