// Small replicated values: compare-and-set by version, within a quota.
#include "cluster/apply_step.hpp"
#include "cluster/planted.hpp"
#include "cluster/record_codec.hpp"
#include "host/utf8.hpp"

namespace clusterkit {
namespace {

std::optional<Outcome> badKey(std::string_view key) {
  if (key.empty() || key.size() > kMaxKeyBytes) {
    return refused(OutcomeCode::InvalidArgument,
                   "a key must have 1 to 512 bytes, this one has " + std::to_string(key.size()));
  }
  if (!isUtf8(key)) return refused(OutcomeCode::InvalidArgument, "a key must be UTF-8");
  return std::nullopt;
}

std::optional<Outcome> conflict(const std::optional<std::uint64_t>& expected, std::uint64_t present) {
  if (!expected || *expected == present || planted(StateDefect::VersionNotCompared)) return std::nullopt;
  return refused(
      OutcomeCode::VersionConflict,
      "expected version " + std::to_string(*expected) + ", the value has " + std::to_string(present),
      present);
}

Outcome written(std::uint64_t version) {
  Outcome outcome;
  outcome.version = version;
  return outcome;
}

}  // namespace

Outcome applyBody(ApplyStep& step, const SetValue& command) {
  ClusterState& state = step.state;
  if (auto bad = badKey(command.key)) return *std::move(bad);
  if (command.bytes.size() > kMaxValueBytes) {
    return refused(OutcomeCode::ValueTooLarge,
                   "a value may have 1048576 bytes, this one has " + std::to_string(command.bytes.size()));
  }
  const StoredValue* present = state.values.find(command.key);
  const std::uint64_t presentVersion = present ? present->version : 0;
  if (auto other = conflict(command.expectedVersion, presentVersion)) return *std::move(other);
  const std::uint64_t before = present ? valueWeight(command.key, *present->bytes) : 0;
  const std::uint64_t weight = valueWeight(command.key, command.bytes);
  // A value that does not grow is always welcome, or a full store could not be made smaller.
  if (weight > before && state.values.weight() - before + weight > state.facts->valueQuotaBytes) {
    return refused(OutcomeCode::QuotaExceeded,
                   "all values together may take " + std::to_string(state.facts->valueQuotaBytes) +
                       " bytes, " + std::to_string(state.values.weight()) + " are in use",
                   presentVersion);
  }
  const std::uint64_t version = step.index.value;
  state.values.set(command.key, {std::make_shared<const std::string>(command.bytes), version},
                   valueHash(step.seed(), command.bytes, version), weight);
  step.emit(ValueChange{command.key, version, command.bytes.size(), ValueChange::Kind::Set});
  return written(version);
}

Outcome applyBody(ApplyStep& step, const DeleteValue& command) {
  ClusterState& state = step.state;
  if (auto bad = badKey(command.key)) return *std::move(bad);
  const StoredValue* present = state.values.find(command.key);
  const std::uint64_t presentVersion = present ? present->version : 0;
  if (auto other = conflict(command.expectedVersion, presentVersion)) return *std::move(other);
  if (!present) return refused(OutcomeCode::NotFound, "there is no value under this key");
  state.values.erase(command.key);
  step.emit(ValueChange{command.key, step.index.value, 0, ValueChange::Kind::Deleted});
  return written(step.index.value);
}

}  // namespace clusterkit
