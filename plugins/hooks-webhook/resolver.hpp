// Addresses of the receiver's name. The system's lookup cannot be interrupted, so it runs on a thread of its
// own, one at a time, and whoever waits for it can leave. A lookup that hangs ends by the system's own
// timeout; it holds nothing but its own state, and may outlive the sink (a plugin's code is never unmapped).
#pragma once

#include <Poco/Net/IPAddress.h>

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "watchdog.hpp"

namespace clusterkit::webhook {

using Addresses = std::vector<Poco::Net::IPAddress>;

class Resolver {
 public:
  // Blocks; throws when there is no answer.
  using Lookup = std::function<Addresses(const std::string& host)>;
  static Addresses systemLookup(const std::string& host);

  explicit Resolver(std::string host, Lookup lookup = systemLookup)
      : host_(std::move(host)), lookup_(std::move(lookup)) {}

  // At least one. Throws Expired, Stopped, or std::runtime_error when the name has no address. [any]
  Addresses addresses(Watchdog& watchdog, std::uint64_t deadline);

 private:
  struct Question;
  std::shared_ptr<Question> ask();

  const std::string host_;
  const Lookup lookup_;
  std::mutex mutex_;
  std::shared_ptr<Question> running_;  // the last one asked
};

}  // namespace clusterkit::webhook
