// The one mapping of what the cluster answers to errors of the API, and callbacks that answer a kept
// responder.
#pragma once

#include <chrono>
#include <exception>
#include <memory>
#include <utility>

#include "http/cluster_api.hpp"
#include "http/errors.hpp"
#include "http/responder.hpp"
#include "http/router.hpp"

namespace clusterkit::http {

// The cluster gets this long for a write or a linearizable read; the server's own limit is longer.
inline constexpr std::chrono::seconds kClusterTimeout{10};
inline MonotonicTime clusterDeadline() { return std::chrono::steady_clock::now() + kClusterTimeout; }

Error errorOf(const Outcome& refused);  // anything but Applied
Error errorOf(const Failure& failure);

// Takes the responder away: whatever else may throw has to be done in a statement before, not in another
// argument of the same call. A callback that answers `responder` with what `respond` makes of the value, or
// with the error. `respond` runs on the callback's thread and may throw RequestError.
template <class T, class Respond>
Callback<T> answerTo(Responder& responder, Respond respond) {
  auto kept = std::make_shared<Responder>(std::move(responder));
  return [kept, respond = std::move(respond)](Answer<T> answer) {
    try {
      if (const auto* failure = std::get_if<Failure>(&answer)) throw RequestError(errorOf(*failure));
      kept->respond(respond(std::get<T>(std::move(answer))));
    } catch (const RequestError& refused) {
      kept->fail(refused.error());
    } catch (const std::exception& broken) {
      // Nothing may be thrown into the thread that came back; what the cluster did stands.
      kept->fail({ErrorCode::internal, broken.what(), Applied::unknown});
    }
  };
}

// As above for a write: an outcome that was refused is an error.
template <class Respond>
Callback<Outcome> answerWrite(Responder& responder, Respond respond) {
  return answerTo<Outcome>(responder, [respond = std::move(respond)](const Outcome& outcome) {
    if (!outcome.applied()) throw RequestError(errorOf(outcome));
    return respond(outcome);
  });
}

// From the headers Idempotency-Key (1 to 255 bytes) and X-ClusterKit-Index (the index the client had seen
// when it first sent the request). Throws RequestError.
WriteOptions writeOptions(const Request& request);

// Proposes a command for a request and answers with what `respond` makes of the outcome.
template <class Respond>
void proposeFor(ClusterApi& api, Call& call, CommandBody command, Respond respond) {
  WriteOptions options = writeOptions(call.request);  // may throw, so before the responder is given away
  api.propose(std::move(command), std::move(options), answerWrite(call.responder, std::move(respond)));
}

// Throws RequestError 503 when this node is not yet part of a cluster.
void requireCluster(const ClusterState& state);

Position positionOf(const ClusterState& state);

}  // namespace clusterkit::http
