// Events that a hook sink gave up, kept for people: one file of JSON lines per sink in the data folder.
//
// Bounded: at `maxBytes` the file is renamed to <sink>.1.jsonl, whose former content is lost, and begun anew.
// Written by a worker thread, and synced before the event counts as done with.
#pragma once

#include <filesystem>
#include <memory>
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
  static SinkAnswer write(const std::filesystem::path& folder, const Letter& letter);

  EventLoop& loop_;
  Workers& workers_;
  const std::filesystem::path folder_;
};

}  // namespace clusterkit
