#include "daemon/generation_check.hpp"

#include <stdexcept>
#include <utility>

namespace clusterkit {
namespace {

using namespace std::chrono_literals;

constexpr Duration kPause = 3s, kPauseSlack = 500ms;
constexpr http::ClientTimeouts kTimeouts{.connect = 500ms, .answer = 1s, .whole = 2s};

// The id of the cluster that the node at this address belongs to; 0: no answer.
ClusterId clusterAt(const std::string& address, std::shared_ptr<const http::AbortSwitch> abort) {
  try {
    http::HttpClient client(address, kTimeouts, std::move(abort));
    const http::ClientAnswer answer = client.get("/v1/status");
    return answer.status == 200 ? clusterIn(answer.body) : ClusterId();
  } catch (const http::ClientError&) {
    return {};  // not there
  } catch (const std::invalid_argument&) {
    return {};  // what the node advertises is no address
  }
}

}  // namespace

GenerationCheck::GenerationCheck(EventLoop& loop, Workers& workers, Coordinator& coordinator,
                                 ClusterId cluster, Superseded superseded)
    : loop_(loop),
      workers_(workers),
      coordinator_(coordinator),
      cluster_(cluster),
      search_(coordinator.self()),
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

// False when nobody is asked: there is nobody, or no worker is free.
bool GenerationCheck::look(Whom whom) {
  if (looking_ || !superseded_) return false;
  std::vector<std::string> asked = search_.next(coordinator_.current(), whom);
  if (asked.empty()) return false;
  looking_ = workers_.tryRun([this, alive = lifetime_.watch(), &loop = loop_, abort = abort_,
                              asked = std::move(asked), cluster = cluster_] {
    std::vector<ClusterId> answers;
    for (const std::string& address : asked) {
      if (abort->aborted()) return;
      answers.push_back(clusterAt(address, abort));
    }
    loop.post([this, alive, later = successorOf(cluster, answers)] {
      if (alive.expired()) return;
      looking_ = false;
      if (!later) return;
      if (auto tell = std::exchange(superseded_, nullptr)) tell(later);
    });
  });
  return looking_;
}

}  // namespace clusterkit
