#include "daemon/joiner.hpp"

#include <algorithm>
#include <utility>

#include "http/join_message.hpp"
#include "http/json_body.hpp"

namespace clusterkit {
namespace {

using namespace std::chrono_literals;

// A seed that starts at the same moment is there within milliseconds; one that is down for hours is not
// hammered.
constexpr std::chrono::milliseconds kFirstPause = 10ms;
constexpr std::chrono::milliseconds kLongestPause = 2s;
// The leader waits up to 2 s until it reaches the candidate.
constexpr http::ClientTimeouts kTimeouts{.connect = 1s, .answer = 4s, .whole = 5s};

// The message of the API's error shape, or the body as it is.
std::string reasonIn(const http::ClientAnswer& answer) {
  try {
    const http::JsonBody body(answer.body);
    if (const auto error = body.object("error")) return error->requiredText("message");
  } catch (const http::RequestError&) {
    // no JSON: a proxy or another program answers at that address
  }
  return "status " + std::to_string(answer.status) + ": " + answer.body.substr(0, 200);
}

}  // namespace

std::variant<JoinAcceptance, JoinRefusal> askToJoin(const std::string& address, const std::string& body,
                                                    std::shared_ptr<const http::AbortSwitch> abort) {
  using Kind = JoinRefusal::Kind;
  try {
    http::HttpClient client(address, kTimeouts, std::move(abort));
    const http::ClientAnswer answer = client.post("/join", body);
    if (answer.status == 410) return JoinRefusal{Kind::Removed, reasonIn(answer)};
    if (answer.status != 200) return JoinRefusal{Kind::Refused, reasonIn(answer)};
    const http::JoinReply reply = http::parseJoinReply(answer.body);
    JoinAcceptance accepted{reply.accepted.cluster, reply.accepted.nodeCount, {}};
    for (const http::JoinMember& member : reply.members)
      accepted.members.push_back({member.member, member.transportAddress, member.transportKey});
    return accepted;
  } catch (const http::ClientError& error) {
    return JoinRefusal{Kind::NoAnswer, error.what()};
  } catch (const std::invalid_argument& error) {  // what a node advertises, or a seed, is no address
    return JoinRefusal{Kind::NoAnswer, error.what()};
  } catch (const http::RequestError& error) {
    return JoinRefusal{Kind::NoAnswer, std::string("the answer cannot be read: ") + error.what()};
  }
}

Joiner::Joiner(Request request, Log& log, Joined joined)
    : request_(std::move(request)), log_(log), joined_(std::move(joined)), thread_([this] { run(); }) {}

Joiner::~Joiner() { stop(); }

void Joiner::giveUp() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  abort_->abort();
  wake_.notify_all();
}

void Joiner::stop() {
  giveUp();
  if (thread_.joinable()) thread_.join();
}

bool Joiner::pause(std::chrono::milliseconds length) {
  std::unique_lock lock(mutex_);
  return !wake_.wait_for(lock, length, [this] { return stopping_; });
}

void Joiner::run() {
  for (auto pauseLength = kFirstPause; pause(pauseLength);
       pauseLength = std::min(pauseLength * 3 / 2, kLongestPause))
    for (const Address& seed : request_.seeds) {
      if (abort_->aborted()) return;
      const bool own = toString(seed) == request_.ownAddress;
      if (own && request_.seeds.size() == 1)
        report(toString(seed), "it is this node itself; name another one, or none to start a new cluster");
      if (!own && trySeed(seed)) return;
    }
}

bool Joiner::trySeed(const Address& seed) {
  auto answer = askToJoin(toString(seed), request_.body, abort_);
  if (abort_->aborted()) return false;
  if (const auto* refusal = std::get_if<JoinRefusal>(&answer)) {
    report(toString(seed), refusal->reason);
    return false;
  }
  auto& accepted = std::get<JoinAcceptance>(answer);
  log_.info("joined", {{"seed", toString(seed)}, {"nodes", accepted.nodes}});
  joined_(std::move(accepted));
  return true;
}

void Joiner::report(const std::string& seed, const std::string& reason) {
  const std::string line = seed + ' ' + reason;
  if (line == lastReport_) return;
  lastReport_ = line;
  log_.warn("join_failed", {{"seed", seed}, {"reason", reason}, {"then", "trying on"}});
}

}  // namespace clusterkit
