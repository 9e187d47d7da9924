// From the store's image to a running core: the log is read in pieces, then the first Tick.
#include <algorithm>

#include "driver.hpp"
#include "records.hpp"

namespace clusterkit::raft {
namespace {

constexpr std::uint64_t kReadBytes = 4u << 20;
// Around what a message carries: its fields, and those of each of many small entries.
constexpr std::uint64_t kEnvelope = 16u << 10;

}  // namespace

void Driver::start(const ck_cluster_boot& boot) {
  ports_.emplace(host_);
  checkTransport();
  log_ = std::make_unique<LogWriter>(
      *ports_, LogWriter::Listener{[this] { feed(StoreFull{}); }, [this] { feed(StoreWritable{}); }});
  receiver_ = std::make_unique<SnapshotReceiver>(*ports_, [this](Event event) { feed(std::move(event)); });
  sender_ = std::make_unique<SnapshotSender>(*ports_, [this](Event event) { feed(std::move(event)); });

  const ck_store_image& image = *boot.image_in;
  initial_.cluster = ClusterId(boot.cluster);
  initial_.self = MemberId(boot.local.member);
  initial_.hard = {Term(image.hard.term), MemberId(image.hard.voted_for), LogIndex(image.hard.commit)};
  initial_.snapshot = snapshotFrom(image.snapshot);
  initial_.highWater = LogIndex(image.high_water_index);
  initial_.repairing = (image.flags & CK_STORE_REPAIRING) != 0;
  if (boot.kind == CK_BOOT_NEW)
    initial_.bootstrap = Member{initial_.self, boot.local.endpoint, std::string(view(boot.local.public_key)),
                                MemberKind::Voter, false};
  nextToRead_ = image.first_index;
  lastToRead_ = image.last_index;
  if (nextToRead_ == 0 || lastToRead_ == 0) {
    host_.post([this, alive = std::weak_ptr(alive_)] {
      if (!alive.expired() && !stopped_) begin();
    });
    return;
  }
  readLog();
}

// A message that the transport never takes would be sent again and again, and hold up everything behind it.
void Driver::checkTransport() const {
  const std::uint64_t taken = ports_->transport->max_message(ports_->transportSelf);
  const std::uint64_t sent =
      kEnvelope + std::max({options_.maxEntryBytes, options_.maxAppendBytes, options_.snapshotChunkBytes});
  if (taken >= sent) return;
  throw Error(CK_INVALID, "the transport takes messages of " + std::to_string(taken) +
                              " bytes at most, but max_entry and max_append need " + std::to_string(sent) +
                              ": raise transport.max_message, or lower them");
}

void Driver::readLog() {
  ports_->store->read(ports_->storeSelf, nextToRead_, lastToRead_ + 1, kReadBytes,
                      ports_->expect([this, alive = std::weak_ptr(alive_)](StoreResult result) {
                        if (!alive.expired() && !stopped_) logRead(std::move(result));
                      }));
}

void Driver::logRead(StoreResult result) {
  if (!result.ok() || result.value0 == 0)
    throw Error(result.ok() ? CK_CORRUPT : result.status,
                "the log cannot be read at index " + std::to_string(nextToRead_) + ": " + result.text);
  const auto* records = reinterpret_cast<const ck_log_entry*>(result.payload.bytes().data());
  for (std::uint64_t i = 0; i < result.value0; ++i) initial_.entries.push_back(entryFrom(records[i]));
  nextToRead_ = initial_.entries.back().index.value + 1;
  if (nextToRead_ <= lastToRead_)
    readLog();
  else
    begin();
}

void Driver::begin() {
  std::uint64_t seed = 0;
  host_.random(&seed, sizeof seed);
  raft_ = std::make_unique<Raft>(options_, std::move(initial_), seed);
  wake();
}

}  // namespace clusterkit::raft
