#include "daemon/settings_view.hpp"

#include <chrono>

namespace clusterkit {
namespace {

std::chrono::milliseconds ms(Duration d) { return std::chrono::duration_cast<std::chrono::milliseconds>(d); }

}  // namespace

http::ServerOptions serverOptions(const HttpSettings& settings) {
  http::ServerOptions out;
  out.listen = toString(settings.listen);
  out.parser.targetBytes = settings.maxTargetSize;
  out.parser.headerBytes = settings.maxHeaderSize;
  out.parser.headerCount = settings.maxHeaders;
  out.parser.bodyBytes = settings.maxBodySize;
  out.maxConnections = settings.maxConnections;
  out.maxConnectionsPerSource = settings.maxConnectionsPerSource;
  out.bodyBytesInFlight = settings.maxBodyMemory;
  out.streamBacklogBytes = settings.maxStreamBacklog;
  out.requestTimeout = ms(settings.requestTimeout);
  out.answerTimeout = ms(settings.answerTimeout);
  out.writeTimeout = ms(settings.writeTimeout);
  out.idleTimeout = ms(settings.idleTimeout);
  return out;
}

std::string advertisedHttp(const HttpSettings& settings) {
  return toString(settings.advertise.value_or(settings.listen));
}

ClusterFacts clusterFacts(const Settings& settings) {
  ClusterFacts facts;
  facts.name = settings.cluster.name;
  facts.partitionCount = settings.cluster.partitionCount;
  facts.replicationFactor = settings.cluster.replicationFactor;
  facts.maxVoters = settings.cluster.maxVoters;
  facts.strategy = settings.rebalance.strategy;
  facts.valueQuotaBytes = settings.cluster.valueQuota;
  facts.eventsRetain = settings.events.retain;
  facts.idempotencyRetain = settings.cluster.idempotencyRetain;
  return facts;
}

ServiceSpec serviceSpec(const ServiceSettings& settings) {
  ServiceSpec spec;
  spec.service = settings.name;
  spec.address = settings.address.host;
  spec.port = settings.address.port;
  spec.tags = settings.tags;
  return spec;
}

DutySettings dutySettings(const Settings& settings) {
  DutySettings out;
  out.healthEnabled = settings.health.enabled;
  out.probeInterval = settings.health.interval;
  out.probeTimeout = settings.health.timeout;
  out.probeThreshold = settings.health.threshold;
  out.rebalanceDelay = settings.rebalance.delay;
  out.rebalanceGrace = settings.rebalance.grace;
  out.maxMoves = settings.rebalance.maxMoves;
  out.handoff = settings.rebalance.handoff == HandoffMode::Immediate ? HandoffMode::Immediate
                                                                     : HandoffMode::Acknowledged;
  out.handoffTimeout = settings.rebalance.handoffTimeout;
  return out;
}

}  // namespace clusterkit
