#include "http/api_answers.hpp"

#include <algorithm>

#include "http/query.hpp"

namespace clusterkit::http {
namespace {

ErrorCode codeOf(OutcomeCode code) {
  switch (code) {
    case OutcomeCode::InvalidArgument: return ErrorCode::invalid;
    case OutcomeCode::ValueTooLarge: return ErrorCode::tooLarge;
    case OutcomeCode::QuotaExceeded: return ErrorCode::quotaExceeded;
    case OutcomeCode::NotFound: return ErrorCode::notFound;
    case OutcomeCode::NoCluster: return ErrorCode::notReady;
    default: return ErrorCode::conflict;  // all others: refused because of the present state
  }
}

struct FailureRow {
  FailureKind kind;
  ErrorCode code;
  Applied applied = Applied::no;
};
constexpr FailureRow kFailures[] = {
    {FailureKind::NoLeader, ErrorCode::noLeader},
    {FailureKind::NotLeader, ErrorCode::notLeader},
    {FailureKind::NotReady, ErrorCode::notReady},
    {FailureKind::Unavailable, ErrorCode::unavailable},
    {FailureKind::NoSpace, ErrorCode::noSpace},
    {FailureKind::Refused, ErrorCode::conflict},
    {FailureKind::Removed, ErrorCode::gone},
    {FailureKind::NotFound, ErrorCode::notFound},
    {FailureKind::Invalid, ErrorCode::invalid},
    {FailureKind::TooLarge, ErrorCode::tooLarge},
    {FailureKind::Unsupported, ErrorCode::notImplemented},
    {FailureKind::TimedOut, ErrorCode::timeout, Applied::unknown},
    {FailureKind::Unknown, ErrorCode::unknownOutcome, Applied::unknown},
};

}  // namespace

Error errorOf(const Outcome& refused) {
  Error error{codeOf(refused.code), refused.message, Applied::no};
  if (error.message.empty()) error.message = toString(refused.code);
  if (refused.code != OutcomeCode::NoCluster) error.name = toString(refused.code);
  // Nothing was changed now, but the first request with this key may have changed something long ago.
  if (refused.code == OutcomeCode::IdempotencyExpired) error.applied = Applied::unknown;
  return error;
}

Error errorOf(const Failure& failure) {
  for (const FailureRow& row : kFailures) {
    if (row.kind == failure.kind) return Error{row.code, failure.message, row.applied};
  }
  return Error{ErrorCode::internal, failure.message, Applied::unknown};
}

WriteOptions writeOptions(const Request& request) {
  WriteOptions options;
  options.deadline = clusterDeadline();
  const std::string* key = request.headers.find("Idempotency-Key");
  if (key == nullptr) return options;
  if (request.headers.count("Idempotency-Key") > 1 || key->empty() || key->size() > kMaxIdempotencyKeyBytes) {
    throw RequestError(ErrorCode::invalid, "Idempotency-Key must be given once, with 1 to 255 bytes",
                       Applied::no);
  }
  options.idempotency = Idempotency{*key, LogIndex()};
  if (const std::string* known = request.headers.find("X-ClusterKit-Index")) {
    const auto index = parseDecimal(*known);
    if (!index) throw RequestError(ErrorCode::invalid, "X-ClusterKit-Index must be a number", Applied::no);
    options.idempotency->knownIndex = LogIndex(*index);
  }
  return options;
}

void requireCluster(const ClusterState& state) {
  if (!state.exists()) {
    throw RequestError(ErrorCode::notReady, "this node is not yet part of a cluster", Applied::no);
  }
}

Position positionOf(const ClusterState& state) { return {state.appliedIndex, state.mapEpoch()}; }

}  // namespace clusterkit::http
