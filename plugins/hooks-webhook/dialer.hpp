// Makes connections: name, TCP, TLS.
#pragma once

#include <Poco/Net/Context.h>
#include <Poco/Net/SocketAddress.h>

#include <memory>

#include "connection.hpp"
#include "resolver.hpp"
#include "settings.hpp"

namespace clusterkit::webhook {

class Dialer {
 public:
  // Throws clusterkit::Error(CK_INVALID) when a certificate or key cannot be read.
  explicit Dialer(const Settings& settings);

  // A new connection, to the first address that takes one. Throws Expired, Stopped, or std::runtime_error
  // with what the last address said. [any]
  std::unique_ptr<Connection> dial(Watchdog& watchdog, std::uint64_t deadline);

 private:
  std::unique_ptr<Connection> dial(const Poco::Net::SocketAddress& address, Watchdog& watchdog,
                                   std::uint64_t deadline);
  Poco::Net::StreamSocket secured(const Poco::Net::StreamSocket& socket) const;

  const Target target_;
  const std::chrono::nanoseconds connectTimeout_;
  Poco::Net::Context::Ptr tls_;  // null for http
  Resolver resolver_;
};

}  // namespace clusterkit::webhook
