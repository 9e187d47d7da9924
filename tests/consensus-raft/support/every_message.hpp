// One message of each kind, with something in every field.
#pragma once

#include <vector>

#include "support/builders.hpp"

namespace clusterkit::raft::test {

SnapshotMeta snapshotMeta();
std::vector<MessageBody> everyBody();
Message messageWith(MessageBody body);  // from A to B

}  // namespace clusterkit::raft::test
