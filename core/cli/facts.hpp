// What a command found out, as one JSON object or as a table of fields.
#pragma once

#include <Poco/JSON/Object.h>

#include "cli/commands.hpp"

namespace clusterkit::cli {

void print(const Session& session, const Poco::JSON::Object& facts);

}  // namespace clusterkit::cli
