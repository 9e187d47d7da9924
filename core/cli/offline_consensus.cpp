#include "cli/offline_consensus.hpp"

#include <clusterkit/plugin.hpp>

namespace clusterkit::cli {
namespace {

ck_log_entry recordOf(const StoredEntry& entry) {
  return {entry.index.value, entry.term, entry.type, entry.flags, span(entry.bytes)};
}

}  // namespace

std::vector<ck_log_entry> recordsOf(std::span<const StoredEntry> log) {
  std::vector<ck_log_entry> records;
  records.reserve(log.size());
  for (const StoredEntry& entry : log) records.push_back(recordOf(entry));
  return records;
}

OfflineConsensus::OfflineConsensus(OfflineHost& host, const std::string& id)
    : host_(host), plugin_(host.plugin("consensus", id)), config_(plugin_.options.config()) {
  host_.onLoop([&] {
    const HostParts parts = host_.parts();
    services_ =
        std::make_unique<HostServices>(nameOf(plugin_.component, config_), parts, [](const Failure&) {});
    instance_ = std::make_unique<PluginInstance>(plugin_.component, config_, *services_, parts.log);
    table_ = static_cast<const ck_consensus_recovery_1*>(
        instance_->table(CK_CONSENSUS_RECOVERY, sizeof(ck_consensus_recovery_1)));
  });
}

OfflineConsensus::~OfflineConsensus() {
  host_.onLoop([&] { instance_.reset(); });
}

std::optional<std::string_view> OfflineConsensus::commandOf(const StoredEntry& entry) {
  const ck_log_entry record = recordOf(entry);
  ck_span command{};
  ck_error error = makeError(CK_OK, "");
  const ck_status status = table_->command_of(instance_->self(), &record, &command, &error);
  if (status == CK_NOT_FOUND) return std::nullopt;
  if (status != CK_OK) throw RecoveryRefused(textOf(error));
  return view(command);
}

OfflineConsensus::SoleVoter OfflineConsensus::asSoleVoter(ClusterId cluster, MemberId self,
                                                          const StoreImage& image,
                                                          std::span<const StoredEntry> log,
                                                          const std::string& command) {
  const std::vector<ck_log_entry> records = recordsOf(log);
  const ck_store_image abi = image.abi();
  const ck_survivor survivor{
      sizeof(ck_survivor), 0, cluster.value, self.value, &abi, records.data(), records.size(), span(command)};
  SoleVoter out{};
  out.batch.size = sizeof out.batch;
  ck_error error = makeError(CK_OK, "");
  if (table_->as_sole_voter(instance_->self(), &survivor, &out.batch, &error) != CK_OK)
    throw RecoveryRefused(textOf(error));
  for (std::uint64_t i = 0; i < out.batch.member_count; ++i) out.members.emplace_back(out.batch.members[i]);
  return out;
}

}  // namespace clusterkit::cli
