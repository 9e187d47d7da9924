#include "codec.hpp"
#include "fuzz/seeds.hpp"
#include "support/every_message.hpp"

namespace clusterkit::fuzz {
namespace {

using namespace raft;
using raft::test::everyBody, raft::test::messageWith;

std::string bytesOfEntry(const Entry& entry) {
  std::string scratch;
  std::string bytes{'e', static_cast<char>(entry.index.value),  0, static_cast<char>(entry.term.value),
                    0,   static_cast<char>(wire::typeOf(entry))};
  bytes += wire::encodeEntryData(entry, scratch);
  return bytes;
}

// What raft_core.cpp makes of bytes, written the other way round. A number is what the node has, and this
// much more.
class Story {
 public:
  explicit Story(char beginning) : bytes_(1, beginning) {}

  Story& pass(char milliseconds) { return add({0, milliseconds}); }
  Story& timeOut() { return add({1}); }
  Story& write() { return add({2}); }
  Story& propose(const std::string& command) {
    add({3, static_cast<char>(command.size())});
    bytes_ += command;
    return *this;
  }
  Story& barrier() { return add({4}); }
  Story& change(std::initializer_list<char> change) { return add({5}).add(change); }
  Story& transfer(char member) { return add({6, member}); }
  Story& restart() { return add({8, 1}); }
  Story& hear(char member, char termMore, std::initializer_list<char> body) {
    return add({10, member, more(termMore), more(0)}).add(body);
  }
  Story& hear(const Message& message) {
    const std::string bytes = wire::encodeMessage(message);
    add({9, static_cast<char>(bytes.size() & 0xff), static_cast<char>(bytes.size() >> 8)});
    bytes_ += bytes;
    return *this;
  }
  // By the votes of B and C.
  Story& win() {
    timeOut().hear(1, 0, {1, more(1), 1}).hear(2, 0, {1, more(1), 1});
    return write().hear(1, 0, {3, 1}).hear(2, 0, {3, 1}).write();
  }

  static constexpr char more(char by) { return static_cast<char>(4 + by); }
  operator std::string() const { return bytes_; }

 private:
  Story& add(std::initializer_list<char> bytes) {
    bytes_.append(bytes);
    return *this;
  }
  std::string bytes_;
};

constexpr char more(char by) { return Story::more(by); }

Story leads() {
  Story story(0);
  story.win().hear(1, 0, {5, more(0)}).hear(2, 0, {5, more(0)}).propose("set a 1").write();
  story.hear(1, 0, {5, more(0)}).barrier().timeOut().hear(1, 0, {8, 1, more(0)}).hear(2, 0, {8, 1, more(0)});
  story.change({0, 3}).write().hear(1, 0, {5, more(0)}).hear(2, 0, {5, more(0)}).transfer(1).timeOut();
  return story;
}

// Entries of two leaders, the second of which overwrites; then votes, a heartbeat and a power loss.
Story follows() {
  Story story(0);
  story.hear(1, 0, {4, more(0), more(0), more(0), 2, more(0), 2, 2, 'x', 'y', more(0), 0}).write();
  story.hear(2, 1, {4, more(-1), more(-1), more(0), 1, more(0), 3, 1, 'z'})
      .write()
      .hear(2, 0, {7, more(1), 1});
  story.hear(1, 1, {0, more(0), more(0)}).pass(120).timeOut().restart();
  return story.hear(1, 1, {2, more(1), more(1), 1}).write().hear(1, 0, {12, 7});
}

Story receivesSnapshot() {
  Story story(3);
  story.hear(
      0, 3,
      {9, more(3), more(2), static_cast<char>(0x30), 8, 1, 0, 8, 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'});
  story.write().write().write();
  return story.hear(0, 0, {7, more(0), 1}).propose("late").timeOut();
}

}  // namespace

std::vector<Seed> raftSeeds() {
  std::vector<Seed> seeds;
  Story all(1);
  for (const MessageBody& body : everyBody()) {
    const Message message = messageWith(body);
    seeds.push_back({"raft_message", "kind-" + std::to_string(body.index()), wire::encodeMessage(message)});
    Message toUs = message;
    toUs.to = raft::test::D;
    all.hear(toUs).write();
    if (const auto* append = std::get_if<AppendRequest>(&body))
      for (const Entry& entry : append->entries)
        seeds.push_back({"raft_message", "entry-" + std::to_string(entry.index.value), bytesOfEntry(entry)});
  }
  seeds.push_back({"raft_message", "snapshot-configuration",
                   "s" + wire::encodeSnapshotConfiguration(raft::test::snapshotMeta())});
  seeds.push_back({"raft_core", "every-message", all});
  seeds.push_back({"raft_core", "leads", leads()});
  seeds.push_back({"raft_core", "follows", follows()});
  seeds.push_back({"raft_core", "receives-snapshot", receivesSnapshot()});
  seeds.push_back({"raft_core", "alone", Story(2).timeOut().write().propose("a").write().barrier().write()});
  seeds.push_back({"raft_core", "repairs", Story(4).hear(1, 0, {7, more(1), 1}).timeOut().restart()});
  seeds.push_back({"raft_core", "from-snapshot", Story(5).win().propose("b").write().restart().timeOut()});
  return seeds;
}

}  // namespace clusterkit::fuzz
