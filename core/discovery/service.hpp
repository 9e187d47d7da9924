// Services that applications find by name: what an instance is, and when a lookup may give it out. Pure.
//
// Static instances come from a node's configuration and live and die with that node. Instances registered at
// run time carry a check of their own and use the same types.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace clusterkit {

inline constexpr std::size_t kMaxServiceNameBytes = 128;
inline constexpr std::size_t kMaxServicesPerNode = 256;
inline constexpr std::size_t kMaxServiceTags = 64;
inline constexpr std::size_t kMaxServiceMeta = 64;

// A service as its node's configuration names it.
struct ServiceSpec {
  std::string service;                      // "http", "orders"
  std::string id;                           // unique within the service; empty: "<node id>"
  std::string address;                      // host, empty: the node's own
  std::uint32_t port = 0;                   // 0: part of `address`, or none
  std::vector<std::string> tags;            // in the order given
  std::map<std::string, std::string> meta;  // free for the application

  friend bool operator==(const ServiceSpec&, const ServiceSpec&) = default;
};

// The health of the node under an instance, as far as discovery cares.
enum class Passing : std::uint8_t { Yes, No };

// An instance as lookups give it.
struct ServiceInstance {
  ServiceSpec spec;  // `id` filled
  std::string node;  // node id
  Passing passing = Passing::Yes;

  friend bool operator==(const ServiceInstance&, const ServiceInstance&) = default;
};

// Empty when the specification may be stored, else one line that says what is wrong.
std::string checkServiceSpec(const ServiceSpec& spec);

// The instance of `spec` on node `nodeId`.
ServiceInstance instanceOn(std::string_view nodeId, const ServiceSpec& spec, Passing passing);

// The key under which instances are ordered: all of one service side by side, by id. Names hold no NUL, so no
// two pairs share a key.
std::string serviceKey(std::string_view service, std::string_view id);
// The keys of one service are exactly those that start with this.
std::string servicePrefix(std::string_view service);

// A lookup's filter; empty tag: any.
struct ServiceQuery {
  std::string_view service;
  std::string_view tag;
  enum class Want : std::uint8_t { All, PassingOnly } want = Want::All;
};
bool matches(const ServiceInstance& instance, const ServiceQuery& query);

}  // namespace clusterkit
