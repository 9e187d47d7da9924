// The real API on a real server, in front of a FakeCluster.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "http/api.hpp"
#include "http/fake_cluster.hpp"
#include "http/http_server.hpp"
#include "http/raw_client.hpp"
#include "http/test_server.hpp"

namespace clusterkit::http::test {

class ApiTest : public testing::Test {
 protected:
  explicit ApiTest(FakeCluster::Start start = FakeCluster::Start::ThreeNodes, ServerOptions options = {})
      : cluster_(start), api_(cluster_), server_(onFreePort(std::move(options)), api_) {
    api_.attach(server_);
    server_.start();
  }

  // `headers`: lines that end with CR LF. A body, or PUT and POST, get a Content-Length.
  RawResponse request(const std::string& method, const std::string& target, const std::string& body = "",
                      const std::string& headers = "") const {
    std::string text = method + " " + target + " HTTP/1.1\r\nHost: test\r\nConnection: close\r\n" + headers;
    if (!body.empty() || method == "PUT" || method == "POST") {
      text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    }
    return exchange(server_.port(), text + "\r\n" + body);
  }
  RawResponse get(const std::string& target, const std::string& headers = "") const {
    return request("GET", target, "", headers);
  }
  RawResponse put(const std::string& target, const std::string& body, const std::string& headers = "") const {
    return request("PUT", target, body, headers);
  }
  RawResponse post(const std::string& target, const std::string& body = "",
                   const std::string& headers = "") const {
    return request("POST", target, body, headers);
  }
  void expectError(const RawResponse& response, int status, const std::string& code,
                   const std::string& outcome) const {
    EXPECT_EQ(response.status, status) << response.body;
    EXPECT_EQ(response.body.find("{\"error\":{\"code\":\"" + code + "\",\"message\":\""), 0U)
        << response.body;
    EXPECT_NE(response.body.find("\",\"outcome\":\"" + outcome + "\"}}"), std::string::npos) << response.body;
  }

  FakeCluster cluster_;
  Api api_;
  HttpServer server_;
};

// A node that has joined nothing yet.
class LonelyApiTest : public ApiTest {
 protected:
  LonelyApiTest() : ApiTest(FakeCluster::Start::Empty) {}
};

}  // namespace clusterkit::http::test
