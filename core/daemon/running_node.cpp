#include "daemon/running_node.hpp"

#include <sys/stat.h>

#include <filesystem>
#include <utility>

#include "cluster/cluster_generation.hpp"
#include "controller/join_check.hpp"
#include "daemon/exit_code.hpp"
#include "daemon/settings_view.hpp"
#include "daemon/version.hpp"
#include "host/text.hpp"
#include "http/join_message.hpp"

namespace clusterkit {
namespace {

using namespace std::chrono_literals;

// Of a transport that does not start: what its configuration says, or who else is there.
int exitCodeOf(Status status) {
  if (status == Status::Conflict) return kExitAddressInUse;
  return status == Status::Invalid ? kExitConfiguration : kExitPlugin;
}

std::string_view adviceFor(int exitCode) {
  if (exitCode == kExitStore)
    return "the node stops; nothing was acknowledged that its disk did not take; see to the disk, then start "
           "it again";
  return "the node stops";
}

// Of a store at the start. What else may be wrong with it, it says itself with what to do.
std::string withAdvice(Status status, const std::string& reason) {
  const bool disk = status == Status::Io || status == Status::NoSpace;
  return disk ? reason + "; see to the disk, then start the node again" : reason;
}

std::unique_ptr<http::HttpServer> listen(const Settings& settings, http::Api& api) {
  try {
    return std::make_unique<http::HttpServer>(serverOptions(settings.http), api);
  } catch (const http::ListenError& error) {
    const bool inUse = error.reason() == http::ListenError::Reason::AddressInUse;
    throw NodeFailure(inUse ? kExitAddressInUse : kExitConfiguration, error.what());
  }
}

}  // namespace

RunningNode::RunningNode(Settings settings, ChosenPlugins plugins, Log& log, Ended ended, NodeExtras extras)
    : settings_(std::move(settings)),
      plugins_(std::move(plugins)),
      log_(log),
      ended_(std::move(ended)),
      loop_({.slowTask = 100ms,
             .onSlowTask =
                 [this](Duration took) {
                   log_.warn("slow_turn", {{"took_ms", took}});
                 }}),
      storeConfig_(plugins_.store.options.config()),
      transportConfig_(plugins_.transport.options.config()),
      consensusConfig_(plugins_.consensus.options.config()),
      coordinator_(loop_, log_, [this](const std::string& reason) { fail(kExitInvariant, reason); }),
      stack_({{plugins_.store.component, storeConfig_},
              {plugins_.transport.component, transportConfig_},
              {plugins_.consensus.component, consensusConfig_}},
             {loop_, workers_, log_, metrics_}, coordinator_,
             [this](const std::string& reason, PluginExit exit) { fail(static_cast<int>(exit), reason); }),
      deadLetters_(loop_, workers_, settings_.node.dataDir / "dead-letters"),
      extras_(std::move(extras)),
      createdAt_(loop_.now()) {
  makeSinks();
  if (plugins_.folder) plugins_.folder->keep();
}

RunningNode::~RunningNode() { stop(); }

void RunningNode::start() {
  thread_ = std::thread([this] { loop_.run(); });
  loop_.post([this] { openStore(); });
  started_.get_future().get();  // throws what fail() put there
  http_ = std::make_unique<http::Api>(*api_, settings_.http.allowedHosts);
  sinksHandler_ = std::make_unique<http::SinksHandler>(*api_, *journalControl_);
  sinksHandler_->addTo(http_->router());
  server_ = listen(settings_, *http_);
  http_->attach(*server_);
  server_->start();
  loop_.post([this] { enterCluster(); });
}

void RunningNode::fail(int exitCode, const std::string& reason) {
  if (std::exchange(failed_, true)) return;
  if (!std::exchange(startAnswered_, true)) {
    started_.set_exception(std::make_exception_ptr(NodeFailure(exitCode, reason)));
  } else {
    log_.error("node_failed", {{"reason", reason}, {"then", adviceFor(exitCode)}, {"exit_code", exitCode}});
    ended_(exitCode, reason);
  }
}

void RunningNode::openStore() {
  stack_.startStore([this](Result<StoreImage> image) {
    if (image)
      storeOpened(image.value());
    else
      fail(kExitStore, withAdvice(image.failure().status, image.failure().text));
  });
}

void RunningNode::storeOpened(const StoreImage& image) {
  loadIdentity(stack_.store(), [this, image](Result<std::optional<Identity>> found) {
    if (found)
      identityLoaded(image, std::move(found.value()));
    else
      fail(kExitStore, withAdvice(found.failure().status, found.failure().text));
  });
}

void RunningNode::identityLoaded(const StoreImage& image, std::optional<Identity> found) {
  if (!found && !image.empty())
    return fail(kExitStore,
                "the data folder " + settings_.node.dataDir.string() +
                    " holds a log but no identity: restore the folder, or remove it to join as a new member");
  if (found && found->nodeId != settings_.node.id)
    return fail(2, "the data folder " + settings_.node.dataDir.string() + " belongs to node '" +
                       found->nodeId + "', the configuration says node.id = " + settings_.node.id);
  if (found) {
    identity_ = *found;
    // Without a log it knows no other member: it founds or joins once more, under the ids that it has. A kill
    // between the identity and the first entry would leave it deaf otherwise.
    restarted_ = identity_.cluster && (image.last || image.snapshot.index);
  }
  while (!identity_.member) identity_.member = MemberId(loop_.random64());
  identity_.nodeId = settings_.node.id;
  ++identity_.boot;  // on disk before this run says anything under that number
  save([this] { startTransport(); });
}

void RunningNode::save(std::function<void()> then) {
  saveIdentity(stack_.store(), identity_, [this, then = std::move(then)](CallOutcome outcome) {
    if (stopped_ && startAnswered_) return;  // the stack is being taken down: nothing may be started any more
    if (outcome.ok())
      then();
    else
      fail(kExitStore,
           "the identity of the node cannot be stored: " + withAdvice(outcome.status, outcome.text));
  });
}

void RunningNode::startTransport() {
  try {
    transport_ = stack_.startTransport(identity_.member);
  } catch (const PluginError& error) {
    return fail(exitCodeOf(error.status()), error.what());
  }
  assemble();
  try {
    startSinks();
  } catch (const PluginError& error) {
    return fail(kExitPlugin, error.what());
  }
  startAnswered_ = true;
  started_.set_value();
}

// Now that the node knows who it is, everything that speaks in its name.
void RunningNode::assemble() {
  httpAddress_ = advertisedHttp(settings_.http);
  coordinator_.attach(stack_, identity_.member, identity_.boot);
  coordinator_.peers().setCluster(identity_.cluster);
  self_ = describeNode();
  duties_ = std::make_unique<LeaderDuties>(
      LeaderDuties::Parts{loop_, log_, coordinator_, stack_.transport(), stack_.consensus()},
      dutySettings(settings_), LeaderDuties::Founding{describeCluster(), self_});
  gate_ = std::make_unique<LeaderGate>(loop_, coordinator_, *duties_);
  api_ = std::make_unique<NodeApi>(
      loop_, coordinator_, *gate_, metrics_, eventLines_,
      NodeApi::Self{self_.id,
                    self_.name,
                    self_.member,
                    httpAddress_,
                    {{"consensus", "", plugins_.consensus.component.id, plugins_.consensus.version,
                      plugins_.consensus.file, "running", ""},
                     {"transport", "", plugins_.transport.component.id, plugins_.transport.version,
                      plugins_.transport.file, "running", ""},
                     {"store", "", plugins_.store.component.id, plugins_.store.version, plugins_.store.file,
                      "running", ""}}});
  announcer_ = std::make_unique<Announcer>(loop_, coordinator_, *gate_, log_, self_);
  fixedFacts_ = std::make_unique<FixedFactsCheck>(coordinator_, log_, clusterFacts(settings_));
}

NodeSpec RunningNode::describeNode() {
  NodeSpec spec;
  spec.id = settings_.node.id;
  spec.member = identity_.member;
  spec.boot = identity_.boot;
  spec.name = settings_.node.name;
  spec.httpAddress = httpAddress_;
  spec.transportAddress = transport_.endpoint;
  spec.transportKey = transport_.publicKey;
  spec.zone = settings_.node.zone;
  spec.weight = settings_.node.weight;
  spec.version = kVersion;
  for (const ServiceSettings& service : settings_.services) spec.services.push_back(serviceSpec(service));
  return spec;
}

ClusterFacts RunningNode::describeCluster() {
  ClusterFacts facts = clusterFacts(settings_);
  facts.id = identity_.cluster;
  loop_.random(&facts.seed, sizeof facts.seed);
  return facts;
}

void RunningNode::enterCluster() {
  if (failed_ || stopped_) return;
  if (identity_.supersededBy) {
    announceStart("left behind");
    standBehind();
  } else if (restarted_) {
    announceStart("restart");
    startConsensus(BootKind::Restart);
  } else if (settings_.cluster.seeds.empty()) {
    foundCluster();
  } else {
    announceStart("join");
    joinCluster();
  }
}

void RunningNode::foundCluster() {
  identity_.cluster = identity_.cluster ? identity_.cluster : foundingId(loop_.random64());
  announceStart("new cluster");
  duties_->setFoundingId(identity_.cluster);
  coordinator_.peers().setCluster(identity_.cluster);
  save([this] { startConsensus(BootKind::New); });
}

void RunningNode::joinCluster() {
  Joiner::Request request{settings_.cluster.seeds, joinQuestion(), httpAddress_};
  joiner_ = std::make_unique<Joiner>(std::move(request), log_, [this](JoinAcceptance accepted) {
    loop_.post([this, accepted = std::move(accepted)]() mutable {
      if (!failed_ && !stopped_) joined(accepted.cluster, std::move(accepted.members));
    });
  });
}

void RunningNode::joined(ClusterId cluster, std::vector<Peer> members) {
  identity_.cluster = cluster;
  coordinator_.peers().setCluster(cluster);
  // Until the log brings the configuration, these are whom this node listens to.
  for (Peer& member : members)
    if (member.member != identity_.member) stack_.transport().addCandidate(std::move(member));
  save([this] { startConsensus(BootKind::Join); });
}

void RunningNode::startConsensus(BootKind kind) {
  if (failed_ || stopped_) return;  // told to stop while the identity was being stored
  try {
    stack_.startConsensus(
        {kind, identity_.cluster, {identity_.member, transport_.endpoint, transport_.publicKey}});
  } catch (const PluginError& error) {
    return fail(kExitPlugin, error.what());
  }
  api_->watchConsensus();
  membershipCheck_ = std::make_unique<MembershipCheck>(loop_, workers_, coordinator_, stack_.transport(),
                                                       log_, joinQuestion(), [this] {
                                                         if (!std::exchange(failed_, true))
                                                           ended_(0, "removed from the cluster");
                                                       });
  generationCheck_ = std::make_unique<GenerationCheck>(loop_, workers_, coordinator_, identity_.cluster,
                                                       [this](ClusterId by) { leaveBehind(by); });
}

std::string RunningNode::joinQuestion() const {
  http::JoinRequest question;
  question.node = self_;
  if (identity_.cluster) question.cluster = identity_.cluster;
  question.clusterName = settings_.cluster.name;
  question.partitionCount = settings_.cluster.partitionCount;
  question.replicationFactor = settings_.cluster.replicationFactor;
  question.protocol = kProtocol;
  return http::joinRequestBody(question);
}

void RunningNode::announceStart(const char* manner) {
  const auto named = [](const ChosenPlugin& p) { return std::string(p.component.id) + " " + p.version; };
  log_.info(
      "clusterkit",
      {{"version", kVersion}, {"node", self_.id}, {"member", hex64(self_.member.value)}, {"start", manner}});
  log_.info("cluster", {{"name", settings_.cluster.name},
                        {"id", identity_.cluster ? hex64(identity_.cluster.value) : "not known yet"}});
  log_.info("addresses", {{"http", httpAddress_}, {"transport", transport_.endpoint}});
  std::string sinks;
  for (std::size_t i = 0; i < plugins_.sinks.size(); ++i)
    sinks += (i == 0 ? "" : ", ") + settings_.sinks[i].rules.name + ": " + named(plugins_.sinks[i]);
  log_.info("plugins", {{"consensus", named(plugins_.consensus)},
                        {"transport", named(plugins_.transport)},
                        {"store", named(plugins_.store)},
                        {"sinks", sinks}});
  log_.info("data", {{"folder", settings_.node.dataDir.string()},
                     {"started_ms", Duration(loop_.now() - createdAt_)}});
}

}  // namespace clusterkit
