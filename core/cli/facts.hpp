// What a command found out, as one JSON object or as a table of fields.
#pragma once

#include <Poco/JSON/Object.h>

#include <cstdint>
#include <string>

#include "cli/commands.hpp"

namespace clusterkit::cli {

std::string hex(std::uint64_t number);  // 16 digits
void print(const Session& session, const Poco::JSON::Object& facts);

}  // namespace clusterkit::cli
