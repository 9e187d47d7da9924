#include "daemon/generation_check.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "cluster/cluster_generation.hpp"
#include "host/text.hpp"
#include "http/json_body.hpp"

namespace clusterkit {
namespace {

using namespace std::chrono_literals;

constexpr Duration kPause = 3s, kPauseSlack = 500ms;
// Of one look, so that many dead addresses do not keep a worker.
constexpr std::size_t kMostAsked = 8;
constexpr http::ClientTimeouts kTimeouts{.connect = 500ms, .answer = 1s, .whole = 2s};

// The id of the cluster that the node at this address belongs to; 0: no answer.
ClusterId clusterAt(const std::string& address, std::shared_ptr<const http::AbortSwitch> abort) {
  try {
    http::HttpClient client(address, kTimeouts, std::move(abort));
    const http::ClientAnswer answer = client.get("/v1/status");
    if (answer.status != 200) return {};
    const auto cluster = http::JsonBody(answer.body).object("cluster");
    const auto id = cluster ? parseHex64(cluster->requiredText("id")) : std::nullopt;
    return ClusterId(id.value_or(0));
  } catch (const http::ClientError&) {
    return {};  // not there
  } catch (const std::invalid_argument&) {
    return {};  // what the node advertises is no address
  } catch (const http::RequestError&) {
    return {};  // another program
  }
}

}  // namespace

GenerationCheck::GenerationCheck(EventLoop& loop, Workers& workers, Coordinator& coordinator,
                                 ClusterId cluster, Superseded superseded)
    : loop_(loop),
      workers_(workers),
      coordinator_(coordinator),
      cluster_(cluster),
      superseded_(std::move(superseded)) {
  coordinator_.addObserver(*this);
  lookLater();
}

GenerationCheck::~GenerationCheck() { stop(); }

void GenerationCheck::stop() {
  superseded_ = nullptr;
  abort_->abort();
  if (later_) loop_.cancel(std::exchange(later_, {}));
}

// At the first sight of the others, before an election among those left behind has ended.
void GenerationCheck::onState(const ClusterState& state, Events) {
  if (state.exists() && !lookedAround_) lookedAround_ = look(Whom::Everybody);
}

void GenerationCheck::lookLater() {
  later_ = loop_.patientTimerAt(loop_.now() + kPause, kPauseSlack, [this] {
    later_ = {};
    look(coordinator_.membership()->leader ? Whom::TheSilent : Whom::Everybody);
    if (superseded_) lookLater();
  });
}

std::vector<std::string> GenerationCheck::addresses(Whom whom) {
  std::vector<std::string> all;
  for (const auto& entry : coordinator_.current().nodes) {
    const NodeRecord& node = *entry.value;
    const bool silent = node.status == NodeStatus::Down || node.status == NodeStatus::Suspect;
    if (node.spec.member == coordinator_.self() || (whom == Whom::TheSilent && !silent)) continue;
    all.push_back(node.spec.httpAddress);
  }
  if (all.size() <= kMostAsked) return all;
  std::rotate(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(asked_ % all.size()), all.end());
  asked_ += kMostAsked;
  all.resize(kMostAsked);
  return all;
}

// False when nobody is asked: there is nobody, or no worker is free.
bool GenerationCheck::look(Whom whom) {
  if (looking_ || !superseded_) return false;
  std::vector<std::string> asked = addresses(whom);
  if (asked.empty()) return false;
  looking_ = workers_.tryRun([this, alive = lifetime_.watch(), &loop = loop_, abort = abort_,
                              asked = std::move(asked), cluster = cluster_] {
    ClusterId later;
    for (const std::string& address : asked) {
      if (abort->aborted()) return;
      if (const ClusterId found = clusterAt(address, abort); supersedes(found, cluster)) later = found;
    }
    loop.post([this, alive, later] {
      if (alive.expired()) return;
      looking_ = false;
      if (!later) return;
      if (auto tell = std::exchange(superseded_, nullptr)) tell(later);
    });
  });
  return looking_;
}

}  // namespace clusterkit
