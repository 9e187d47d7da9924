// Commands as bytes: protobuf, see proto/command.proto. Decoding is strict and never throws.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "cluster/command.hpp"

namespace clusterkit {

std::string encodeCommand(const Command& command);

enum class CommandFault : std::uint8_t {
  Corrupt = 1,  // not a command
  Unknown = 2,  // made by a newer version: a format, a body or a word in it that this one does not know
};

struct CommandError {
  CommandFault fault = CommandFault::Corrupt;
  std::string message;
};

// What encodeCommand wrote is always read back as the same command, however senseless it is: sense is apply's
// business. A committed entry that gives an error must stop the node at that entry: skipping it would let the
// states part.
std::variant<Command, CommandError> decodeCommand(std::string_view bytes);

// Equal for equal requests, whoever proposes them and when: tells a repeated one from another. A command that
// the leader made of a request is known by what was asked for (Idempotency::request).
std::uint64_t requestDigest(HashSeed seed, std::string_view request);
std::uint64_t bodyDigest(HashSeed seed, const CommandBody& body);

}  // namespace clusterkit
