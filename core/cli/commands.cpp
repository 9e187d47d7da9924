#include "cli/commands.hpp"

#include <Poco/Exception.h>
#include <Poco/JSON/Array.h>
#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>

#include <iostream>
#include <iterator>
#include <optional>

#include "cli/events_command.hpp"
#include "cli/new_sink.hpp"
#include "cli/recover_command.hpp"
#include "cli/store_command.hpp"
#include "cli/table.hpp"
#include "http/query.hpp"

namespace clusterkit::cli {
namespace {

using Poco::JSON::Array;
using Poco::JSON::Object;
using Arguments = std::vector<std::string>;

Object::Ptr parse(const std::string& body) { return Poco::JSON::Parser().parse(body).extract<Object::Ptr>(); }

// Prints the body as it is when JSON is wanted; otherwise gives it parsed.
std::optional<Object::Ptr> shown(const Session& session, const std::string& body) {
  if (session.output == Output::Table) return parse(body);
  session.out << body << "\n";
  return std::nullopt;
}

std::string text(const Object::Ptr& object, const std::string& name) {
  const auto value = object->get(name);
  return value.isEmpty() ? "-" : value.toString();
}

std::string joined(const Array::Ptr& values) {
  std::string out;
  for (unsigned i = 0; !values.isNull() && i < values->size(); ++i)
    out += (i == 0 ? "" : ",") + values->get(i).toString();
  return out.empty() ? "-" : out;
}

// Objects as their parts, "leader.id"; lists have commands of their own.
void addFields(Table& table, const Object::Ptr& object, const std::string& prefix) {
  for (const auto& [name, value] : *object) {
    if (object->isArray(name)) continue;
    if (object->isObject(name))
      addFields(table, object->getObject(name), prefix + name + ".");
    else
      table.add({prefix + name, value.isEmpty() ? "-" : value.toString()});
  }
}

void printFields(const Session& session, const Object::Ptr& object) {
  Table table({"FIELD", "VALUE"});
  addFields(table, object, "");
  session.out << table.text();
}

void getFields(const Session& session, const std::string& target) {
  if (const auto object = shown(session, checked(session.client.get(target)))) printFields(session, *object);
}

void status(const Session& session, const Arguments&) { getFields(session, "/v1/status"); }

void nodes(const Session& session, const Arguments&) {
  const auto body = shown(session, checked(session.client.get("/nodes?limit=1000")));
  if (!body) return;
  Table table({"NODE", "STATUS", "ROLE", "ADDRESS", "ZONE", "WEIGHT"});
  const Array::Ptr all = (*body)->getArray("nodes");
  for (unsigned i = 0; i < all->size(); ++i) {
    const Object::Ptr node = all->getObject(i);
    table.add({text(node, "id"), text(node, "status"), text(node, "role"), text(node, "ip"),
               text(node, "zone"), text(node, "weight")});
  }
  session.out << table.text();
}

void partitions(const Session& session, const Arguments&) {
  const auto body = shown(session, checked(session.client.get("/partitions")));
  if (!body) return;
  Table table({"PARTITION", "PRIMARY", "REPLICAS", "EPOCH", "STATE"});
  const Array::Ptr all = (*body)->getArray("partitions");
  for (unsigned i = 0; i < all->size(); ++i) {
    const Object::Ptr p = all->getObject(i);
    table.add({text(p, "id"), text(p, "primary_node"), joined(p->getArray("replica_nodes")), text(p, "epoch"),
               text(p, "state")});
  }
  session.out << table.text();
}

void lookup(const Session& session, const Arguments& arguments) {
  session.out << checked(session.client.get("/v1/lookup?key=" + http::percentEncode(arguments[0]))) << "\n";
}

std::string valueTarget(const std::string& key) { return "/v1/kv/" + http::percentEncode(key); }

void kvGet(const Session& session, const Arguments& arguments) {
  session.out << checked(session.client.get(valueTarget(arguments[0])));
}

// The value is the second argument, or all of standard input.
void kvPut(const Session& session, const Arguments& arguments) {
  const std::string value =
      arguments.size() > 1 ? arguments[1] : std::string(std::istreambuf_iterator<char>(session.in), {});
  session.out << checked(session.client.put(valueTarget(arguments[0]), value)) << "\n";
}

void kvDelete(const Session& session, const Arguments& arguments) {
  session.out << checked(session.client.del(valueTarget(arguments[0]))) << "\n";
}

// Page after page; what changes meanwhile may or may not be in it.
Array::Ptr keysUnder(const Session& session, const std::string& prefix) {
  const std::string target = "/v1/kv?limit=1000&prefix=" + http::percentEncode(prefix);
  Array::Ptr keys = new Array;
  for (std::string after;;) {
    const Object::Ptr page = parse(checked(session.client.get(target + after)));
    const Array::Ptr some = page->getArray("keys");
    for (unsigned i = 0; i < some->size(); ++i) keys->add(some->get(i));
    if (!page->getValue<bool>("has_more")) return keys;
    after = "&after=" + http::percentEncode(page->getValue<std::string>("next_after"));
  }
}

void kvList(const Session& session, const Arguments& arguments) {
  const Array::Ptr keys = keysUnder(session, arguments.empty() ? "" : arguments[0]);
  if (session.output == Output::Json) {
    Object listed;
    listed.set("keys", keys);
    listed.stringify(session.out);
    session.out << "\n";
    return;
  }
  Table table({"KEY", "VERSION", "SIZE"});
  for (unsigned i = 0; i < keys->size(); ++i) {
    const Object::Ptr key = keys->getObject(i);
    table.add({text(key, "key"), text(key, "version"), text(key, "size")});
  }
  session.out << table.text();
}

void post(const Session& session, const std::string& target) {
  session.out << checked(session.client.post(target, "")) << "\n";
}

void rebalance(const Session& session, const Arguments& arguments) {
  const std::string what = arguments.empty() ? "start" : arguments[0];
  if (what == "show")
    session.out << checked(session.client.get("/v1/rebalance")) << "\n";
  else if (what == "plan")
    post(session, "/v1/rebalance?dry_run=true");
  else if (what == "start")
    post(session, "/v1/rebalance");
  else if (what == "pause" || what == "resume" || what == "cancel")
    post(session, "/v1/rebalance/" + what);
  else
    throw UsageError("rebalance '" + what + "': allowed are start, plan, show, pause, resume, cancel");
}

void drain(const Session& session, const Arguments& arguments) {
  post(session, "/v1/nodes/" + http::percentEncode(arguments[0]) + "/drain");
}

void undrain(const Session& session, const Arguments& arguments) {
  post(session, "/v1/nodes/" + http::percentEncode(arguments[0]) + "/undrain");
}

void removeNode(const Session& session, const Arguments& arguments) {
  session.out << checked(session.client.del("/v1/nodes/" + http::percentEncode(arguments[0]))) << "\n";
}

void transfer(const Session& session, const Arguments& arguments) {
  post(session, arguments.empty() ? "/v1/consensus/transfer"
                                  : "/v1/consensus/transfer?to=" + http::percentEncode(arguments[0]));
}

void plugins(const Session& session, const Arguments&) {
  const auto body = shown(session, checked(session.client.get("/v1/plugins")));
  if (!body) return;
  Table table({"KIND", "PLUGIN", "VERSION", "STATE", "FILE"});
  const Array::Ptr all = (*body)->getArray("plugins");
  for (unsigned i = 0; !all.isNull() && i < all->size(); ++i) {
    const Object::Ptr p = all->getObject(i);
    table.add({text(p, "kind"), text(p, "id"), text(p, "version"), text(p, "state"), text(p, "file")});
  }
  session.out << table.text();
}

// NAME, with --c before or behind it.
void newSink(const Session& session, const Arguments& arguments) {
  Arguments names = arguments;
  const bool inC = std::erase(names, "--c") == 1;
  if (names.size() != 1) throw UsageError("usage: clusterkit new sink NAME [--c]");
  const std::string& name = names.front();
  for (const std::string& file : writeSinkProject(inC ? cSinkTemplate() : cppSinkTemplate(), name, "."))
    session.out << name << "/" << file << "\n";
}

}  // namespace

std::string checked(const http::ClientAnswer& answer) {
  if (answer.status / 100 == 2) return answer.body;
  std::string message = answer.body;
  try {
    const auto error = Poco::JSON::Parser().parse(answer.body).extract<Object::Ptr>()->getObject("error");
    if (!error.isNull())
      message = error->getValue<std::string>("message") + " (" + error->getValue<std::string>("code") + ", " +
                error->getValue<std::string>("outcome") + ")";
  } catch (const Poco::Exception&) {
    message = "status " + std::to_string(answer.status) + ": " + message;
  }
  throw RequestRefused(message);
}

const std::vector<Command>& commands() {
  static const std::vector<Command> all = {
      {"status", "", "what the asked node is and how far it is", 0, 0, status},
      {"nodes", "", "all nodes", 0, 0, nodes},
      {"partitions", "", "all partitions and their owners", 0, 0, partitions},
      {"lookup", "KEY", "the partition of a key and its owners", 1, 1, lookup},
      {"kv get", "KEY", "a replicated value, linearizable", 1, 1, kvGet},
      {"kv put", "KEY [VALUE]", "sets a value; without VALUE, from standard input", 1, 2, kvPut},
      {"kv delete", "KEY", "deletes a value", 1, 1, kvDelete},
      {"kv list", "[PREFIX]", "keys with versions and sizes", 0, 1, kvList},
      {"rebalance", "[start|plan|show|pause|resume|cancel]", "moves partitions to where they should be", 0, 1,
       rebalance},
      {"drain", "NODE", "moves everything away from a node", 1, 1, drain},
      {"undrain", "NODE", "takes a drain back", 1, 1, undrain},
      {"remove", "NODE", "takes a node out of the cluster for good", 1, 1, removeNode},
      {"transfer", "[NODE]", "hands leadership over", 0, 1, transfer},
      {"events", "[--follow] [SINCE] [TYPE,...]", "what happened, and with --follow what happens next", 0, 3,
       events},
      {"store inspect", "FOLDER [PLUGIN]", "what the store of a stopped node holds; asks no node", 1, 2,
       storeInspect},
      {"store verify", "FOLDER [PLUGIN]", "reads all of a stopped node's store and says if it is whole", 1, 2,
       storeVerify},
      {"store dump", "FOLDER [PLUGIN]", "the log of a stopped node, entry by entry", 1, 2, storeDump},
      {"recover", "FOLDER [--as-sole-voter] [STORE [CONSENSUS]]",
       "a stopped survivor becomes the whole cluster; asks no node", 1, 4, recover},
      {"plugins", "", "what the asked node has loaded", 0, 0, plugins},
      {"new sink", "NAME [--c]", "writes a project for a hook sink in C++ or C; asks no node", 1, 2, newSink},
  };
  return all;
}

}  // namespace clusterkit::cli
