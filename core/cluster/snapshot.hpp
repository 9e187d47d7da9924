// The whole state as bytes and back: a header, then records, each with its length before it
// (proto/snapshot.proto), and a trailer with their number and the state hash. Written and read piece by
// piece, so that nobody holds it all twice.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "cluster/state.hpp"

namespace clusterkit {

// Gives out the bytes of one state. Keeps that state (which shares its parts with later ones) for as long as
// it lives.
class SnapshotWriter {
 public:
  explicit SnapshotWriter(ClusterState state);
  ~SnapshotWriter();
  SnapshotWriter(SnapshotWriter&&) noexcept;
  SnapshotWriter& operator=(SnapshotWriter&&) noexcept;

  // The next piece: at least one byte, at most about `targetBytes` plus one record (1 MiB); empty at the end.
  std::string next(std::size_t targetBytes);

 private:
  class Pieces;
  std::unique_ptr<Pieces> pieces_;
};

struct SnapshotError {
  std::string message;
};

// Takes the bytes in pieces of any size and rebuilds the state. Any input gives a state or an error, never a
// crash, and memory stays in proportion to the bytes fed.
class SnapshotReader {
 public:
  SnapshotReader();
  ~SnapshotReader();
  SnapshotReader(SnapshotReader&&) noexcept;
  SnapshotReader& operator=(SnapshotReader&&) noexcept;

  // False after the first error; more input is then ignored.
  bool feed(std::string_view bytes);
  // The state whose hash is the one in the trailer, or what was wrong. Call once.
  std::variant<ClusterState, SnapshotError> finish();

 private:
  class Parser;
  std::unique_ptr<Parser> parser_;
};

// In one piece, for tests and tools.
std::string writeSnapshot(const ClusterState& state);
std::variant<ClusterState, SnapshotError> readSnapshot(std::string_view bytes);

}  // namespace clusterkit
