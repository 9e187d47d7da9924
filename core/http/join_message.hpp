// The bodies of POST /join, both ways: what the joiner of a node writes and reads, and what its seed reads
// and writes. Ids of 64 bits and keys are hex digits.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http/cluster_api.hpp"
#include "http/json_body.hpp"

namespace clusterkit::http {

std::string joinRequestBody(const JoinRequest& request);
// Throws RequestError for what is missing or malformed; says nothing about what the cluster thinks of it.
JoinRequest parseJoinRequest(const JsonBody& body);

// What the new node needs to take part: whom to expect messages from.
struct JoinMember {
  NodeId id;
  MemberId member;
  std::string httpAddress;
  std::string transportAddress;
  std::string transportKey;
};
struct JoinReply {
  JoinAccepted accepted;
  std::vector<JoinMember> members;
};

std::string joinReplyBody(const JoinReply& reply);
JoinReply parseJoinReply(std::string_view text);  // throws RequestError when it is not one

}  // namespace clusterkit::http
