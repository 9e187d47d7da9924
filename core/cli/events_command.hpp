// `clusterkit events`: what has happened in the cluster, one line for each event, and with --follow also what
// happens next.
#pragma once

#include "cli/commands.hpp"

namespace clusterkit::cli {

// Arguments: [--follow] [SINCE] [TYPE,...] in any order. Follows until it is killed or cannot go on; a node
// that does not answer for a while is asked again.
void events(const Session& session, const std::vector<std::string>& arguments);

// One event for people: number, time, type, then its fields as name=value. `json` is one event's object.
std::string eventText(const std::string& json);

}  // namespace clusterkit::cli
