#include "cli/recover_command.hpp"

#include <Poco/JSON/Object.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <ostream>
#include <random>

#include "cli/facts.hpp"
#include "cli/offline_consensus.hpp"
#include "cli/recovery_plan.hpp"
#include "cli/stopped_store.hpp"
#include "cli/store_backup.hpp"
#include "cluster/apply.hpp"
#include "cluster/cluster_generation.hpp"
#include "cluster/command_codec.hpp"
#include "host/text.hpp"

namespace clusterkit::cli {
namespace {

using Arguments = std::vector<std::string>;
using Poco::JSON::Object;

constexpr const char* kHowToConfirm =
    "nothing was changed. Make sure that no other node of this cluster runs and that no other folder has a "
    "newer log (clusterkit store inspect), then say it again with --as-sole-voter";

struct Wanted {
  std::string folder, store = "sqlite", consensus = "raft";
  bool confirmed = false;
};

Wanted wantedBy(Arguments arguments) {
  Wanted wanted;
  wanted.confirmed = std::erase(arguments, "--as-sole-voter") > 0;
  const bool option = std::any_of(arguments.begin(), arguments.end(),
                                  [](const std::string& word) { return word.starts_with("--"); });
  if (option || arguments.empty() || arguments.size() > 3)
    throw UsageError("usage: clusterkit recover FOLDER [--as-sole-voter] [STORE [CONSENSUS]]");
  wanted.folder = std::filesystem::absolute(arguments[0]).string();
  if (arguments.size() > 1) wanted.store = arguments[1];
  if (arguments.size() > 2) wanted.consensus = arguments[2];
  return wanted;
}

// The survivor's store and what it means.
class Patient {
 public:
  Patient(const Wanted& wanted, StoreAccess access)
      : store_(wanted.folder, wanted.store, access), consensus_(store_.host(), wanted.consensus) {
    survivor_.image = store_.image();
    survivor_.identity = store_.identity();
    readLog();
    survivor_.state = stateAtTheEnd();
  }

  const Survivor& survivor() const { return survivor_; }
  OfflineConsensus::SoleVoter soleVoter(const RecoveryPlan& plan) {
    return consensus_.asSoleVoter(plan.identity.cluster, plan.identity.member, survivor_.image, log_,
                                  plan.command);
  }
  // Log, vote and identity in one step: a crash leaves all of it or nothing.
  void recover(const RecoveryPlan& plan) {
    const OfflineConsensus::SoleVoter voter = soleVoter(plan);
    const std::string name(kIdentityName), identity = encodeIdentity(plan.identity);
    const ck_named_value value{name.c_str(), span(identity)};
    ck_store_batch batch{};
    batch.size = sizeof batch;
    batch.flags = CK_BATCH_SYNC;
    batch.hard = &voter.batch.hard;
    batch.entries = voter.batch.entries;
    batch.entry_count = voter.batch.entry_count;
    batch.meta = &value;
    batch.meta_count = 1;
    store_.write(batch);
  }

 private:
  void readLog() {
    LogIndex next = store_.image().first;
    for (auto some = store_.entries(next); !some.empty(); some = store_.entries(next)) {
      next = LogIndex(some.back().index.value + 1);
      std::move(some.begin(), some.end(), std::back_inserter(log_));
    }
  }
  ClusterState stateAtTheEnd() {
    ClusterState state;
    if (const auto snapshot = store_.snapshot()) state = stateOf(*snapshot);
    StateBuilder builder(std::move(state));
    for (const StoredEntry& entry : log_) {
      if (entry.index <= survivor_.image.snapshot.index) continue;
      const auto bytes = consensus_.commandOf(entry);
      if (!bytes) continue;
      const auto decoded = decodeCommand(*bytes);
      if (const auto* error = std::get_if<CommandError>(&decoded))
        throw StoreRefused("the command at index " + std::to_string(entry.index.value) + ": " +
                           error->message);
      builder.apply(entry.index, Epoch(entry.term), std::get<clusterkit::Command>(decoded));
    }
    return builder.state();
  }

  StoppedStore store_;
  OfflineConsensus consensus_;
  Survivor survivor_;
  std::vector<StoredEntry> log_;
};

Object factsOf(const Survivor& survivor, const RecoveryPlan& plan) {
  const Identity& before = *survivor.identity;
  std::string dropped;
  for (const std::string& node : plan.dropped) dropped += (dropped.empty() ? "" : ", ") + node;
  Object facts(Poco::JSON_PRESERVE_KEY_ORDER);
  facts.set("node", before.nodeId);
  facts.set("state", survivor.image.repairing() ? "repairing" : "whole");
  facts.set("cluster", hex64(before.cluster.value));
  facts.set("generation", generationOf(survivor.state.facts->id));
  facts.set("term", survivor.image.term);
  facts.set("commit_index", survivor.image.commit);
  facts.set("last_index", plan.last.value);
  facts.set("last_term", survivor.image.lastTerm);
  facts.set("unsettled_entries", plan.unsettled);
  facts.set("lost_entries", plan.lost);
  facts.set("values", survivor.state.values.size());
  facts.set("dropped_nodes", dropped);
  facts.set("new_cluster", hex64(plan.identity.cluster.value));
  facts.set("new_generation", generationOf(plan.identity.cluster));
  return facts;
}

bool sameLog(const StoreImage& a, const StoreImage& b) {
  return a.term == b.term && a.last == b.last && a.lastTerm == b.lastTerm &&
         a.snapshot.index == b.snapshot.index;
}

std::uint64_t random64() {
  std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

}  // namespace

void recover(const Session& session, const Arguments& arguments) {
  const Wanted wanted = wantedBy(arguments);
  const std::uint64_t random = random64();
  const WallTime now = std::chrono::system_clock::now();
  StoreImage seen;
  Object facts(Poco::JSON_PRESERVE_KEY_ORDER);
  std::string generation;
  {
    Patient copy(wanted, StoreAccess::PrivateCopy);
    const RecoveryPlan plan = planRecovery(copy.survivor(), random, now);
    facts = factsOf(copy.survivor(), plan);
    generation = std::to_string(generationOf(plan.identity.cluster));
    seen = copy.survivor().image;
    const bool needed = !isWholeCluster(copy.survivor(), plan, copy.soleVoter(plan).members.size());
    facts.set("recovery", needed ? "not confirmed" : "not needed: start the node, it is the whole cluster");
    if (!needed || !wanted.confirmed) print(session, facts);
    if (!needed) return;
    if (!wanted.confirmed) throw NotConfirmed(kHowToConfirm);
  }
  const auto backup = backUpStore(wanted.folder, "store.before-generation-" + generation);
  Patient patient(wanted, StoreAccess::InPlace);
  if (!sameLog(patient.survivor().image, seen))
    throw NotConfirmed(wanted.folder + " has changed meanwhile; nothing was written, look at it again");
  patient.recover(planRecovery(patient.survivor(), random, now));
  facts.set("recovery", "done");
  facts.set("backup", backup.string());
  print(session, facts);
}

}  // namespace clusterkit::cli
