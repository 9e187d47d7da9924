// The component "inproc": see README.md.
#include <cstdio>

#include "station.hpp"

namespace clusterkit::inproc {

// What the node loop enters; the work is in Station.
class InprocTransport : public Transport {
 public:
  static constexpr ck_option options[] = {
      option("hub", CK_TYPE_STRING, "default",
             "nodes of this process that name the same hub reach each other"),
      option("listen", CK_TYPE_STRING, nullptr, "name of this node on the hub; its member id when not set"),
      option("max_message", CK_TYPE_SIZE, "64MiB", "the largest message that is sent", 64 * 1024,
             1024 * 1024 * 1024),
      option("queue", CK_TYPE_SIZE, "64MiB", "what may be under way to one peer per lane", 64 * 1024,
             4096ll * 1024 * 1024),
      endOfOptions};

  explicit InprocTransport(const Setup& setup)
      : host_(setup.host),
        hub_(Hub::named(setup.config.str("hub"))),
        listen_(setup.config.str("listen")),
        limits_{setup.config.size("max_message"), setup.config.size("queue")} {}

  ~InprocTransport() override {
    if (station_) station_->close();
  }

  Local start(std::uint64_t localMember) override {
    if (localMember == 0) throw Error(CK_INVALID, "member id 0 is no member");
    if (station_ != nullptr) throw Error(CK_CONFLICT, "the transport has been started already");
    const std::string endpoint = listen_.empty() ? memberName(localMember) : listen_;
    auto station = std::make_shared<Station>(host_, hub_, limits_, localMember, endpoint);
    station->open();
    station_ = std::move(station);
    return {endpoint, ""};
  }

  ck_status setPeers(const ck_peer* peers, std::uint64_t count) override {
    if (!running()) return CK_UNAVAILABLE;
    std::map<std::uint64_t, std::string> wanted;
    for (std::uint64_t i = 0; i < count; ++i) {
      if (peers[i].member == 0) return CK_INVALID;
      if (peers[i].member == station_->member()) continue;
      wanted[peers[i].member] = peers[i].endpoint != nullptr ? peers[i].endpoint : "";
    }
    station_->setPeers(wanted);
    return CK_OK;
  }

  ck_status send(const ck_message* messages, std::uint64_t count, std::uint64_t& accepted) override {
    accepted = 0;
    if (!running()) return CK_UNAVAILABLE;
    while (accepted < count) {
      const ck_status status = station_->send(messages[accepted]);
      if (status != CK_OK) return status;
      ++accepted;
    }
    return CK_OK;
  }

  ck_status stats(std::uint64_t member, ck_peer_stats& out) override {
    if (out.size < sizeof out) return CK_INVALID;
    return station_ == nullptr ? CK_UNAVAILABLE : station_->stats(member, out);
  }

  std::uint64_t maxMessage() const override { return limits_.maxMessage; }

  void stop(ck_token token) override {
    stopped_ = true;
    if (station_) station_->close();
    host_.post([host = host_, token] { host.complete(token, CK_OK); });
  }

  static const void* extension(std::string_view wanted) {
    return wanted == CK_TRANSPORT_FAULTS ? &faultsTable : nullptr;
  }

 private:
  static const ck_transport_faults_1 faultsTable;
  static InprocTransport& of(void* self) {
    return static_cast<sdk::Instance<InprocTransport>*>(self)->object;
  }

  static std::string memberName(std::uint64_t member) {
    char text[17];
    std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(member));
    return text;
  }
  bool running() const { return station_ != nullptr && !stopped_; }

  const Host host_;
  const std::shared_ptr<Hub> hub_;
  const std::string listen_;
  const Limits limits_;
  bool stopped_ = false;
  std::shared_ptr<Station> station_;
};

const ck_transport_faults_1 InprocTransport::faultsTable = {
    sizeof(ck_transport_faults_1), 0,
    [](void* self, std::uint64_t from, std::uint64_t to, const ck_link_faults* faults) noexcept {
      of(self).hub_->setFaults(from, to, *faults);
    },
    [](void* self, const ck_link_faults* faults) noexcept { of(self).hub_->setDefaultFaults(*faults); },
    [](void* self) noexcept { of(self).hub_->clearFaults(); }};

}  // namespace clusterkit::inproc

CK_TRANSPORT(clusterkit::inproc::InprocTransport, "inproc", "0.1.0",
             "Messages between nodes of one process, for tests and simulations", CK_COMPONENT_DETERMINISTIC);
