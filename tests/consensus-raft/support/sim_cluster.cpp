#include "support/sim_cluster.hpp"

#include <algorithm>
#include <utility>

namespace clusterkit::raft::test {

SimCluster::SimCluster(std::uint64_t seed, std::vector<MemberId> voters, Options options)
    : prng_(seed), options_(options) {
  const Configuration configuration = configurationOf(voters);
  for (MemberId id : voters) addWithLog(id, configuration, {});
}

SimNode& SimCluster::make(MemberId id) {
  SimNode::Surroundings around;
  around.checker = &checker_;
  around.send = [this](const Message& m) { network_.send(now_, m, prng_); };
  around.disks = [this] {
    SafetyChecker::Disks disks;
    for (const auto& [member, n] : nodes_) disks[member] = &n->disk().durable();
    return disks;
  };
  auto& slot = nodes_[id];
  slot = std::make_unique<SimNode>(id, options_, std::move(around));
  return *slot;
}

SimNode& SimCluster::addFresh(MemberId id) {
  SimNode& n = make(id);
  n.start(now_, prng_.next(), SimNode::Boot::FromDisk);
  return n;
}

SimNode& SimCluster::bootstrap(MemberId id) {
  SimNode& n = make(id);
  n.start(now_, prng_.next(), SimNode::Boot::NewCluster);
  return n;
}

SimNode& SimCluster::addWithLog(MemberId id, const Configuration& configuration,
                                std::vector<std::uint64_t> terms, HardState hard) {
  SimNode& n = make(id);
  const InitialState state = stateOf(id, configuration, std::move(terms), hard);
  n.disk().durable().hard = state.hard;
  for (const Entry& e : state.entries) n.disk().durable().log[e.index] = e;
  n.start(now_, prng_.next(), SimNode::Boot::FromDisk);
  return n;
}

std::vector<MemberId> SimCluster::members() const {
  std::vector<MemberId> ids;
  for (const auto& [id, n] : nodes_) ids.push_back(id);
  return ids;
}

std::vector<MemberId> SimCluster::upMembers() const {
  std::vector<MemberId> ids;
  for (const auto& [id, n] : nodes_) {
    if (n->isUp()) ids.push_back(id);
  }
  return ids;
}

std::vector<MemberId> SimCluster::followers() const {
  std::vector<MemberId> ids = upMembers();
  std::erase(ids, leader());
  return ids;
}

void SimCluster::join(MemberId id) {
  addFresh(id);
  ASSERT_EQ(await(change(leader(), AddLearner{member(id)})), OutcomeCode::Ok);
  const bool caughtUp = runUntil([&] {
    const Raft& raft = node(leader()).raft();
    const Progress* progress = raft.progressOf(id);
    return progress != nullptr && progress->matchIndex == raft.log().lastIndex();
  });
  ASSERT_TRUE(caughtUp) << describe();
}

void SimCluster::restart(MemberId id, SimNode::Boot boot, LogIndex highWater) {
  if (node(id).isUp()) crash(id);
  node(id).start(now_, prng_.next(), boot, highWater);
}

void SimCluster::isolate(MemberId id) {
  for (const auto& [other, n] : nodes_) {
    if (other != id) network_.cut(id, other);
  }
}

void SimCluster::split(const std::vector<MemberId>& left, const std::vector<MemberId>& right) {
  for (MemberId a : left) {
    for (MemberId b : right) network_.cut(a, b);
  }
}

Handle SimCluster::propose(MemberId at, std::string command) {
  const Handle handle{++lastHandle_};
  calls_[handle] = at;
  node(at).expectWrite(handle, command);
  step(at, Propose{{bytes(std::move(command))}, handle});
  return handle;
}

Handle SimCluster::barrier(MemberId at) {
  const Handle handle{++lastHandle_};
  calls_[handle] = at;
  node(at).expectRead(handle);
  step(at, Barrier{handle});
  return handle;
}

Handle SimCluster::change(MemberId at, MemberChange change) {
  const Handle handle{++lastHandle_};
  calls_[handle] = at;
  step(at, ChangeMembers{std::move(change), handle});
  return handle;
}

Handle SimCluster::transfer(MemberId from, MemberId to) {
  const Handle handle{++lastHandle_};
  calls_[handle] = from;
  step(from, TransferLeadership{to, handle});
  return handle;
}

std::optional<Outcome> SimCluster::outcome(Handle handle) const {
  return nodes_.at(calls_.at(handle))->outcome(handle);
}

OutcomeCode SimCluster::promote(MemberId id) {
  const MonotonicTime until = now_ + 5s;
  OutcomeCode code = OutcomeCode::Conflict;
  while (code == OutcomeCode::Conflict && now_ < until) {
    code = await(change(leader(), PromoteLearner{id}));
    if (code == OutcomeCode::Conflict) runFor(50ms);
  }
  return code;
}

OutcomeCode SimCluster::await(Handle handle, Duration limit) {
  const bool ended = runUntil([&] { return hasEnded(handle); }, limit);
  EXPECT_TRUE(ended) << "call " << handle.value << " does not end\n" << describe();
  return ended ? outcome(handle)->code : OutcomeCode::Unknown;
}

// One moment of time: everything that is due happens. False when nothing is due up to `until`.
bool SimCluster::advance(MonotonicTime until) {
  MonotonicTime due = network_.nextDelivery();
  for (const auto& [id, n] : nodes_) due = std::min({due, n->disk().nextCompletion(), n->nextDeadline()});
  if (due > until) {
    now_ = until;
    return false;
  }
  now_ = std::max(now_, due);
  for (const auto& [id, n] : nodes_) n->disk().completeDue(now_);
  for (Message& m : network_.takeDue(now_)) {
    const auto to = nodes_.find(m.to);
    if (to == nodes_.end() || network_.isCut(m.from, m.to)) continue;
    const MemberId from = m.from;
    to->second->feed(now_, Receive{from, std::move(m)});
  }
  for (const auto& [id, n] : nodes_) {
    if (n->nextDeadline() <= now_) n->feed(now_, Tick{now_});
  }
  return true;
}

void SimCluster::runFor(Duration d) {
  const MonotonicTime until = now_ + d;
  while (advance(until)) {
  }
}

bool SimCluster::runUntil(const std::function<bool()>& condition, Duration limit) {
  const MonotonicTime until = now_ + limit;
  while (!condition()) {
    if (!advance(until)) return condition();
  }
  return true;
}

MemberId SimCluster::leader() const {
  MemberId best;
  Term term;
  for (const auto& [id, n] : nodes_) {
    if (!n->isUp() || n->raft().role() != Role::Leader || n->raft().term() <= term) continue;
    best = id;
    term = n->raft().term();
  }
  return best;
}

void SimCluster::elect(MemberId id) {
  network_.filter = [id](const Message& m) {
    return m.from == id || !std::holds_alternative<PreVoteRequest>(m.body);
  };
  EXPECT_TRUE(runUntil([&] { return leader() == id; })) << describe();
  EXPECT_EQ(awaitLeader(), id);
  network_.filter = nullptr;
}

Term SimCluster::highestTerm() const {
  Term highest;
  for (const auto& [id, n] : nodes_) {
    if (n->isUp()) highest = std::max(highest, n->raft().term());
  }
  return highest;
}

MemberId SimCluster::awaitLeader(Duration limit) {
  const bool found = runUntil(
      [this] {
        const MemberId id = leader();
        if (!id) return false;
        const Raft& raft = nodes_.at(id)->raft();
        return raft.log().termAt(raft.status().commitIndex) == raft.term();
      },
      limit);
  EXPECT_TRUE(found) << "no leader with a committed entry of its term\n" << describe();
  return found ? leader() : MemberId{};
}

bool SimCluster::commitSomething(Duration limit) {
  const MonotonicTime until = now_ + limit;
  while (now_ < until) {
    if (!runUntil([this] { return static_cast<bool>(leader()); }, until - now_)) return false;
    const Handle write = propose(leader(), "write-" + std::to_string(lastHandle_ + 1));
    if (runUntil([&] { return hasEnded(write); }, std::min<Duration>(500ms, until - now_)) && isOk(write))
      return true;
    runFor(std::min<Duration>(10ms, until - now_));
  }
  return false;
}

bool SimCluster::isConverged() const {
  const MemberId best = leader();
  if (!best) return false;
  const SimNode& reference = *nodes_.at(best);
  const LogIndex last = reference.raft().log().lastIndex();
  if (reference.appliedIndex() != last) return false;
  for (const auto& [id, n] : nodes_) {
    const bool belongs = n->isUp() && reference.raft().configuration().contains(id);
    if (belongs && (n->appliedIndex() != last || n->raft().log().lastIndex() != last)) return false;
  }
  return true;
}

std::string SimCluster::describe() const {
  static const char* const roles[] = {"follower", "pre-candidate", "candidate",
                                      "leader",   "learner",       "removed"};
  std::string text;
  for (const auto& [id, n] : nodes_) {
    text += "member " + std::to_string(id.value);
    if (!n->isUp()) {
      text += " down\n";
      continue;
    }
    const Status s = n->status();
    const auto put = [&](const char* name, std::uint64_t v) {
      text += std::string(" ") + name + " " + std::to_string(v);
    };
    text += std::string(" ") + roles[static_cast<int>(s.role)];
    put("term", s.term.value);
    put("leader", s.leader.value);
    put("commit", s.commitIndex.value);
    put("applied", s.appliedIndex.value);
    put("first", s.firstIndex.value);
    put("last", s.lastIndex.value);
    put("durable", s.durableIndex.value);
    put("snapshot", s.snapshotIndex.value);
    put("unknown", s.counters.unknownMember);
    put("impossible", s.counters.impossible);
    if (s.repairing) text += " repairing";
    text += " [";
    for (const Member& m : n->raft().configuration().members) {
      text += std::to_string(m.id.value) + (m.kind == MemberKind::Voter     ? "v"
                                            : m.kind == MemberKind::Learner ? "l"
                                                                            : "x");
      text += m.outgoingVoter ? "o " : " ";
    }
    text += "]\n";
  }
  return text;
}

void SimCluster::expectConverged(Duration limit) {
  ASSERT_TRUE(runUntil([this] { return isConverged(); }, limit)) << "the members do not agree in time\n"
                                                                 << describe();
  const SimNode& reference = node(leader());
  checker_.survives(reference.applied());
  for (const auto& [id, n] : nodes_) {
    if (!n->isUp() || !reference.raft().configuration().contains(id)) continue;
    EXPECT_EQ(n->commands(), reference.commands()) << "member " << id.value << " has another state";
  }
}

}  // namespace clusterkit::raft::test
