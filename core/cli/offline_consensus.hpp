// A consensus plugin that is not started: asked what the entries of a log are, and what to write behind it so
// that a survivor wakes up as the only voter (clusterkit/consensus.h, CK_CONSENSUS_RECOVERY).
#pragma once

#include <clusterkit/consensus.h>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/offline_host.hpp"
#include "host/cluster_types.hpp"
#include "host/plugin_instance.hpp"

namespace clusterkit::cli {

// The plugin cannot do it for this log; the text says why and what to do.
class RecoveryRefused : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// As the log's records are kept by the store.
std::vector<ck_log_entry> recordsOf(std::span<const StoredEntry> log);  // borrows from `log`

class OfflineConsensus {
 public:
  // `host` outlives it. Throws PluginError when the plugin cannot recover.
  OfflineConsensus(OfflineHost& host, const std::string& id);
  ~OfflineConsensus();
  OfflineConsensus(const OfflineConsensus&) = delete;
  OfflineConsensus& operator=(const OfflineConsensus&) = delete;

  // Nothing: an entry of the consensus' own. Borrows from the entry. Throws RecoveryRefused.
  std::optional<std::string_view> commandOf(const StoredEntry& entry);

  struct SoleVoter {
    ck_recovery batch;              // valid until the next call
    std::vector<MemberId> members;  // of the configuration that it replaces
  };
  // Throws RecoveryRefused.
  SoleVoter asSoleVoter(ClusterId cluster, MemberId self, const StoreImage& image,
                        std::span<const StoredEntry> log, const std::string& command);

 private:
  OfflineHost& host_;
  OfflinePlugin plugin_;
  const ck_config config_;
  std::unique_ptr<HostServices> services_;
  std::unique_ptr<PluginInstance> instance_;
  const ck_consensus_recovery_1* table_ = nullptr;
};

}  // namespace clusterkit::cli
