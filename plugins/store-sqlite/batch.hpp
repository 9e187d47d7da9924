// A submitted batch with its own copies of everything.
#pragma once

#include <clusterkit/store.hpp>
#include <optional>
#include <string>
#include <vector>

namespace clusterkit::sqlite {

struct Batch {
  struct NamedValue {
    std::string name;
    std::optional<std::string> value;  // nothing = delete
  };

  Batch(const ck_store_batch& b, std::uint64_t seqOfBatch);
  Batch(const Batch&) = delete;  // the entries point into `bytes`
  Batch& operator=(const Batch&) = delete;

  // The part that shapes the log.
  ck_store_batch shape() const {
    ck_store_batch b{};
    b.size = sizeof b;
    b.truncate_from = truncateFrom;
    b.entries = entries.data();
    b.entry_count = entries.size();
    b.compact_to = compactTo;
    return b;
  }

  std::uint64_t seq;
  bool sync;
  std::optional<ck_hard_state> hard;
  std::uint64_t truncateFrom;
  std::vector<ck_log_entry> entries;  // their bytes are in `bytes`
  std::string bytes;
  std::uint64_t compactTo;
  std::vector<NamedValue> meta;
  std::uint64_t size = 0;  // memory it takes, for the queue's limit
};

inline Batch::Batch(const ck_store_batch& b, std::uint64_t seqOfBatch)
    : seq(seqOfBatch),
      sync((b.flags & CK_BATCH_SYNC) != 0),
      truncateFrom(b.truncate_from),
      entries(b.entries, b.entries + b.entry_count),
      compactTo(b.compact_to) {
  if (b.hard != nullptr) hard = *b.hard;
  std::size_t total = 0;
  for (const ck_log_entry& e : entries) total += e.data.size;
  bytes.reserve(total);
  for (ck_log_entry& e : entries) {
    const auto* copy = reinterpret_cast<const std::uint8_t*>(bytes.data() + bytes.size());
    bytes += view(e.data);
    e.data.data = copy;  // stays valid: the string never grows beyond what was reserved
  }
  size = sizeof(Batch) + entries.size() * sizeof(ck_log_entry) + total;
  for (std::uint64_t i = 0; i < b.meta_count; ++i) {
    const ck_named_value& m = b.meta[i];
    meta.push_back({m.name, m.value.data ? std::optional(std::string(view(m.value))) : std::nullopt});
    size += sizeof(NamedValue) + m.value.size + meta.back().name.size();
  }
}

}  // namespace clusterkit::sqlite
