// Hosts of a test's own: network namespaces behind a router, which is the namespace of the test itself. A
// link can be cut in one direction: what is sent over it vanishes, and no closed connection tells anybody, as
// when a cable or a switch fails. The destructor ends all of it.
#pragma once

#include <memory>
#include <vector>

#include "e2e/test_cluster.hpp"

namespace clusterkit::test {

class OwnNetwork {
 public:
  static constexpr const char* kNeeds =
      "hosts of its own need root, the right to make network namespaces, and iproute2";

  // Moves this process into a new network namespace: before its first thread. The hosts are numbered from 1.
  explicit OwnNetwork(std::size_t hosts);
  ~OwnNetwork();
  OwnNetwork(const OwnNetwork&) = delete;
  OwnNetwork& operator=(const OwnNetwork&) = delete;

  bool works() const { return works_; }  // false for who is not root, and where `ip` is missing
  std::size_t size() const { return hosts_.size(); }
  Host host(std::size_t number) const;

  void cut(std::size_t from, std::size_t to);  // one direction; a link that is cut already stays so
  void isolate(std::size_t host);              // from all others, in both directions
  void mend();                                 // all links

 private:
  bool addHost(std::size_t number);

  std::vector<std::unique_ptr<Process>> hosts_;  // each keeps one namespace alive
  std::vector<std::vector<bool>> cut_;           // [from][to]
  TempDir folder_;
  bool works_ = false;
};

}  // namespace clusterkit::test
