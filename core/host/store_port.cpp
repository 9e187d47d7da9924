#include "host/store_port.hpp"

#include <cstring>
#include <utility>

#include "host/plugin_call.hpp"
#include "host/store_meters.hpp"
#include "host/store_proxy.hpp"
#include "host/store_upcalls.hpp"

namespace clusterkit {

namespace {
constexpr std::size_t maxRefusedPuts = 1024;
constexpr std::size_t maxNameBytes = 255;
constexpr std::size_t maxValueBytes = 64 * 1024;
}  // namespace

StorePort::StorePort(const ck_component& component, const ck_config& config, HostParts parts,
                     HostServices::FatalHandler onFatal, Failed onFailed)
    : parts_(parts),
      host_(std::make_unique<HostServices>(nameOf(component, config), parts, std::move(onFatal))),
      upcalls_(std::make_unique<Upcalls>()),
      onFailed_(std::move(onFailed)) {
  host_->offer(CK_STORE_HOST, &StoreUpcalls::table, this);
  instance_ = std::make_unique<PluginInstance>(component, config, *host_, parts_.log);
  table_ = static_cast<const ck_store_1*>(instance_->table(CK_STORE_KIND, sizeof(ck_store_1)));
  self_ = instance_->self();
  meters_ = std::make_unique<StoreMeters>(*host_, parts_);
  proxy_ = std::make_unique<StoreProxy>(*this);
}

StorePort::~StorePort() {
  const bool idle = phase_ == Phase::Created || phase_ == Phase::OpenFailed || phase_ == Phase::Stopped;
  if (!idle) instance_->abandon();
}

void StorePort::open(UniqueFunction<void(Result<StoreImage>)> done) {
  phase_ = Phase::Opening;
  const ck_token token =
      issue([this, done = std::move(done)](CallOutcome outcome) mutable { done(opened(std::move(outcome))); },
            Status::Cancelled);
  if (token == 0) return;
  PluginCall call(meters_->open);
  table_->open(self_, token);
}

Result<StoreImage> StorePort::opened(CallOutcome outcome) {
  if (phase_ != Phase::Opening) return Failure{Status::Cancelled, "the store was stopped"};
  phase_ = Phase::OpenFailed;
  if (!outcome.ok()) return Failure{outcome.status, std::move(outcome.text)};
  ck_store_image image{};
  const std::string_view bytes = outcome.payload.bytes();
  if (bytes.size() < sizeof image) {
    parts_.faults.report(host_->name(), "open", "its image is too short");
    return Failure{Status::Internal, "the store's image is too short"};
  }
  std::memcpy(&image, bytes.data(), sizeof image);
  phase_ = Phase::Open;
  return StoreImage::fromAbi(image);
}

ck_status StorePort::submit(const ck_store_batch& batch) {
  PluginCall call(meters_->submit);
  const ck_status status = table_->submit(self_, &batch, lastSeq_ + 1);
  if (status == CK_OK) ++lastSeq_;
  if (status == CK_OK || status == CK_NO_SPACE) full_ = status == CK_NO_SPACE;
  return status;
}

void StorePort::getMeta(std::string name, UniqueFunction<void(Result<std::optional<std::string>>)> done) {
  CallHandler answer = [done = std::move(done)](CallOutcome outcome) mutable {
    if (outcome.ok())
      done(std::optional(std::string(outcome.payload.bytes())));
    else if (outcome.status == Status::NotFound)
      done(std::optional<std::string>());
    else
      done(Failure{outcome.status, std::move(outcome.text)});
  };
  if (!usable()) return answerLater(std::move(answer), Status::Unavailable, "the store is not open");
  const ck_token token = issue(std::move(answer), Status::Unavailable);
  if (token == 0) return;
  PluginCall call(meters_->metaGet);
  table_->meta_get(self_, name.c_str(), token);
}

void StorePort::putMeta(std::string name, std::string value, CallHandler done) {
  put({std::move(name), std::move(value), std::move(done)});
}

void StorePort::eraseMeta(std::string name, CallHandler done) { put({std::move(name), {}, std::move(done)}); }

void StorePort::put(MetaPut put) {
  if (!usable()) return answerLater(std::move(put.done), Status::Unavailable, "the store is not open");
  if (put.name.empty() || put.name.size() > maxNameBytes || put.name.find('\0') != std::string::npos ||
      (put.value && put.value->size() > maxValueBytes))
    return answerLater(std::move(put.done), Status::Invalid,
                       "a name has 1 to 255 bytes, a value at most 64 KiB");
  const ck_status status = refusedPuts_.empty() ? submitPut(put) : CK_AGAIN;
  if (status == CK_OK) return;
  if (status == CK_AGAIN && refusedPuts_.size() < maxRefusedPuts)
    refusedPuts_.push_back(std::move(put));
  else
    answerLater(std::move(put.done), toStatus(status), "the store does not take the value");
}

ck_status StorePort::submitPut(MetaPut& put) {
  ck_named_value value{put.name.c_str(), {}};
  if (put.value) value.value = span(*put.value);
  ck_store_batch batch{};
  batch.size = sizeof batch;
  batch.flags = CK_BATCH_SYNC;
  batch.meta = &value;
  batch.meta_count = 1;
  const ck_status status = submit(batch);
  if (status == CK_OK) submittedPuts_.push_back({lastSeq_, std::move(put.done)});
  return status;
}

void StorePort::stop(CallHandler done) {
  phase_ = Phase::Stopping;
  const ck_token token =
      issue([this, done = std::move(done)](
                CallOutcome outcome) mutable { stopped(std::move(outcome), std::move(done)); },
            Status::Unavailable);
  if (token == 0) return;
  PluginCall call(meters_->stop);
  table_->stop(self_, token);
}

void StorePort::stopped(CallOutcome outcome, CallHandler done) {
  takeUpcalls();  // the last of them may still be queued behind this completion
  phase_ = outcome.ok() ? Phase::Stopped : Phase::Stopping;
  endPuts(Status::Unknown, "the store has stopped");
  parts_.tokens.cancelAll(host_->name());
  done(std::move(outcome));
}

void StorePort::attach(StoreClient& client, const PluginName& user) { proxy_->attach(&client, &user); }
void StorePort::detach() { proxy_->attach(nullptr, nullptr); }
const ck_store_1* StorePort::proxyTable() const { return &StoreProxy::table; }
void* StorePort::proxySelf() { return proxy_.get(); }

void StorePort::poison() {
  failed_ = true;
  parts_.tokens.cancelAll(host_->name());
  endPuts(Status::Unknown, "the store has failed");
}

ck_token StorePort::issue(CallHandler handler, Status ifLost) {
  return parts_.tokens.issue({&host_->name(), ifLost}, std::move(handler));
}

void StorePort::answerLater(CallHandler done, Status status, std::string_view text) {
  parts_.tokens.answerLater(std::move(done), failed(status, text));
}

void StorePort::takeUpcalls() {
  const Upcalls::Seen seen = upcalls_->take();
  if (failed_) return;
  settle(seen.durable);
  if (seen.error)
    fail(*seen.error);
  else if (seen.writable)
    roomAgain();
}

void StorePort::settle(std::uint64_t upto) {
  if (upto > lastSeq_) {
    parts_.faults.report(host_->name(), "durable", "a batch that was never submitted");
    upto = lastSeq_;
  }
  if (upto <= durableSeq_) return;
  durableSeq_ = upto;
  std::vector<CallHandler> done;
  while (!submittedPuts_.empty() && submittedPuts_.front().seq <= upto) {
    done.push_back(std::move(submittedPuts_.front().done));
    submittedPuts_.pop_front();
  }
  proxy_->settle(upto);
  for (CallHandler& handler : done) handler({});
}

// Nothing after durableSeq_ will ever be durable.
void StorePort::fail(const ck_error& error) {
  failed_ = true;
  proxy_->fail(error);
  endPuts(Status::Unknown, "the store has failed");
  if (onFailed_) onFailed_({toStatus(error.code), textOf(error)});
}

void StorePort::roomAgain() {
  if (!usable()) return;
  full_ = false;
  while (!refusedPuts_.empty()) {
    const ck_status status = submitPut(refusedPuts_.front());
    if (status == CK_AGAIN) break;
    MetaPut put = std::move(refusedPuts_.front());
    refusedPuts_.pop_front();
    if (status != CK_OK)
      answerLater(std::move(put.done), toStatus(status), "the store does not take the value");
  }
  proxy_->roomAgain();
}

void StorePort::endPuts(Status ifSubmitted, std::string_view why) {
  for (SubmittedPut& put : std::exchange(submittedPuts_, {}))
    answerLater(std::move(put.done), ifSubmitted, why);
  for (MetaPut& put : std::exchange(refusedPuts_, {}))
    answerLater(std::move(put.done), Status::Cancelled, why);
}

}  // namespace clusterkit
