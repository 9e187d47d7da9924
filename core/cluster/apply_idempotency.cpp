// Requests that carry a key are applied once. Results are kept for the last `idempotencyRetain` keys, in the
// order of the log; of ten times as many older keys a fingerprint remains, enough to refuse a late
// repetition.
#include "cluster/apply_step.hpp"
#include "cluster/planted.hpp"
#include "cluster/record_codec.hpp"

namespace clusterkit {
namespace {

std::uint64_t fingerprint(HashSeed seed, std::string_view key) { return sipHash(seed, key); }

void retireOldest(ApplyStep& step) {
  ClusterState& state = step.state;
  const auto* oldest = state.idempotencyOrder.first();
  const std::string sequenceKey = oldest->key;
  const std::string key = oldest->value;
  const std::uint64_t print = fingerprint(step.seed(), key);
  const std::uint64_t sequence = BigEndianKey::read(sequenceKey);
  state.idempotencyHorizon = std::max(state.idempotencyHorizon, state.idempotency.find(key)->outcome.index);
  state.idempotencyOrder.erase(sequenceKey);
  state.idempotency.erase(key);
  // Two keys with one fingerprint: the newer one stays, in the newer place.
  if (const auto* twin = state.retiredKeys.find(BigEndianKey(print)))
    state.retiredOrder.erase(BigEndianKey(*twin));
  state.retiredKeys.set(BigEndianKey(print), sequence, sequence);
  state.retiredOrder.set(BigEndianKey(sequence), print, 0);
  const std::uint64_t limit = state.facts->idempotencyRetain * kRetiredKeysPerRecord;
  while (state.retiredKeys.size() > limit) {
    const std::string first = state.retiredOrder.first()->key;
    state.retiredKeys.erase(BigEndianKey(state.retiredOrder.first()->value));
    state.retiredOrder.erase(first);
  }
}

}  // namespace

std::optional<Outcome> findRepeated(const ClusterState& state, const Idempotency& request,
                                    std::uint64_t digest) {
  if (planted(StateDefect::RepeatedRequestAppliedAgain)) return std::nullopt;
  if (request.key.empty() || request.key.size() > kMaxIdempotencyKeyBytes) {
    return refused(OutcomeCode::InvalidArgument, "an idempotency key must have 1 to 255 bytes");
  }
  if (const auto* record = state.idempotency.find(request.key)) {
    if (record->digest == digest) return record->outcome;
    return refused(OutcomeCode::IdempotencyConflict, "this idempotency key was used with another request");
  }
  const bool retired =
      state.retiredKeys.find(BigEndianKey(fingerprint(state.facts->seed, request.key))) != nullptr;
  const bool tooOld = request.knownIndex && request.knownIndex < state.idempotencyHorizon;
  if (retired || tooOld) {
    return refused(
        OutcomeCode::IdempotencyExpired,
        "the result for this idempotency key is no longer known; the request was not applied again");
  }
  return std::nullopt;
}

void rememberOutcome(ApplyStep& step, const Idempotency& request, std::uint64_t digest,
                     const Outcome& outcome) {
  ClusterState& state = step.state;
  if (planted(StateDefect::RepeatedRequestAppliedAgain) && state.idempotency.find(request.key)) return;
  const std::uint64_t sequence = state.nextIdempotencySequence++;
  const IdempotencyRecord record{digest, sequence, outcome};
  state.idempotency.set(request.key, record, contentHash(step.seed(), toProto(request.key, record)));
  state.idempotencyOrder.set(BigEndianKey(sequence), request.key, 0);
  while (state.idempotency.size() > state.facts->idempotencyRetain) retireOldest(step);
}

}  // namespace clusterkit
