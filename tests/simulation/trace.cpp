#include "simulation/trace.hpp"

#include <algorithm>
#include <iostream>

namespace clusterkit::sim {
namespace {

std::int64_t microseconds(MonotonicTime at) {
  return std::chrono::duration_cast<std::chrono::microseconds>(at.time_since_epoch()).count();
}

}  // namespace

std::string_view name(Step step) {
  switch (step) {
    case Step::Started: return "started";
    case Step::Opened: return "opened";
    case Step::PowerLost: return "power lost";
    case Step::Ended: return "ended";
    case Step::Sent: return "sent";
    case Step::Lost: return "lost";
    case Step::Delivered: return "delivered";
    case Step::Written: return "written";
    case Step::Synced: return "synced";
    case Step::SyncFailed: return "sync failed";
    case Step::DiskFull: return "disk full";
    case Step::DiskFreed: return "disk freed";
    case Step::Corrupted: return "corrupted";
    case Step::Role: return "role";
    case Step::Members: return "members";
    case Step::Committed: return "committed";
    case Step::SnapshotMade: return "snapshot made";
    case Step::Restored: return "restored";
    case Step::Invoked: return "invoked";
    case Step::Returned: return "returned";
    case Step::Asked: return "asked";
    case Step::Fault: return "fault";
    case Step::Healed: return "healed";
    case Step::SinkTold: return "sink told";
    case Step::SinkDone: return "sink done";
    case Step::SinkOrdered: return "sink ordered";
  }
  return "?";
}

Trace::Trace(const Scheduler& scheduler, Echo echo) : scheduler_(scheduler), echo_(echo), last_(kKept) {}

void Trace::note(Step step, std::uint64_t a, std::uint64_t b, std::uint64_t c) {
  const Line line{scheduler_.now(), step, a, b, c};
  const auto at = static_cast<std::uint64_t>(line.at.time_since_epoch().count());
  // Odd factors, so that no word is lost; only the last step waits for the hash before.
  const std::uint64_t words = at * 0x9e3779b97f4a7c15u +
                              static_cast<std::uint64_t>(step) * 0xc2b2ae3d27d4eb4fu +
                              a * 0x165667b19e3779f9u + b * 0xff51afd7ed558ccdu + c * 0xc4ceb9fe1a85ec53u;
  hash_ = (hash_ ^ words ^ words >> 32) * 0x9fb21c651e98df25u ^ hash_ >> 29;
  last_[steps_++ % kKept] = line;
  if (echoes()) print(std::cout, line);
}

void Trace::printLast(std::ostream& out) const {
  for (std::uint64_t i = steps_ - std::min<std::uint64_t>(steps_, kKept); i < steps_; ++i)
    print(out, last_[i % kKept]);
}

void Trace::say(std::uint64_t member, LogLevel level, std::string_view event, Log::Fields fields) {
  const std::string line = formatLogLine(LogFormat::Text, WallTime(), level, event, fields);
  std::cout << microseconds(scheduler_.now()) << "us member " << member << " logs"
            << line.substr(line.find(' ')) << '\n';
}

void Trace::print(std::ostream& out, const Line& line) {
  out << microseconds(line.at) << "us " << name(line.step) << ' ' << line.a << ' ' << line.b << ' ' << line.c
      << '\n';
}

}  // namespace clusterkit::sim
