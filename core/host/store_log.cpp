// The log through the store's port, for those who only look.
#include <utility>

#include "host/plugin_call.hpp"
#include "host/store_meters.hpp"
#include "host/store_port.hpp"

namespace clusterkit {
namespace {

Result<std::vector<StoredEntry>> entriesOf(const CallOutcome& outcome) {
  if (!outcome.ok()) return Failure{outcome.status, outcome.text};
  const std::string_view payload = outcome.payload.bytes();
  if (outcome.value0 > payload.size() / sizeof(ck_log_entry))
    return Failure{Status::Internal, "the store announces more entries than it gives"};
  const auto* records = reinterpret_cast<const ck_log_entry*>(payload.data());
  std::vector<StoredEntry> entries;
  entries.reserve(outcome.value0);
  for (std::uint64_t i = 0; i < outcome.value0; ++i) {
    const ck_log_entry& r = records[i];
    entries.push_back({LogIndex(r.index), r.term, r.type, r.flags, std::string(view(r.data))});
  }
  return entries;
}

}  // namespace

void StorePort::readLog(LogIndex first, LogIndex end, std::uint64_t maxBytes,
                        UniqueFunction<void(Result<std::vector<StoredEntry>>)> done) {
  CallHandler answer = [done = std::move(done)](const CallOutcome& outcome) mutable {
    done(entriesOf(outcome));
  };
  if (!usable()) return answerLater(std::move(answer), Status::Unavailable, "the store is not open");
  const ck_token token = issue(std::move(answer), Status::Unavailable);
  if (token == 0) return;
  PluginCall call(meters_->read);
  table_->read(self_, first.value, end.value, maxBytes, token);
}

}  // namespace clusterkit
