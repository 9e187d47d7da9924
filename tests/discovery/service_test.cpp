#include "discovery/service.hpp"

#include <gtest/gtest.h>

namespace clusterkit {
namespace {

ServiceSpec spec(std::string service, std::string id = {}) {
  return {std::move(service), std::move(id), "", 0, {}, {}};
}

TEST(Service, AnInstanceWithoutAnIdIsNamedAfterItsNode) {
  EXPECT_EQ(instanceOn("node-1", spec("kv"), Passing::Yes).spec.id, "node-1");
  EXPECT_EQ(instanceOn("node-1", spec("kv", "a"), Passing::Yes).spec.id, "a");
}

TEST(Service, KeysKeepTheInstancesOfOneServiceTogether) {
  EXPECT_TRUE(serviceKey("kv", "1").starts_with(servicePrefix("kv")));
  EXPECT_FALSE(serviceKey("kv2", "1").starts_with(servicePrefix("kv")));
  EXPECT_NE(serviceKey("a", "bc"), serviceKey("ab", "c"));
  EXPECT_LT(serviceKey("kv", "9"), serviceKey("kv2", "1"));
}

TEST(Service, AQueryMatchesByServiceTagAndHealth) {
  ServiceInstance instance{spec("kv", "1"), "node-1", Passing::No};
  instance.spec.tags = {"fast", "eu"};
  EXPECT_TRUE(matches(instance, {"kv", ""}));
  EXPECT_TRUE(matches(instance, {"kv", "eu"}));
  EXPECT_FALSE(matches(instance, {"kv", "us"}));
  EXPECT_FALSE(matches(instance, {"db", ""}));
  EXPECT_FALSE(matches(instance, {"kv", "", ServiceQuery::Want::PassingOnly}));
  instance.passing = Passing::Yes;
  EXPECT_TRUE(matches(instance, {"kv", "", ServiceQuery::Want::PassingOnly}));
}

TEST(Service, LimitsAreToldByName) {
  EXPECT_TRUE(checkServiceSpec(spec("kv")).empty());
  EXPECT_TRUE(checkServiceSpec(spec(std::string(128, 's'))).empty());
  EXPECT_FALSE(checkServiceSpec(spec("")).empty());
  EXPECT_FALSE(checkServiceSpec(spec(std::string(129, 's'))).empty());
  EXPECT_FALSE(checkServiceSpec(spec(std::string("k\0v", 3))).empty()) << "NUL divides keys";
  EXPECT_FALSE(checkServiceSpec(spec("kv", "a\nb")).empty());
  ServiceSpec port = spec("kv");
  port.port = 65536;
  EXPECT_EQ(checkServiceSpec(port), "service kv: port 65536 is above 65535");
  ServiceSpec tags = spec("kv");
  tags.tags.assign(65, "t");
  EXPECT_FALSE(checkServiceSpec(tags).empty());
  ServiceSpec meta = spec("kv");
  meta.meta[""] = "x";
  EXPECT_FALSE(checkServiceSpec(meta).empty());
  ServiceSpec address = spec("kv");
  address.address = std::string(2000, 'a');
  EXPECT_FALSE(checkServiceSpec(address).empty());
}

}  // namespace
}  // namespace clusterkit
