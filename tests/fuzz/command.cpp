// Commands of the log: read, written again, and applied to a state that must stay whole whatever they ask
// for.
#include <utility>

#include "cluster/apply.hpp"
#include "cluster/command_codec.hpp"
#include "cluster/event_json.hpp"
#include "cluster/snapshot.hpp"
#include "cluster/whole_state.hpp"
#include "fuzz/input.hpp"
#include "fuzz/require.hpp"

namespace clusterkit {
namespace {

using fuzz::require;

// The state's size is the cluster's own choice, and every partition of it costs time: the fuzzer gets a small
// one.
constexpr std::uint32_t kMostPartitions = 64;

bool isSmall(const Command& command) {
  const auto* create = std::get_if<CreateCluster>(&command.body);
  return create == nullptr || create->facts.partitionCount <= kMostPartitions;
}

NodeSpec specOf(std::uint64_t number) {
  NodeSpec spec;
  spec.id = "node-" + std::to_string(number);
  spec.member = MemberId(number);
  spec.boot = 1;
  spec.httpAddress = "10.0.0.1:8080";
  spec.transportAddress = "10.0.0.1:9080";
  return spec;
}

class Replica {
 public:
  // Three active nodes, eight partitions, limits that a few commands reach.
  void found() {
    ClusterFacts facts;
    facts.id = ClusterId(1);
    facts.name = "fuzz";
    facts.partitionCount = 8;
    facts.replicationFactor = 2;
    facts.eventsRetain = 20;
    facts.idempotencyRetain = 3;
    facts.valueQuotaBytes = 1500;
    apply({{}, {}, {}, CreateCluster{facts, specOf(1)}});
    for (const std::uint64_t number : {2u, 3u}) {
      apply({{}, {}, {}, AddNode{specOf(number), {}}});
      SetNodeStatus status;
      status.member = MemberId(number);
      apply({{}, {}, {}, status});
    }
  }

  void take(std::string_view bytes, std::uint8_t termStep) {
    term_ += termStep;
    auto read = decodeCommand(bytes);
    if (const auto* error = std::get_if<CommandError>(&read)) {
      require(!error->message.empty(), "a command that is refused says why");
      return;
    }
    const Command& command = std::get<Command>(read);
    const std::string written = encodeCommand(command);
    const auto again = decodeCommand(written);
    require(std::holds_alternative<Command>(again),
            "a command that was read is written as one that can be read");
    require(encodeCommand(std::get<Command>(again)) == written, "a command survives the way there and back");
    if (isSmall(command)) apply(command);
  }

  // What a node that joins now would get.
  void saveAndLoad() const {
    const auto loaded = readSnapshot(writeSnapshot(builder_.state()));
    const auto* error = std::get_if<SnapshotError>(&loaded);
    require(error == nullptr, "what apply has made can be loaded", error ? error->message : "");
    require(stateHash(std::get<ClusterState>(loaded)) == stateHash(builder_.state()),
            "a loaded state is the one that was saved");
  }

 private:
  void apply(const Command& command) {
    const EventSeq nextBefore = builder_.state().nextEvent;
    const Outcome outcome = builder_.apply(LogIndex(++index_), Epoch(term_), command);
    const ClusterState& state = builder_.state();
    const std::uint64_t before = std::exchange(hash_, stateHash(state));
    require(hash_ != before, "every entry shows in the hash");
    require(outcome.applied() || !outcome.message.empty(), "a refusal says why");
    const std::string fault = faultOf(state);
    require(fault.empty(), commandName(command.body), fault);
    const auto events = builder_.takeEvents();
    require(nextBefore.value + events.size() == state.nextEvent.value, "every event has its number");
    for (const auto& event : events)
      require(eventJson(*event).find('\n') == std::string::npos, "an event is one line");
  }

  StateBuilder builder_{ClusterState()};
  std::uint64_t hash_ = 0;  // of the state before
  std::uint64_t index_ = 0;
  std::uint64_t term_ = 1;
};

}  // namespace
}  // namespace clusterkit

// The first byte: whether there is a cluster. Then commands, each behind a byte for its term and its length.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  clusterkit::fuzz::Input input(data, size);
  clusterkit::Replica replica;
  if (input.byte() % 2 == 1) replica.found();
  for (int commands = 0; commands < 32 && !input.empty(); ++commands) {
    const std::uint8_t termStep = input.below(2);
    replica.take(input.chunk(), termStep);
  }
  replica.saveAndLoad();
  return 0;
}
