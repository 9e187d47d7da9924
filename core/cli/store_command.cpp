#include "cli/store_command.hpp"

#include <Poco/Base64Encoder.h>
#include <Poco/JSON/Object.h>

#include <ostream>
#include <sstream>

#include "cli/facts.hpp"
#include "cli/stopped_store.hpp"
#include "cli/table.hpp"
#include "cluster/cluster_generation.hpp"
#include "cluster/command_codec.hpp"
#include "host/text.hpp"

namespace clusterkit::cli {
namespace {

using Poco::JSON::Object;
using Arguments = std::vector<std::string>;

constexpr const char* kUsualStore = "sqlite";

StoppedStore open(const Arguments& arguments) {
  return StoppedStore(arguments[0], arguments.size() > 1 ? arguments[1] : kUsualStore);
}

std::string base64(const std::string& bytes) {
  std::ostringstream out;
  Poco::Base64Encoder encoder(out);
  encoder.rdbuf()->setLineLength(0);
  encoder << bytes;
  encoder.close();
  return out.str();
}

std::string joined(const std::vector<std::string>& lines) {
  std::string out;
  for (const std::string& line : lines) out += (out.empty() ? "" : "; ") + line;
  return out;
}

// What the host makes of an entry: the name of its command, empty for what the consensus keeps for itself.
std::string commandIn(const StoredEntry& entry) {
  const auto decoded = decodeCommand(entry.bytes);
  const auto* command = std::get_if<clusterkit::Command>(&decoded);
  return command == nullptr ? "" : std::string(commandName(command->body));
}

Object factsOf(StoppedStore& store) {
  const StoreImage& image = store.image();
  Object facts(Poco::JSON_PRESERVE_KEY_ORDER);
  facts.set("state", image.repairing() ? "repairing" : "whole");
  if (const auto identity = store.identity()) {
    facts.set("node", identity->nodeId);
    facts.set("member", hex64(identity->member.value));
    facts.set("cluster", hex64(identity->cluster.value));
    facts.set("generation", generationOf(identity->cluster));
    if (identity->supersededBy) facts.set("superseded_by", hex64(identity->supersededBy.value));
    facts.set("boot", identity->boot);
  }
  facts.set("format", image.format);
  facts.set("term", image.term);
  facts.set("voted_for", image.votedFor == 0 ? "" : hex64(image.votedFor));
  facts.set("commit_index", image.commit);
  facts.set("first_index", image.first.value);
  facts.set("last_index", image.last ? image.last.value : image.snapshot.index.value);
  facts.set("last_term", image.lastTerm);
  facts.set("high_water_index", image.highWater.value);
  facts.set("snapshot_index", image.snapshot.index.value);
  facts.set("snapshot_term", image.snapshot.term);
  facts.set("snapshot_bytes", image.snapshot.totalSize);
  return facts;
}

void addState(Object& facts, const ClusterState& state) {
  facts.set("state_index", state.appliedIndex.value);
  facts.set("state_hash", hex64(stateHash(state)));
  facts.set("state_nodes", state.nodes.size());
  facts.set("state_values", state.values.size());
}

// How many entries could be read. Each is checked by the plugin as it is read.
std::uint64_t readEveryEntry(StoppedStore& store) {
  std::uint64_t count = 0;
  LogIndex next = store.image().first;
  for (auto some = store.entries(next); !some.empty(); some = store.entries(next)) {
    for (const StoredEntry& entry : some) {
      if (entry.index != next)
        throw StoreRefused("entry " + std::to_string(next.value) + " is missing in the log");
      next = LogIndex(next.value + 1);
      ++count;
    }
  }
  return count;
}

}  // namespace

void storeInspect(const Session& session, const std::vector<std::string>& arguments) {
  StoppedStore store = open(arguments);
  Object facts = factsOf(store);
  if (const auto snapshot = store.snapshot()) addState(facts, stateOf(*snapshot));
  print(session, facts);
}

void storeVerify(const Session& session, const std::vector<std::string>& arguments) {
  Object found(Poco::JSON_PRESERVE_KEY_ORDER);
  std::string problem;
  try {
    StoppedStore store = open(arguments);
    found.set("verdict", store.image().repairing() ? "repairing" : "whole");
    if (store.image().repairing()) problem = "acknowledged data is missing; the leader will make it whole";
    if (const std::string warnings = joined(store.warnings()); !warnings.empty())
      found.set("found", warnings);
    found.set("entries_read", readEveryEntry(store));
    const auto snapshot = store.snapshot();
    found.set("snapshot_read", snapshot ? snapshot->meta.index.value : 0);
    if (snapshot) addState(found, stateOf(*snapshot));
  } catch (const StoreRefused& refused) {
    problem = refused.what();
    found.set("verdict", "refused");
    found.set("found", problem);
  }
  print(session, found);
  if (!problem.empty()) throw StoreNotWhole(problem);
}

void storeDump(const Session& session, const std::vector<std::string>& arguments) {
  StoppedStore store = open(arguments);
  Table table({"INDEX", "TERM", "TYPE", "BYTES", "COMMAND"});
  LogIndex next = store.image().first;
  for (auto some = store.entries(next); !some.empty(); some = store.entries(next)) {
    for (const StoredEntry& entry : some) {
      const std::string command = commandIn(entry);
      if (session.output == Output::Json) {
        Object line(Poco::JSON_PRESERVE_KEY_ORDER);
        line.set("index", entry.index.value);
        line.set("term", entry.term);
        line.set("type", entry.type);
        line.set("flags", entry.flags);
        line.set("command", command);
        line.set("data", base64(entry.bytes));
        line.stringify(session.out);
        session.out << "\n";
      } else {
        table.add({std::to_string(entry.index.value), std::to_string(entry.term), std::to_string(entry.type),
                   std::to_string(entry.bytes.size()), command.empty() ? "-" : command});
      }
    }
    next = LogIndex(some.back().index.value + 1);
  }
  if (session.output == Output::Table) session.out << table.text();
}

}  // namespace clusterkit::cli
