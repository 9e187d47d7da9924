// Events that a hook sink gave up, kept for people: one file of JSON lines per sink in the data folder.
//
// Bounded: at `maxBytes` the file is renamed to <sink>.1.jsonl, whose former content is lost, and begun anew.
// Written by a worker thread, one at a time, and synced before the event counts as done with.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <string>

#include "events/sink_port.hpp"
#include "host/event_loop.hpp"

namespace clusterkit {

class DeadLetters {
 public:
  struct Letter {
    std::string sink;
    std::shared_ptr<const std::string> json;  // the event
    std::uint32_t attempts = 0;
    std::string reason;
    WallTime at{};
  };
  static constexpr std::uintmax_t maxBytes = 16 * 1024 * 1024;

  // The folder is made with the first letter.
  DeadLetters(EventLoop& loop, Workers& workers, std::filesystem::path folder);

  // Ok: it is on disk. [loop], answers there.
  void keep(Letter letter, UniqueFunction<void(SinkAnswer)> done);

 private:
  struct Place {
    std::mutex mutex;  // one letter at a time
    std::filesystem::path folder;
  };
  static SinkAnswer write(Place& place, const Letter& letter);

  EventLoop& loop_;
  Workers& workers_;
  const std::shared_ptr<Place> place_;  // a worker may still be at it when the node's parts go
};

}  // namespace clusterkit
