#include "simulation/clients.hpp"

#include <algorithm>

#include "simulation/linearizability.hpp"

namespace clusterkit::sim {
namespace {

using namespace std::chrono_literals;

constexpr Duration kDeadline = 2s;  // of one attempt
constexpr Duration kPatience = 3s;  // then the node that was asked is given up
constexpr int kAttempts = 3;

std::string keyName(std::size_t key) { return "key-" + std::to_string(key); }

}  // namespace

Clients::Clients(Cluster& cluster)
    : cluster_(cluster),
      dice_(cluster.plan().seed ^ 0x636c6965u),
      clients_(cluster.plan().clients),
      histories_(cluster.plan().keys),
      values_(cluster.plan().keys),
      acknowledged_(cluster.plan().keys) {
  for (auto& values : values_) values[0] = 0;  // version 0: absent
}

void Clients::begin() {
  for (std::size_t client = 0; client < clients_.size(); ++client) think(client);
}

bool Clients::isIdle() const {
  return std::none_of(clients_.begin(), clients_.end(), [](const Client& c) { return c.call.has_value(); });
}

void Clients::think(std::size_t client) {
  cluster_.scheduler().after(dice_.between(Duration(0), cluster_.plan().thinkMax),
                             [this, client] { next(client); });
}

void Clients::next(std::size_t client) {
  if (stopped_) return;
  const auto nodes = cluster_.running();
  if (nodes.empty()) return think(client);
  draw(clients_[client], client);
  SimNode* node = dice_.pick(nodes);
  if (watchesOldLeader(client))
    node = oldestLeader(nodes, *node);
  else if (watchesOldLeader(0) && dice_.oneIn(2) && cluster_.leader() != nullptr)
    node = cluster_.leader();  // or all would soon wait for the old one's answers
  attempt(client, *node);
}

bool Clients::watchesOldLeader(std::size_t client) const {
  return client * 100 < clients_.size() * cluster_.plan().watchPercent;
}

SimNode* Clients::oldestLeader(const std::vector<SimNode*>& nodes, SimNode& otherwise) {
  SimNode* oldest = nullptr;
  for (SimNode* node : nodes) {
    if (!node->leads()) continue;
    const bool older = oldest == nullptr ||
                       node->coordinator().membership()->epoch < oldest->coordinator().membership()->epoch;
    if (older) oldest = node;
  }
  return oldest == nullptr ? &otherwise : oldest;
}

void Clients::draw(Client& client, std::size_t number) {
  Call& call = client.call.emplace();
  call.id = ++lastCall_;
  call.key = dice_.below(histories_.size());
  call.operation.invoked = ++clock_;
  if (watchesOldLeader(number) || dice_.chance(cluster_.plan().readPercent)) {
    call.operation.kind = Kind::Read;
  } else {
    call.operation.written = call.id;
    call.keyed = dice_.oneIn(2);
    call.operation.kind = Kind::Write;
    if (const auto seen = client.seen.find(call.key); dice_.oneIn(3) && seen != client.seen.end()) {
      call.operation.kind = Kind::Exchange;
      call.operation.expected = seen->second.first;
      call.expectedVersion = seen->second.second;
    }
  }
  cluster_.trace().note(Step::Invoked, number, call.id, static_cast<std::uint64_t>(call.operation.kind));
}

Clients::Call* Clients::callOf(std::size_t client, std::uint64_t id) {
  auto& call = clients_[client].call;
  return call && call->id == id ? &*call : nullptr;
}

void Clients::attempt(std::size_t client, SimNode& node) {
  Call& call = *clients_[client].call;
  if (++call.attempts == 1) {
    call.knownIndex = node.coordinator().current().appliedIndex;
    // A key is good for ever only with an index that was seen before it was first used
    // (core/cluster/README.md).
    if (!call.knownIndex) call.keyed = false;
  }
  call.patienceEnds = cluster_.scheduler().now() + kPatience;
  watch(client);
  node.loop().post([this, client, id = call.id, &node] {
    const Call* present = callOf(client, id);
    if (present == nullptr) return;
    if (present->operation.kind == Kind::Read)
      read(client, node);
    else
      write(client, node);
  });
}

// One timer a client, not one a call: most calls are over long before it.
void Clients::watch(std::size_t client) {
  if (std::exchange(clients_[client].watched, true)) return;
  const auto& call = clients_[client].call;
  cluster_.scheduler().at(call->patienceEnds, [this, client] {
    clients_[client].watched = false;
    const auto& present = clients_[client].call;
    if (!present) return;
    if (cluster_.scheduler().now() < present->patienceEnds) return watch(client);
    lost(client, present->id);
  });
}

void Clients::read(std::size_t client, SimNode& node) {
  const Call& call = *clients_[client].call;
  // Who watches asks again soon: only a read that began after a newer leader's write shows what is wrong.
  const Duration patience = watchesOldLeader(client) ? cluster_.plan().raft.electionTimeout / 4 : kDeadline;
  node.coordinator().readBarrier(
      cluster_.scheduler().now() + patience, [this, client, id = call.id, &node](Result<LogIndex> point) {
        Call* present = callOf(client, id);
        if (present == nullptr || !node.power().isOn()) return;
        if (!point.ok()) return end(client, Ending::DidNotHappen);
        const StoredValue* value = node.coordinator().current().findValue(keyName(present->key));
        present->operation.expected = value == nullptr ? 0 : std::stoull(*value->bytes);
        learn(client, present->key, present->operation.expected, value == nullptr ? 0 : value->version);
        end(client, Ending::Done);
      });
}

void Clients::write(std::size_t client, SimNode& node) {
  const Call& call = *clients_[client].call;
  std::optional<Idempotency> idempotency;
  if (call.keyed) idempotency = Idempotency{"request-" + std::to_string(call.id), call.knownIndex};
  node.coordinator().propose(
      SetValue{keyName(call.key), std::to_string(call.operation.written), call.expectedVersion},
      std::move(idempotency), cluster_.scheduler().now() + kDeadline,
      [this, client, id = call.id, &node](WriteResult result) {
        if (node.power().isOn()) written(client, id, result);
      });
}

void Clients::written(std::size_t client, std::uint64_t id, const WriteResult& result) {
  Call* call = callOf(client, id);
  if (call == nullptr) return;
  switch (result.fate) {
    case WriteResult::Fate::Unknown: return lost(client, id);
    case WriteResult::Fate::NotDone: return end(client, call->doubtful ? Ending::Open : Ending::DidNotHappen);
    case WriteResult::Fate::Applied: break;
  }
  const Outcome& outcome = result.outcome;
  if (outcome.applied()) {
    cluster_.oracle().acknowledged(outcome.index);
    acknowledged_[call->key] = std::max(acknowledged_[call->key], outcome.version);
    learn(client, call->key, call->operation.written, outcome.version);
    end(client, Ending::Done);
  } else if (outcome.code == OutcomeCode::VersionConflict) {
    conflicted(client, outcome.version);
  } else if (outcome.code == OutcomeCode::IdempotencyExpired) {
    end(client, Ending::Open);
  } else {
    cluster_.verdict().broken("AnswersAreSensible",
                              "a write was answered " + std::string(toString(outcome.code)));
  }
}

// A refused exchange is a read of what was there, if anybody knows what that version is.
void Clients::conflicted(std::size_t client, std::uint64_t version) {
  Call& call = *clients_[client].call;
  const auto value = values_[call.key].find(version);
  clients_[client].seen.erase(call.key);
  if (value == values_[call.key].end()) return end(client, Ending::DidNotHappen);
  call.operation.kind = Kind::Read;
  call.operation.expected = value->second;
  end(client, Ending::Done);
}

// Nobody says what became of it. With a key it may be asked again, elsewhere.
void Clients::lost(std::size_t client, std::uint64_t id) {
  Call* call = callOf(client, id);
  if (call == nullptr) return;
  if (call->operation.kind == Kind::Read) return end(client, Ending::DidNotHappen);
  call->doubtful = true;
  const auto nodes = cluster_.running();
  if (!call->keyed || call->attempts >= kAttempts || nodes.empty()) return end(client, Ending::Open);
  attempt(client, *dice_.pick(nodes));
}

void Clients::end(std::size_t client, Ending ending) {
  Call call = *std::exchange(clients_[client].call, std::nullopt);
  cluster_.trace().note(Step::Returned, client, call.id, static_cast<std::uint64_t>(ending));
  if (ending == Ending::Done) call.operation.returned = ++clock_;
  if (ending != Ending::DidNotHappen) histories_[call.key].push_back(call.operation);
  answered_ += ending == Ending::Done ? 1 : 0;
  refused_ += stopped_ && ending == Ending::DidNotHappen ? 1 : 0;
  if (!stopped_) think(client);
}

void Clients::learn(std::size_t client, std::size_t key, RegisterValue value, std::uint64_t version) {
  const auto [known, fresh] = values_[key].emplace(version, value);
  if (!fresh && known->second != value)
    cluster_.verdict().broken("VersionsNameOneValue", keyName(key) + ", version " + std::to_string(version));
  clients_[client].seen[key] = {value, version};
}

void Clients::lastRound(const std::vector<SimNode*>& nodes) {
  stopped_ = true;
  refused_ = 0;
  const std::size_t first = clients_.size();
  clients_.resize(first + 2 * nodes.size() * histories_.size());
  std::size_t client = first;
  for (SimNode* node : nodes) {
    for (std::size_t key = 0; key < histories_.size(); ++key) {
      for (const Kind kind : {Kind::Write, Kind::Read}) {
        Call& call = clients_[client].call.emplace();
        call.id = ++lastCall_;
        call.key = key;
        call.operation.kind = kind;
        call.operation.written = kind == Kind::Write ? call.id : 0;
        call.operation.invoked = ++clock_;
        call.keyed = true;  // a snapshot that comes meanwhile may leave it unknown
        attempt(client++, *node);
      }
    }
  }
}

std::size_t Clients::judge(Verdict& verdict) const {
  std::size_t tooHard = 0;
  for (std::size_t key = 0; key < histories_.size(); ++key) {
    History history = histories_[key];
    for (const Client& client : clients_)
      if (client.call && client.call->key == key && client.call->operation.kind != Kind::Read)
        history.push_back(client.call->operation);
    const Linearizability found = check(history);
    tooHard += found == Linearizability::TooHard ? 1 : 0;
    if (found == Linearizability::Broken)
      verdict.broken("Linearizable", "the history of " + keyName(key) + " has no order that explains it");
  }
  return tooHard;
}

void Clients::judge(const SimNode& node, Verdict& verdict) const {
  for (std::size_t key = 0; key < histories_.size(); ++key) {
    const StoredValue* value = node.coordinator().current().findValue(keyName(key));
    if (acknowledged_[key] > (value == nullptr ? 0 : value->version))
      verdict.broken("NoAcknowledgedWriteLost",
                     keyName(key) + " at member " + std::to_string(node.member().value) +
                         " is older than version " + std::to_string(acknowledged_[key]));
  }
}

}  // namespace clusterkit::sim
