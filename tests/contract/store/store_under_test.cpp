#include "contract/store/store_under_test.hpp"

#include <stdlib.h>

#include <stdexcept>

namespace clusterkit::contract {

std::ostream& operator<<(std::ostream& out, const Entry& e) {
  return out << e.index << ":" << e.term << " (" << e.bytes.size() << " bytes)";
}

BatchOf& BatchOf::hard(std::uint64_t term, std::uint64_t vote, std::uint64_t commit) {
  hard_ = ck_hard_state{term, vote, commit};
  return *this;
}
BatchOf& BatchOf::truncateFrom(std::uint64_t index) {
  batch_.truncate_from = index;
  return *this;
}
BatchOf& BatchOf::entry(std::uint64_t index, std::uint64_t term, std::string bytes) {
  return entry(Entry{index, term, std::move(bytes)});
}
BatchOf& BatchOf::entry(Entry e) {
  const std::string& bytes = memory_.emplace_back(std::move(e.bytes));
  entries_.push_back({e.index, e.term, e.type, e.flags, span(bytes)});
  return *this;
}
BatchOf& BatchOf::compactTo(std::uint64_t index) {
  batch_.compact_to = index;
  return *this;
}
BatchOf& BatchOf::meta(std::string name, std::optional<std::string> value) {
  const std::string& kept = memory_.emplace_back(std::move(name));
  ck_span bytes{};
  if (value) bytes = span(memory_.emplace_back(std::move(*value)));
  meta_.push_back({kept.c_str(), bytes});
  return *this;
}
BatchOf& BatchOf::withoutSync() {
  batch_.flags = 0;
  return *this;
}
ck_store_batch BatchOf::raw() const {
  ck_store_batch b = batch_;
  b.hard = hard_ ? &*hard_ : nullptr;
  b.entries = entries_.data();
  b.entry_count = entries_.size();
  b.meta = meta_.data();
  b.meta_count = meta_.size();
  return b;
}

std::filesystem::path memoryFolder() {
  const std::filesystem::path memory = "/dev/shm";
  return std::filesystem::exists(memory) ? memory : std::filesystem::temp_directory_path();
}

TempFolder::TempFolder(const std::filesystem::path& parent) {
  std::string pattern = (parent / "clusterkit-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("cannot make " + pattern);
  path_ = pattern;
}
TempFolder::~TempFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

const ck_store_host_1 StoreUnderTest::upcalls = {
    sizeof(ck_store_host_1), 0,
    [](void* cx, std::uint64_t upto, const ck_error* error) noexcept {
      auto& self = *static_cast<StoreUnderTest*>(FakeHost::user(cx));
      const std::lock_guard lock(self.mutex_);
      if (error == nullptr)
        self.durable_ = upto;
      else
        self.errors_.push_back(*error);
    },
    [](void* cx) noexcept {
      auto& self = *static_cast<StoreUnderTest*>(FakeHost::user(cx));
      const std::lock_guard lock(self.mutex_);
      ++self.writables_;
    }};

StoreUnderTest::StoreUnderTest(const std::string& id, const std::filesystem::path& dataDir, Options options) {
  host_.provide(CK_STORE_HOST, &upcalls, this);
  const PluginFile file(std::filesystem::path(CLUSTERKIT_PLUGINS) / ("store-" + id + ".so"), id);
  instance_ = std::make_unique<PluginInstance>(file, host_.table(), dataDir, std::move(options));
  table_ = instance_->iface<ck_store_1>(CK_STORE_KIND);
  if (table_ == nullptr) throw std::runtime_error("the store lacks " CK_STORE_KIND);
}

StoreUnderTest::Opened StoreUnderTest::open() {
  const ck_token token = host_.issue();
  table_->open(self(), token);
  const FakeHost::Completion c = host_.wait(token);
  Opened opened{c.status, c.error, {}, {}};
  if (c.status == CK_OK) {
    std::memcpy(&opened.image, c.payload.bytes().data(), sizeof opened.image);
    opened.snapshotConfig = view(opened.image.snapshot.config);
  }
  return opened;
}

ck_status StoreUnderTest::stop() {
  const ck_token token = host_.issue();
  table_->stop(self(), token);
  return host_.wait(token).status;
}

ck_status StoreUnderTest::submit(const BatchOf& batch) {
  const ck_status status = submit(batch, seq_ + 1);
  if (status == CK_OK) ++seq_;
  return status;
}

ck_status StoreUnderTest::submit(const BatchOf& batch, std::uint64_t seq) {
  const ck_store_batch raw = batch.raw();
  return table_->submit(self(), &raw, seq);
}

bool StoreUnderTest::allDurable() {
  return host_.runUntil([this] { return durable() == seq_ || !durableErrors().empty(); }) &&
         durable() == seq_;
}

std::uint64_t StoreUnderTest::durable() const {
  const std::lock_guard lock(mutex_);
  return durable_;
}
std::vector<ck_error> StoreUnderTest::durableErrors() const {
  const std::lock_guard lock(mutex_);
  return errors_;
}
std::uint64_t StoreUnderTest::writables() const {
  const std::lock_guard lock(mutex_);
  return writables_;
}

StoreUnderTest::Read StoreUnderTest::read(std::uint64_t lo, std::uint64_t hi, std::uint64_t maxBytes) {
  const ck_token token = host_.issue();
  table_->read(self(), lo, hi, maxBytes, token);
  const FakeHost::Completion c = host_.wait(token);
  Read read{c.status, {}};
  const auto* entries = reinterpret_cast<const ck_log_entry*>(c.payload.bytes().data());
  for (std::uint64_t i = 0; c.status == CK_OK && i < c.value0; ++i) {
    const ck_log_entry& e = entries[i];
    read.entries.push_back({e.index, e.term, std::string(view(e.data)), e.type, e.flags});
  }
  return read;
}

std::optional<std::uint64_t> StoreUnderTest::termAt(std::uint64_t index) {
  std::uint64_t term = 0;
  const ck_status status = table_->term_at(self(), index, &term);
  if (status != CK_OK && status != CK_NOT_FOUND) throw std::runtime_error("term_at failed");
  return status == CK_OK ? std::optional(term) : std::nullopt;
}

std::optional<std::string> StoreUnderTest::meta(const std::string& name) {
  const ck_token token = host_.issue();
  table_->meta_get(self(), name.c_str(), token);
  const FakeHost::Completion c = host_.wait(token);
  if (c.status == CK_OK) return std::string(c.payload.bytes());
  if (c.status != CK_NOT_FOUND) throw std::runtime_error("meta_get failed: " + c.error);
  return std::nullopt;
}

StoreUnderTest::Handle StoreUnderTest::snapCreate(std::uint64_t index, std::uint64_t term,
                                                  const std::string& config, std::uint64_t size,
                                                  std::uint64_t checksum) {
  const ck_snap_meta meta{sizeof meta, 0, index, term, span(config), size, checksum};
  Handle handle{};
  handle.status = table_->snap_create(self(), &meta, &handle.value);
  return handle;
}

ck_status StoreUnderTest::snapWrite(std::uint64_t handle, std::uint64_t offset, const std::string& bytes) {
  ck_buf chunk = Buffer::of(bytes).release();
  const ck_token token = host_.issue();
  table_->snap_write(self(), handle, offset, &chunk, token);
  return host_.wait(token).status;
}

ck_token StoreUnderTest::startSnapCommit(std::uint64_t handle) {
  const ck_token token = host_.issue();
  table_->snap_commit(self(), handle, token);
  return token;
}

ck_status StoreUnderTest::snapCommit(std::uint64_t handle) {
  return host_.wait(startSnapCommit(handle)).status;
}

ck_status StoreUnderTest::snapshot(std::uint64_t index, std::uint64_t term, const std::string& bytes,
                                   const std::string& config) {
  const Handle handle = snapCreate(index, term, config);
  if (handle.status != CK_OK) return handle.status;
  for (std::size_t offset = 0; offset < bytes.size(); offset += 1000)
    if (const ck_status s = snapWrite(handle.value, offset, bytes.substr(offset, 1000)); s != CK_OK) return s;
  return snapCommit(handle.value);
}

StoreUnderTest::Handle StoreUnderTest::snapOpen() {
  const ck_token token = host_.issue();
  table_->snap_open(self(), token);
  const FakeHost::Completion c = host_.wait(token);
  Handle handle{c.status, c.value0, {}, {}};
  if (c.status == CK_OK) {
    std::memcpy(&handle.meta, c.payload.bytes().data(), sizeof handle.meta);
    handle.config = view(handle.meta.config);
  }
  return handle;
}

StoreUnderTest::Chunk StoreUnderTest::snapRead(std::uint64_t handle, std::uint64_t offset,
                                               std::uint64_t max) {
  const ck_token token = host_.issue();
  table_->snap_read(self(), handle, offset, max, token);
  const FakeHost::Completion c = host_.wait(token);
  return {c.status, std::string(c.payload.bytes())};
}

std::optional<std::string> StoreUnderTest::snapshotBytes() {
  const Handle handle = snapOpen();
  if (handle.status != CK_OK) return std::nullopt;
  std::string all;
  while (true) {
    const Chunk chunk = snapRead(handle.value, all.size(), 700);
    if (chunk.status != CK_OK) return std::nullopt;
    if (chunk.bytes.empty()) break;
    all += chunk.bytes;
  }
  snapClose(handle.value);
  return all;
}

}  // namespace clusterkit::contract
