// What nodes say to each other beside consensus: forwarded writes, questions to the leader, probes.
#include <gtest/gtest.h>

#include "fuzz/input.hpp"
#include "fuzz/peers_at_work.hpp"

// Messages, each behind a byte that says who hears it of whom, how long it takes, and its length.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace clusterkit::fuzz;
  GTEST_FLAG_SET(throw_on_failure, true);  // the simulated nodes speak by expectations
  PeersAtWork peers;
  peers.work();
  Input input(data, size);
  for (int messages = 0; messages < 32 && !input.empty(); ++messages) {
    const std::uint8_t way = input.byte();
    peers.receive(1 + way % 2, 1 + way / 2 % 3, input.chunk());
    peers.pass(std::chrono::milliseconds(way / 6 % 8));
  }
  peers.check();
  return 0;
}
