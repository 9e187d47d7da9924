// The settings as the parts of a node want them. Pure.
#pragma once

#include <string>

#include "cluster/cluster_facts.hpp"
#include "controller/leader_duties.hpp"
#include "daemon/settings.hpp"
#include "discovery/service.hpp"
#include "http/server_options.hpp"

namespace clusterkit {

http::ServerOptions serverOptions(const HttpSettings& settings);
// Where others reach the API: http.advertise, else http.listen.
std::string advertisedHttp(const HttpSettings& settings);
// What a cluster that this node founds is like; id and seed are left open.
ClusterFacts clusterFacts(const Settings& settings);
ServiceSpec serviceSpec(const ServiceSettings& settings);
DutySettings dutySettings(const Settings& settings);

}  // namespace clusterkit
