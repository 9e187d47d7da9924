// Clients of the HTTP API that keep the history of every key: each thread does one operation after the other
// at some node, repeats half of its unanswered writes elsewhere under the same idempotency key, and writes
// down when it asked and when it was told what.
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "simulation/dice.hpp"
#include "simulation/history.hpp"
#include "support/http.hpp"
#include "torture/followers.hpp"

namespace clusterkit::test {

struct Judgement {
  std::size_t histories = 0, operations = 0, open = 0, tooHard = 0;
  std::vector<std::string> broken;  // keys without an order that explains what was told
};

enum class Reads { linearizable, local };

class Clients {
 public:
  Clients(std::vector<HttpServer> servers, std::size_t threads, std::uint64_t seed,
          Reads reads = Reads::linearizable);
  ~Clients() { stop(); }
  Clients(const Clients&) = delete;
  Clients& operator=(const Clients&) = delete;

  void stop();  // waits for the answers
  // After stop(): reads every key at `server`, which ends its history. False when one is refused for half a
  // minute.
  bool readAll(const HttpServer& server);
  Judgement judge() const;  // after stop()
  // What should never be answered, whatever befalls the nodes; after stop().
  const std::vector<std::string>& strange() const { return strange_; }
  // The writes that were acknowledged; after stop().
  const std::vector<KeyVersion>& written() const { return written_; }
  std::size_t answered() const { return answered_; }

 private:
  enum class Ending : std::uint8_t { Done, DidNotHappen, Open };
  struct Seen {
    sim::RegisterValue value = 0;
    std::uint64_t version = 0;
  };
  using Memory = std::map<std::string, Seen>;  // what one client knows of the keys

  void work(std::uint64_t seed);
  std::string pickKey(sim::Dice& dice) const;
  void look(const HttpRequest& request, const HttpAnswer& answer);
  void read(const std::string& key, const HttpServer& server, Memory& memory);
  void write(const std::string& key, sim::Dice& dice, Memory& memory);
  Ending askToWrite(const HttpRequest& request, bool keyed, sim::Dice& dice, Seen& now);
  void keep(const std::string& key, sim::Operation operation, Ending ending);

  const std::vector<HttpServer> servers_;
  const Reads reads_;
  const std::string name_;  // sets the keys of these clients apart from those of others
  const std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  std::atomic<std::uint64_t> clock_ = 0;  // numbers questions and answers in their order
  std::atomic<std::uint64_t> lastWrite_ = 0;
  std::atomic<std::size_t> answered_ = 0;
  std::atomic<bool> stopped_ = false;
  std::mutex mutex_;
  std::map<std::string, sim::History> histories_;  // under mutex_
  std::vector<std::string> strange_;               // under mutex_
  std::vector<KeyVersion> written_;                // under mutex_
  std::vector<std::thread> threads_;
};

}  // namespace clusterkit::test
