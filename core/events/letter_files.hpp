// The dead letters of a node: one file of JSON lines per sink in the data folder.
//
// Bounded: at `maxBytes` the file is renamed to <sink>.1.jsonl, whose former content is lost, and begun anew.
// Written by a worker thread, one at a time, and synced before the event counts as done with.
#pragma once

#include <filesystem>
#include <mutex>
#include <set>
#include <string>

#include "events/dead_letters.hpp"
#include "host/event_loop.hpp"

namespace clusterkit {

class LetterFiles final : public DeadLetters {
 public:
  static constexpr std::uintmax_t maxBytes = 16 * 1024 * 1024;

  // The folder is made with the first letter.
  LetterFiles(EventLoop& loop, Workers& workers, std::filesystem::path folder);

  // [loop], answers there.
  void keep(Letter letter, Kept kept) override;

 private:
  struct Place {
    std::mutex mutex;  // one letter at a time
    std::filesystem::path folder;
    std::set<std::string> synced;  // sinks whose file's name this run has made durable
  };
  static SinkAnswer write(Place& place, const Letter& letter);

  EventLoop& loop_;
  Workers& workers_;
  const std::shared_ptr<Place> place_;  // a worker may still be at it when the node's parts go
};

}  // namespace clusterkit
