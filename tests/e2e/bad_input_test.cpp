// Bad requests against a real node: the right answer, and the node answers afterwards.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "e2e/test_cluster.hpp"

namespace clusterkit::test {
namespace {

class BadInput : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    cluster_ = std::make_unique<TestCluster>();
    cluster_->addStarted();
    ASSERT_TRUE(eventually([] { return node().ready(); }));
  }
  static void TearDownTestSuite() { cluster_.reset(); }
  static TestNode& node() { return cluster_->node(1); }
  void TearDown() override {
    EXPECT_EQ(node().get("/health").status, 200) << "the node answers afterwards";
    EXPECT_EQ(node().put("alive", "yes").status, 200);
  }

  static std::unique_ptr<TestCluster> cluster_;
};
std::unique_ptr<TestCluster> BadInput::cluster_;

TEST_F(BadInput, PagesOutOfRange) {
  for (const char* target :
       {"/nodes?offset=-1", "/nodes?limit=abc", "/nodes?limit=0", "/nodes?limit=1001",
        "/nodes?limit=1&limit=2", "/nodes?unknown=1", "/nodes?offset=99999999999999999999"})
    EXPECT_EQ(node().get(target).status, 400) << target;
}

TEST_F(BadInput, ATenMegabyteJoin) {
  const HttpAnswer answer = node().send({.method = "POST",
                                         .target = "/join",
                                         .body = std::string(10u << 20, 'x'),
                                         .headers = {{"Content-Type", "application/json"}}});
  EXPECT_TRUE(answer.status == 413 || answer.status == 400) << answer.status;
}

TEST_F(BadInput, JoinsThatMakeNoSense) {
  for (const char* body :
       {"", "{", "[]", "null", "{\"node\":5}", "{\"node\":{\"id\":\"\"}}",
        "{\"node\":{\"id\":\"../../etc\",\"ip\":\"x\",\"name\":\"n\"},\"transport_address\":\"y\"}"}) {
    const HttpAnswer answer = node().send({.method = "POST",
                                           .target = "/join",
                                           .body = body,
                                           .headers = {{"Content-Type", "application/json"}}});
    EXPECT_GE(answer.status, 400) << body;
    EXPECT_LT(answer.status, 500) << body << " " << answer.body;
  }
}

TEST_F(BadInput, ValuesOverTheLimits) {
  EXPECT_EQ(node().put(std::string(513, 'k'), "v").status, 400);
  EXPECT_EQ(node().put("large", std::string((1u << 20) + 1, 'v')).status, 413);
  EXPECT_EQ(node().put("just-right", std::string(1u << 20, 'v')).status, 200);
  EXPECT_EQ(node().get("/v1/kv/large").status, 404) << "nothing was stored";
}

TEST_F(BadInput, SmuggledRequests) {
  const std::string smuggled =
      rawExchange(node().port(),
                  "POST /join HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: "
                  "chunked\r\n\r\n0\r\n\r\nGET /health HTTP/1.1\r\nHost: x\r\n\r\n",
                  2s);
  EXPECT_THAT(smuggled, testing::StartsWith("HTTP/1.1 400"));
  EXPECT_EQ(smuggled.find("healthy"), std::string::npos);
}

TEST_F(BadInput, GarbageOnTheHttpPort) {
  for (int i = 0; i < 50; ++i) {
    std::string garbage(200, '\0');
    for (std::size_t j = 0; j < garbage.size(); ++j)
      garbage[j] = static_cast<char>((static_cast<std::size_t>(i) * 131 + j * 31) % 256);
    rawExchange(node().port(), garbage + "\r\n\r\n", 200ms);
  }
}

TEST_F(BadInput, GarbageOnTheTransportPort) {
  const std::string address = node().transportAddress();
  const auto port = static_cast<std::uint16_t>(std::stoi(address.substr(address.find(':') + 1)));
  for (int i = 0; i < 20; ++i) rawExchange(port, std::string(300, static_cast<char>(i * 13)), 100ms);
}

}  // namespace
}  // namespace clusterkit::test
