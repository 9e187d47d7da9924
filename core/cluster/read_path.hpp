// Linearizable reads of this node: those of one turn of the loop share one barrier of the consensus, which is
// asked for after the last of them has come. Everything [loop].
#pragma once

#include <memory>
#include <vector>

#include "host/consensus_port.hpp"
#include "host/lifetime.hpp"

namespace clusterkit {

// The index that was committed when the round began that has confirmed the read point.
using ReadHandler = UniqueFunction<void(Result<LogIndex>)>;

class ReadPath {
 public:
  // Both outlive this object.
  ReadPath(EventLoop& loop, ConsensusPort& consensus) : loop_(loop), consensus_(consensus) {}
  ReadPath(const ReadPath&) = delete;
  ReadPath& operator=(const ReadPath&) = delete;

  // When the handler gets an index, this node has applied every write acknowledged before the call. It runs
  // once, never inside this call, and no later than the deadline, then with Timeout.
  void barrier(MonotonicTime deadline, ReadHandler handler);

 private:
  struct Reader {
    MonotonicTime deadline;
    ReadHandler handler;
  };
  // Who waits for one answer of the consensus. It may come when all of them have given up.
  struct Group {
    std::vector<Reader> readers;
    TimerId timer;
  };
  using SharedGroup = std::shared_ptr<Group>;

  void ask();
  void watch(const SharedGroup& group);
  void expire(const SharedGroup& group);

  EventLoop& loop_;
  ConsensusPort& consensus_;
  SharedGroup gathering_;  // of this turn; null: nobody has come yet
  Lifetime lifetime_;
};

}  // namespace clusterkit
