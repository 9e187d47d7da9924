#include "host/store_proxy.hpp"

#include <cstring>
#include <utility>

#include "host/plugin_call.hpp"
#include "host/store_meters.hpp"

namespace clusterkit {

namespace {

constexpr std::size_t maxNameBytes = 255;
constexpr std::uint64_t maxValueBytes = 64 * 1024;

bool isBroken(const ck_span& bytes) { return bytes.data == nullptr && bytes.size != 0; }

bool isName(const char* name) {
  if (name == nullptr) return false;
  const std::size_t length = ::strnlen(name, maxNameBytes + 1);
  return length > 0 && length <= maxNameBytes;
}

}  // namespace

void StoreProxy::attach(StoreClient* client, const PluginName* user) {
  client_ = client;
  user_ = user;
}

bool StoreProxy::require(bool condition, const char* function, const char* rule) {
  if (!condition) port_.parts_.faults.report(*user_, function, rule);
  return condition;
}

bool StoreProxy::onLoop(const char* function) {
  return require(port_.parts_.loop.onLoop(), function, "store called outside of the loop");
}

void StoreProxy::refuse(ck_token token, Status status, const char* why) {
  port_.parts_.tokens.answer(token, failed(status, why));
}

bool StoreProxy::admit(const char* function, ck_token token, Status ifLost) {
  if (!onLoop(function)) return false;
  const bool bound = port_.parts_.tokens.bind(token, {&port_.host_->name(), ifLost});
  if (!require(bound, function, "token was not made by expect, or is in use")) return false;
  if (port_.usable()) return true;
  refuse(token, Status::Unavailable, "the store is not open");
  return false;
}

bool StoreProxy::checkEntries(const ck_store_batch& batch) {
  if (batch.entry_count == 0) return true;
  if (!require(batch.entries != nullptr, "submit", "entries are null")) return false;
  std::uint64_t index = batch.entries[0].index;
  for (std::uint64_t i = 0; i < batch.entry_count; ++i, ++index) {
    const ck_log_entry& entry = batch.entries[i];
    if (!require(entry.index == index && index != 0, "submit", "entries are not consecutive")) return false;
    if (!require(!isBroken(entry.data), "submit", "an entry's bytes are null")) return false;
  }
  return true;
}

bool StoreProxy::checkMeta(const ck_store_batch& batch) {
  if (!require(batch.meta_count == 0 || batch.meta != nullptr, "submit", "meta is null")) return false;
  for (std::uint64_t i = 0; i < batch.meta_count; ++i) {
    const ck_named_value& value = batch.meta[i];
    if (!require(isName(value.name), "submit", "a name must have 1 to 255 bytes")) return false;
    const bool fits = !isBroken(value.value) && value.value.size <= maxValueBytes;
    if (!require(fits, "submit", "a named value is null or over 64 KiB")) return false;
  }
  return true;
}

bool StoreProxy::checkBatch(const ck_store_batch* batch, std::uint64_t seq) {
  return require(batch != nullptr && batch->size >= sizeof(ck_store_batch), "submit",
                 "batch is null or too short") &&
         require(seq == lastClientSeq_ + 1, "submit", "seq must rise by one") && checkEntries(*batch) &&
         checkMeta(*batch);
}

ck_status StoreProxy::submit(const ck_store_batch* batch, std::uint64_t seq) {
  if (!onLoop("submit")) return CK_INVALID;
  if (!port_.usable()) return CK_UNAVAILABLE;
  if (!checkBatch(batch, seq)) return CK_INVALID;
  const ck_status status = port_.submit(*batch);
  if (status == CK_OK) {
    lastClientSeq_ = seq;
    batches_.push_back({port_.lastSeq_, seq});
  } else if (status == CK_AGAIN || status == CK_NO_SPACE) {
    refused_ = true;
  }
  return status;
}

void StoreProxy::settle(std::uint64_t upto) {
  const std::uint64_t before = durableClientSeq_;
  while (!batches_.empty() && batches_.front().seq <= upto) {
    durableClientSeq_ = batches_.front().clientSeq;
    batches_.pop_front();
  }
  if (client_ != nullptr && durableClientSeq_ != before) client_->durable(durableClientSeq_, nullptr);
}

void StoreProxy::fail(const ck_error& error) {
  batches_.clear();
  if (client_ != nullptr) client_->durable(durableClientSeq_, &error);
}

void StoreProxy::roomAgain() {
  if (std::exchange(refused_, false) && client_ != nullptr) client_->writable();
}

struct StoreProxy::Calls {
  static StoreProxy& of(void* self) { return *static_cast<StoreProxy*>(self); }

  static void open(void* self, ck_token token) noexcept {
    StoreProxy& p = of(self);
    if (p.admit("open", token, Status::Unavailable))
      p.refuse(token, Status::Conflict, "the host has opened the store");
  }
  static ck_status submit(void* self, const ck_store_batch* batch, std::uint64_t seq) noexcept {
    return of(self).submit(batch, seq);
  }
  static void read(void* self, std::uint64_t lo, std::uint64_t hi, std::uint64_t max,
                   ck_token token) noexcept {
    StoreProxy& p = of(self);
    if (!p.admit("read", token, Status::Unavailable)) return;
    if (!p.require(lo > 0 && lo < hi, "read", "the range is empty"))
      return p.refuse(token, Status::Invalid, "the range is empty");
    PluginCall call(p.port_.meters_->read);
    p.port_.table_->read(p.port_.self_, lo, hi, max, token);
  }
  static ck_status termAt(void* self, std::uint64_t index, std::uint64_t* term) noexcept {
    StoreProxy& p = of(self);
    if (!p.onLoop("term_at") || !p.require(term != nullptr, "term_at", "term is null")) return CK_INVALID;
    if (!p.port_.usable()) return CK_UNAVAILABLE;
    PluginCall call(p.port_.meters_->termAt);
    return p.port_.table_->term_at(p.port_.self_, index, term);
  }
  static void metaGet(void* self, const char* name, ck_token token) noexcept {
    StoreProxy& p = of(self);
    if (!p.admit("meta_get", token, Status::Unavailable)) return;
    if (!p.require(isName(name), "meta_get", "a name must have 1 to 255 bytes"))
      return p.refuse(token, Status::Invalid, "a name must have 1 to 255 bytes");
    PluginCall call(p.port_.meters_->metaGet);
    p.port_.table_->meta_get(p.port_.self_, name, token);
  }
  static ck_status snapCreate(void* self, const ck_snap_meta* meta, std::uint64_t* handle) noexcept {
    StoreProxy& p = of(self);
    const bool whole = meta != nullptr && meta->size >= sizeof(ck_snap_meta) && !isBroken(meta->config);
    if (!p.onLoop("snap_create") || !p.require(whole, "snap_create", "meta is null or too short") ||
        !p.require(handle != nullptr, "snap_create", "handle is null"))
      return CK_INVALID;
    if (!p.port_.usable()) return CK_UNAVAILABLE;
    PluginCall call(p.port_.meters_->snapCreate);
    return p.port_.table_->snap_create(p.port_.self_, meta, handle);
  }
  static void snapWrite(void* self, std::uint64_t handle, std::uint64_t offset, ck_buf* chunk,
                        ck_token token) noexcept {
    StoreProxy& p = of(self);
    Buffer taken = Buffer::take(chunk);
    if (!p.admit("snap_write", token, Status::Unknown)) return;
    ck_buf passed = taken.release();
    PluginCall call(p.port_.meters_->snapWrite);
    p.port_.table_->snap_write(p.port_.self_, handle, offset, &passed, token);
  }
  static void snapCommit(void* self, std::uint64_t handle, ck_token token) noexcept {
    StoreProxy& p = of(self);
    if (!p.admit("snap_commit", token, Status::Unknown)) return;
    PluginCall call(p.port_.meters_->snapCommit);
    p.port_.table_->snap_commit(p.port_.self_, handle, token);
  }
  static void snapAbort(void* self, std::uint64_t handle) noexcept {
    StoreProxy& p = of(self);
    if (!p.onLoop("snap_abort") || !p.port_.usable()) return;
    PluginCall call(p.port_.meters_->snapAbort);
    p.port_.table_->snap_abort(p.port_.self_, handle);
  }
  static void snapOpen(void* self, ck_token token) noexcept {
    StoreProxy& p = of(self);
    if (!p.admit("snap_open", token, Status::Unavailable)) return;
    PluginCall call(p.port_.meters_->snapOpen);
    p.port_.table_->snap_open(p.port_.self_, token);
  }
  static void snapRead(void* self, std::uint64_t handle, std::uint64_t offset, std::uint64_t max,
                       ck_token token) noexcept {
    StoreProxy& p = of(self);
    if (!p.admit("snap_read", token, Status::Unavailable)) return;
    PluginCall call(p.port_.meters_->snapRead);
    p.port_.table_->snap_read(p.port_.self_, handle, offset, max, token);
  }
  static void snapClose(void* self, std::uint64_t handle) noexcept {
    StoreProxy& p = of(self);
    if (!p.onLoop("snap_close") || !p.port_.usable()) return;
    PluginCall call(p.port_.meters_->snapClose);
    p.port_.table_->snap_close(p.port_.self_, handle);
  }
  static void stop(void* self, ck_token token) noexcept {
    StoreProxy& p = of(self);
    if (p.admit("stop", token, Status::Unavailable))
      p.refuse(token, Status::Denied, "the host stops the store");
  }
};

const ck_store_1 StoreProxy::table{sizeof(ck_store_1), 0,
                                   Calls::open,        Calls::submit,
                                   Calls::read,        Calls::termAt,
                                   Calls::metaGet,     Calls::snapCreate,
                                   Calls::snapWrite,   Calls::snapCommit,
                                   Calls::snapAbort,   Calls::snapOpen,
                                   Calls::snapRead,    Calls::snapClose,
                                   Calls::stop};

}  // namespace clusterkit
