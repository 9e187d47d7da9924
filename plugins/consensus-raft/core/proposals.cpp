// Clients' commands on their way into the log, and what they are told when leadership ends.
#include "planted.hpp"
#include "raft.hpp"

namespace clusterkit::raft {

void Raft::on(const Propose& event) {
  bool appended = false;
  for (std::size_t i = 0; i < event.commands.size(); ++i) {
    const Handle handle{event.first.value + i};
    const OutcomeCode code = admit(event.commands[i]);
    if (code != OutcomeCode::Ok) {
      finish(handle, code);
      continue;
    }
    appendOwn(event.commands[i]);
    proposals_.push_back({log_.lastIndex(), handle});
    appended = true;
  }
  if (!appended) return;
  leading()->news.carried();
  broadcast();
}

// Everything that is refused here is definitely not done.
OutcomeCode Raft::admit(const Bytes& command) const {
  const LeaderState* leader = leading();
  if (leader == nullptr) return leader_ ? OutcomeCode::NotLeader : OutcomeCode::Unavailable;
  if (leader->transfer) return OutcomeCode::Refused;
  if (storeFull_) return OutcomeCode::NoSpace;
  if (command.size() > options_.maxEntryBytes) return OutcomeCode::TooLarge;
  const bool tooMuchUnderWay = log_.bytesAfter(commit_) >= options_.maxUncommittedBytes;
  return tooMuchUnderWay || log_.bytes() >= options_.maxLogBytes ? OutcomeCode::Refused : OutcomeCode::Ok;
}

void Raft::appendOwn(EntryPayload payload) {
  appendEntry(Entry{next(log_.lastIndex()), term_, std::move(payload)});
}

// Committed ones stay: they end Ok when they are applied.
void Raft::failUncommitted() {
  while (!proposals_.empty() && proposals_.back().index > commit_) {
    finish(proposals_.back().handle,
           planted(Defect::UnknownToldAsRefused) ? OutcomeCode::NotLeader : OutcomeCode::Unknown);
    proposals_.pop_back();
  }
}

}  // namespace clusterkit::raft
