#include "runtime_fakes.hpp"

#include <cstring>

#include "host/line_log.hpp"

namespace clusterkit::test {

namespace {

template <class Script>
Script& scriptOf(const Setup& setup) {
  return *reinterpret_cast<Script*>(setup.config.num("script"));
}

template <class Script>
Script& begin(const Setup& setup, const char* what) {
  auto& script = scriptOf<Script>(setup);
  if (script.create != CK_OK) throw Error(script.create, std::string(what) + " cannot be created");
  script.journal->push_back(std::string(what) + ".create");
  return script;
}

}  // namespace

ck_config configOf(void* script, const char* instance) {
  ck_config config{};
  config.size = sizeof config;
  config.cx = script;
  config.instance = instance;
  config.data_dir = "/nowhere";
  config.str = [](void*, const char*) noexcept -> const char* { return nullptr; };
  config.num = [](void* cx, const char*) noexcept -> std::int64_t {
    return reinterpret_cast<std::int64_t>(cx);
  };
  config.count = [](void*, const char*) noexcept -> std::uint64_t { return 0; };
  config.item = [](void*, const char*, std::uint64_t) noexcept -> const char* { return nullptr; };
  return config;
}

const ck_component& storeComponent() {
  static constexpr ck_component component = sdk::component<FakeStore, sdk::StoreTraits<FakeStore>::iface>(
      CK_STORE_KIND, "fake", "a test's store", "1", 0);
  return component;
}
const ck_component& transportComponent() {
  static constexpr ck_component component =
      sdk::component<FakeTransport, sdk::TransportTraits<FakeTransport>::iface>(CK_TRANSPORT_KIND, "fake",
                                                                                "a test's transport", "1", 0);
  return component;
}
const ck_component& consensusComponent() {
  static constexpr ck_component component =
      sdk::component<FakeConsensus, sdk::ConsensusTraits<FakeConsensus>::iface>(
          CK_CONSENSUS_KIND, "fake", "a test's consensus", "1",
          CK_COMPONENT_NEEDS_STORE | CK_COMPONENT_NEEDS_TRANSPORT);
  return component;
}

FakeStore::FakeStore(const Setup& setup)
    : host(setup.host),
      script(begin<StoreScript>(setup, "store")),
      upcalls_(host.iface<ck_store_host_1>(CK_STORE_HOST)) {
  script.object = this;
}
FakeStore::~FakeStore() {
  script.object = nullptr;
  script.journal->push_back("store.destroy");
}

void FakeStore::open(ck_token token) {
  script.journal->push_back("store.open");
  openToken = token;
  if (!script.answersOpen) return;
  if (script.open != CK_OK) {
    host.fail(token, script.open, "cannot be opened");
    return;
  }
  auto image = std::make_unique<ck_store_image>();
  image->size = sizeof *image;
  image->hard = {7, 3, 5};
  image->last_index = 9;
  image->first_index = 1;
  ck_store_image* const at = image.get();
  host.complete(token, CK_OK, 0, 0, Buffer::ofStruct(std::move(image), at));
}

ck_status FakeStore::submit(const ck_store_batch& batch, std::uint64_t seq) {
  if (script.submit != CK_OK) return script.submit;
  script.seqs.push_back(seq);
  for (std::uint64_t i = 0; i < batch.meta_count; ++i) {
    const ck_named_value& v = batch.meta[i];
    if (v.value.data == nullptr)
      script.meta.erase(v.name);
    else
      script.meta[v.name] = std::string(view(v.value));
  }
  return CK_OK;
}

void FakeStore::read(std::uint64_t lo, std::uint64_t, std::uint64_t, ck_token token) {
  host.fail(token, lo == 13 ? CK_CORRUPT : CK_NOT_FOUND, "nothing there");
}
ck_status FakeStore::termAt(std::uint64_t index, std::uint64_t& term) {
  term = index * 10;
  return CK_OK;
}
void FakeStore::metaGet(const char* name, ck_token token) {
  const auto found = script.meta.find(name);
  if (found == script.meta.end())
    host.fail(token, CK_NOT_FOUND, "no such value");
  else
    host.complete(token, CK_OK, 0, 0, Buffer::of(found->second));
}

ck_status FakeStore::snapCreate(const ck_snap_meta& meta, std::uint64_t& handle) {
  snapMeta = meta;
  snapMeta.config = {};
  snapDraft.clear();
  handle = ++drafts;
  return CK_OK;
}
void FakeStore::snapWrite(std::uint64_t handle, std::uint64_t offset, Buffer chunk, ck_token token) {
  if (handle != drafts) return void(host.fail(token, CK_STALE, "aborted by another"));
  if (offset != snapDraft.size()) return void(host.fail(token, CK_INVALID, "a gap"));
  snapDraft += chunk.bytes();
  ++chunks;
  host.complete(token, CK_OK);
}
void FakeStore::snapCommit(std::uint64_t handle, ck_token token) {
  if (handle != drafts) return void(host.fail(token, CK_STALE, "aborted by another"));
  snapBytes = snapDraft;
  host.complete(token, CK_OK);
}
void FakeStore::snapAbort(std::uint64_t) { ++aborts; }
void FakeStore::snapOpen(ck_token token) {
  if (snapBytes.empty()) return void(host.fail(token, CK_NOT_FOUND, "no snapshot"));
  ++openReaders;
  auto meta = std::make_unique<ck_snap_meta>(snapMeta);
  meta->size = sizeof *meta;
  meta->total_size = snapBytes.size();
  ck_snap_meta* const at = meta.get();
  host.complete(token, CK_OK, 77, 0, Buffer::ofStruct(std::move(meta), at));
}
void FakeStore::snapRead(std::uint64_t, std::uint64_t offset, std::uint64_t max, ck_token token) {
  host.complete(token, CK_OK, 0, 0,
                Buffer::of(offset < snapBytes.size() ? snapBytes.substr(offset, max) : ""));
}
void FakeStore::snapClose(std::uint64_t) { --openReaders; }
void FakeStore::stop(ck_token token) {
  script.journal->push_back("store.stop");
  stopToken = token;
  if (script.answersStop) host.complete(token, CK_OK);
}

FakeTransport::FakeTransport(const Setup& setup)
    : host(setup.host),
      script(begin<TransportScript>(setup, "transport")),
      upcalls_(host.iface<ck_transport_host_1>(CK_TRANSPORT_HOST)) {
  script.object = this;
}
FakeTransport::~FakeTransport() {
  script.object = nullptr;
  script.journal->push_back("transport.destroy");
}
Transport::Local FakeTransport::start(std::uint64_t) {
  script.journal->push_back("transport.start");
  if (script.start != CK_OK) throw Error(script.start, "address in use");
  return {"127.0.0.1:4000", "key"};
}
ck_status FakeTransport::setPeers(const ck_peer* peers, std::uint64_t count) {
  std::vector<std::uint64_t>& declared = script.peers.emplace_back();
  for (std::uint64_t i = 0; i < count; ++i) declared.push_back(peers[i].member);
  return CK_OK;
}
ck_status FakeTransport::send(const ck_message* messages, std::uint64_t count, std::uint64_t& accepted) {
  accepted = 0;
  if (script.send != CK_OK) return script.send;
  for (std::uint64_t i = 0; i < count; ++i) {
    std::string bytes;
    for (std::uint64_t p = 0; p < messages[i].part_count; ++p) bytes += view(messages[i].parts_in[p]);
    script.sent.emplace_back(messages[i].to, bytes);
    ++accepted;
  }
  return CK_OK;
}
ck_status FakeTransport::stats(std::uint64_t member, ck_peer_stats& out) {
  out.sent = member;
  return CK_OK;
}
void FakeTransport::stop(ck_token token) {
  script.journal->push_back("transport.stop");
  stopToken = token;
  if (script.answersStop) host.complete(token, CK_OK);
}
void FakeTransport::receive(std::uint64_t from, std::string bytes) {
  receive(from, Buffer::of(std::move(bytes)));
}
void FakeTransport::receive(std::uint64_t from, Buffer bytes) {
  ck_buf raw = bytes.release();
  upcalls_->recv(host.raw()->cx, from, CK_LANE_LOG, &raw);
}

FakeConsensus::FakeConsensus(const Setup& setup)
    : host(setup.host),
      script(begin<ConsensusScript>(setup, "consensus")),
      upcalls(host.iface<ck_consensus_host_1>(CK_CONSENSUS_HOST)),
      cx(host.raw()->cx) {
  script.object = this;
}
FakeConsensus::~FakeConsensus() {
  script.object = nullptr;
  script.journal->push_back("consensus.destroy");
}
void FakeConsensus::start(const ck_cluster_boot& boot) {
  script.journal->push_back("consensus.start");
  if (script.start != CK_OK) throw Error(script.start, "the log is torn");
  store = upcalls->store(cx, &storeSelf);
  transport = upcalls->transport(cx, &transportSelf);
  lastIndex = boot.image_in->last_index;
}
void FakeConsensus::propose(const ck_span* commands, std::uint64_t count, ck_token first) {
  script.proposedCounts.push_back(count);
  for (std::uint64_t i = 0; i < count; ++i)
    waiting.push_back({++lastIndex, std::string(view(commands[i])), first + i});
  if (script.commits) commitWaiting();
}
ck_status FakeConsensus::commitOne(std::uint64_t index, std::uint64_t epoch, std::string_view command) {
  const ck_committed entry{index, epoch, span(command)};
  return upcalls->commit(cx, &entry, 1);
}
void FakeConsensus::commitWaiting() {
  while (!waiting.empty()) {
    const Waiting next = waiting.front();
    if (commitOne(next.index, 2, next.command) != CK_OK) return;
    host.complete(next.token, CK_OK, next.index);
    waiting.pop_front();
  }
}
void FakeConsensus::applied(std::uint64_t) { commitWaiting(); }
void FakeConsensus::changeMembers(const ck_member_change& change, ck_token token) {
  if (!script.changesMembers) return;
  declareMembers({self.value, change.peer.member});
  host.complete(token, CK_OK, ++lastIndex);
}
void FakeConsensus::declareMembers(const std::vector<std::uint64_t>& members) {
  std::vector<ck_member> out;
  for (const std::uint64_t member : members) {
    ck_member m{};
    m.size = sizeof m;
    m.peer.size = sizeof m.peer;
    m.peer.member = member;
    m.peer.endpoint = "somewhere:1";
    out.push_back(m);
  }
  upcalls->members(cx, out.data(), out.size(), lastIndex);
}
void FakeConsensus::onMessage(std::uint64_t from, std::uint32_t, Buffer message) {
  script.messages.push_back(std::to_string(from) + ":" + std::string(message.bytes()));
}
void FakeConsensus::onDurable(std::uint64_t uptoSeq, const ck_error* error) {
  script.durable.push_back(uptoSeq);
  if (error != nullptr) ++script.storeFailures;
}
ck_status FakeConsensus::status(ck_consensus_status& out) {
  constexpr std::uint64_t others = 20;  // more than a caller guesses at first
  out.role = CK_ROLE_LEADER;
  out.epoch = 2;
  out.leader = self.value;
  out.commit_index = lastIndex;
  out.progress_count = others;
  for (std::uint64_t i = 0; i < others && i < out.progress_capacity; ++i) {
    out.progress_out[i] = ck_progress{sizeof(ck_progress), CK_MEMBER_VOTER, 100 + i, lastIndex, 0, 1, 0};
  }
  return CK_OK;
}
void FakeConsensus::stop(ck_token token) {
  script.journal->push_back("consensus.stop");
  stopToken = token;
  if (script.answersStop) host.complete(token, CK_OK);
}

bool RecordingListener::commit(std::span<const Committed> entries) {
  if (throws) throw std::runtime_error("apply failed");
  if (!takes) return false;
  for (const Committed& entry : entries) commands.emplace_back(entry.command);
  return true;
}
void RecordingListener::role(Role role, Epoch epoch, MemberId) {
  roles.push_back(std::string(name(role)) + " " + std::to_string(epoch.value));
}
void RecordingListener::members(std::span<const Member> members, LogIndex) {
  memberCounts.push_back(members.size());
}
void RecordingListener::restore(const SnapshotMeta& meta, Restored done) {
  restores.emplace_back(meta, std::move(done));
}

void RecordingLog::write(LogLevel level, std::string_view event, Fields fields) {
  std::string line = formatLogLine(LogFormat::Text, WallTime{}, level, event, fields);
  const std::lock_guard lock(mutex);
  lines.push_back(std::move(line));
}
bool RecordingLog::has(std::string_view part) const { return count(part) > 0; }
std::size_t RecordingLog::count(std::string_view part) const {
  const std::lock_guard lock(mutex);
  std::size_t n = 0;
  for (const std::string& line : lines) n += line.find(part) != std::string::npos ? 1 : 0;
  return n;
}

FakeNode::FakeNode()
    : storeConfig(configOf(&store, "store")),
      transportConfig(configOf(&transport, "transport")),
      consensusConfig(configOf(&consensus, "consensus")) {
  store.journal = transport.journal = consensus.journal = &journal;
}

PluginStack& FakeNode::make() {
  const StackChoices choices{{storeComponent(), storeConfig},
                             {transportComponent(), transportConfig},
                             {consensusComponent(), consensusConfig}};
  stack = std::make_unique<PluginStack>(
      choices, StackServices{loop, workers, log, metrics}, listener,
      [this](const std::string& reason, PluginExit exit) { fatals.emplace_back(reason, exit); });
  return *stack;
}

void FakeNode::startAll() {
  make();
  std::optional<bool> opened;
  stack->startStore([&](Result<StoreImage> image) { opened = image.ok(); });
  ASSERT_TRUE(scheduler.runUntil([&] { return opened.has_value(); }, std::chrono::seconds(1)));
  ASSERT_TRUE(*opened);
  const TransportAddress address = stack->startTransport(self);
  stack->startConsensus({BootKind::Restart, ClusterId(5), {self, address.endpoint, address.publicKey}});
}

}  // namespace clusterkit::test
