// The clients: each does one operation after the other on some node that runs, repeats some of its writes
// with the same idempotency key when it was not told what became of them, and keeps the history of every key.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "simulation/cluster.hpp"
#include "simulation/history.hpp"

namespace clusterkit::sim {

class Clients {
 public:
  explicit Clients(Cluster& cluster);
  Clients(const Clients&) = delete;
  Clients& operator=(const Clients&) = delete;

  void begin();
  void stop() { stopped_ = true; }
  bool isIdle() const;  // nobody waits for an answer
  // One write at each node and one read of each key at each; for the end. isIdle() when they are over.
  void lastRound(const std::vector<SimNode*>& nodes);

  // Is every key's history linearizable? Returns for how many it was too hard to find out.
  std::size_t judge(Verdict& verdict) const;
  // Is no acknowledged write missing from this state?
  void judge(const SimNode& node, Verdict& verdict) const;

  std::size_t answered() const { return answered_; }
  std::size_t refusedInLastRound() const { return refused_; }

 private:
  struct Call {  // the one operation a client has under way
    std::uint64_t id = 0;
    std::size_t key = 0;
    Operation operation;
    int attempts = 0;
    MonotonicTime patienceEnds;  // then the node that was asked is given up
    bool keyed = false;
    bool doubtful = false;  // an attempt may have been applied
    LogIndex knownIndex;
    std::optional<std::uint64_t> expectedVersion;
  };
  struct Client {
    std::optional<Call> call;
    bool watched = false;  // a timer will look whether it has waited too long
    std::map<std::size_t, std::pair<RegisterValue, std::uint64_t>> seen;  // per key: value and its version
  };
  enum class Ending : std::uint8_t { Done, DidNotHappen, Open };

  void next(std::size_t client);
  bool watchesOldLeader(std::size_t client) const;
  static SimNode* oldestLeader(const std::vector<SimNode*>& nodes, SimNode& otherwise);
  void think(std::size_t client);
  void draw(Client& client, std::size_t number);
  void attempt(std::size_t client, SimNode& node);
  void watch(std::size_t client);
  void read(std::size_t client, SimNode& node);
  void write(std::size_t client, SimNode& node);
  void written(std::size_t client, std::uint64_t call, const WriteResult& result);
  void conflicted(std::size_t client, std::uint64_t version);
  void lost(std::size_t client, std::uint64_t call);
  void end(std::size_t client, Ending ending);
  void learn(std::size_t client, std::size_t key, RegisterValue value, std::uint64_t version);
  Call* callOf(std::size_t client, std::uint64_t id);

  Cluster& cluster_;
  Dice dice_;
  std::vector<Client> clients_;
  std::vector<History> histories_;                              // by key
  std::vector<std::map<std::uint64_t, RegisterValue>> values_;  // by key: version to value
  std::vector<std::uint64_t> acknowledged_;                     // by key: the newest version
  std::uint64_t clock_ = 0;  // numbers invocations and answers in their order
  std::uint64_t lastCall_ = 0;
  std::size_t answered_ = 0, refused_ = 0;
  bool stopped_ = false;
};

}  // namespace clusterkit::sim
