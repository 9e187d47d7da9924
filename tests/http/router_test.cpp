#include "http/router.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace clusterkit::http {
namespace {

using testing::ElementsAre;

Router sample() {
  Router router;
  for (const char* pattern :
       {"/nodes", "/v1/kv", "/v1/kv/{key...}", "/v1/nodes/{id}", "/v1/nodes/{id}/drain"}) {
    router.add({Method::get, pattern, 0, [](Call&) {}});
  }
  router.add({Method::put, "/v1/kv/{key...}", 100, [](Call&) {}});
  return router;
}

std::string patternOf(const Router& router, Method method, const std::string& path) {
  const Router::Match match = router.match(method, path);
  const auto* route = std::get_if<const Route*>(&match);
  return route != nullptr ? (*route)->pattern : "";
}

TEST(Router, FindsFixedPathsSegmentsAndRests) {
  const Router router = sample();
  EXPECT_EQ(patternOf(router, Method::get, "/nodes"), "/nodes");
  EXPECT_EQ(patternOf(router, Method::head, "/nodes"), "/nodes");
  EXPECT_EQ(patternOf(router, Method::get, "/v1/kv"), "/v1/kv");
  EXPECT_EQ(patternOf(router, Method::put, "/v1/kv/a/b"), "/v1/kv/{key...}");
  EXPECT_EQ(patternOf(router, Method::get, "/v1/nodes/n1"), "/v1/nodes/{id}");
  EXPECT_EQ(patternOf(router, Method::get, "/v1/nodes/n1/drain"), "/v1/nodes/{id}/drain");
}

TEST(Router, OtherSpellingsAreOtherPaths) {
  const Router router = sample();
  for (const char* path : {"/", "//nodes", "/nodes/", "/v1/kv/", "/v1/nodes/", "/v1/nodes//drain",
                           "/v1/nodes/a/b", "/v1/./kv", "/v1/%6bv", "/V1/kv", "/v1"}) {
    EXPECT_TRUE(std::holds_alternative<Router::NoPath>(router.match(Method::get, path))) << path;
  }
}

TEST(Router, SaysWhichMethodsAPathKnows) {
  const Router router = sample();
  const Router::Match match = router.match(Method::post, "/v1/kv/x");
  EXPECT_EQ(std::get<Router::NoMethod>(match).allow, "GET, HEAD, PUT");
}

TEST(Router, DecodesTheParts) {
  const Router router = sample();
  const auto partsOf = [&](const std::string& path) {
    return Router::parameters(*std::get<const Route*>(router.match(Method::get, path)), path);
  };
  EXPECT_THAT(partsOf("/v1/nodes/a%20b/drain"), ElementsAre("a b"));
  EXPECT_THAT(partsOf("/v1/kv/a/b%2fc/"), ElementsAre("a/b/c/"));
  EXPECT_THROW(partsOf("/v1/nodes/%ff"), RequestError);
}

TEST(Router, RefusesASecondRouteForTheSame) {
  Router router = sample();
  EXPECT_THROW(router.add({Method::get, "/nodes", 0, [](Call&) {}}), std::logic_error);
}

}  // namespace
}  // namespace clusterkit::http
