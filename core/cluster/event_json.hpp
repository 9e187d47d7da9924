// The one place where events and nodes become JSON, for sinks, streams and answers alike.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "cluster/event.hpp"
#include "cluster/json_text.hpp"
#include "cluster/node.hpp"

namespace clusterkit {

// One line, without a line break: seq, type, id, index, epoch, timestamp, then the fields of the type.
std::string eventJson(const ClusterEvent& event);

// A Node as the API shows it. `role` ("leader", "voter", "learner") is known to the consensus, not to the
// state; left out when empty.
void writeNode(JsonText& out, const NodeRecord& node, std::string_view role = {});

// RFC 3339 in UTC with nanoseconds: "2026-03-01T12:00:00.000000001Z". Times before 1970 are written as 1970.
std::string rfc3339(WallTime time);
std::string eventIdText(const EventId& id);  // 32 hex digits

}  // namespace clusterkit
