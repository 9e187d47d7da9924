// The transport as the consensus sees it: the ABI's own table, every call checked, every message marked as
// the consensus'. Internal to the transport's port.
#pragma once

#include <vector>

#include "host/transport_port.hpp"

namespace clusterkit {

class TransportProxy {
 public:
  explicit TransportProxy(TransportPort& port) : port_(port) {}

  void attach(TransportClient* client, const PluginName* user) {
    client_ = client;
    user_ = user;
  }
  TransportClient* client() const { return client_; }
  static const ck_transport_1 table;

 private:
  struct Calls;  // the functions of the table

  bool require(bool condition, const char* function, const char* rule);
  ck_status send(const ck_message* messages, std::uint64_t count, std::uint64_t* accepted);
  bool check(const ck_message& message);
  void mark(const ck_message* messages, std::uint64_t count);

  TransportPort& port_;
  TransportClient* client_ = nullptr;
  const PluginName* user_ = nullptr;
  std::vector<ck_span> parts_;        // reused, so that a send allocates nothing
  std::vector<ck_message> messages_;  // reused
};

}  // namespace clusterkit
