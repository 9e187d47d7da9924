// What a transport's own threads have brought and the loop has not seen yet, in order. However much comes
// while the loop is busy, it is one task. Internal to the transport's port.
#pragma once

#include <mutex>
#include <vector>

#include "host/transport_port.hpp"

namespace clusterkit {

// The last byte of every message: whose it is.
enum class Channel : std::uint8_t { Consensus = 1, Core = 2 };

struct TransportPort::Inbox {
  enum class What : std::uint8_t { Message, Up, Down, Writable };
  struct Item {
    What what;
    MemberId member;
    Lane lane = Lane::Control;
    Buffer message;
    std::string why;
  };
  // While the loop stands still messages pile up here only this far; more are lost, which datagrams may be.
  static constexpr std::size_t maxBytes = std::size_t{128} << 20;

  explicit Inbox(MetricsSink& metrics)
      : dropped(metrics.counter("clusterkit_transport_inbox_dropped_total",
                                "Received messages dropped because the node loop did not keep up", {})),
        unmarked(metrics.counter("clusterkit_transport_unmarked_total",
                                 "Received messages that no ClusterKit node has sent", {})) {}

  // True: the loop has to be told. [any]
  bool add(Item item);
  // Moves everything to `out`, which must be empty. [loop]
  void take(std::vector<Item>& out);

  Counter& dropped;
  Counter& unmarked;
  std::mutex mutex;
  std::vector<Item> items;
  std::size_t bytes = 0;
  bool told = false;
  std::vector<Item> taken;  // [loop] reused
};

// The table behind CK_TRANSPORT_HOST. [any]
struct TransportUpcalls {
  static const ck_transport_host_1 table;
  static void recv(void* cx, std::uint64_t from, std::uint32_t lane, ck_buf* message) noexcept;
  static void peer(void* cx, std::uint64_t member, std::int32_t up, const ck_error* why) noexcept;
  static void writable(void* cx, std::uint64_t member, std::uint32_t lane) noexcept;

 private:
  static void add(TransportPort& port, TransportPort::Inbox::Item item);
};

}  // namespace clusterkit
