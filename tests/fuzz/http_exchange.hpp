// One client and the real API on a real connection, in one thread: the socket is one end of a pair, the
// cluster behind it answers at once.
#pragma once

#include <Poco/Net/StreamSocket.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/api.hpp"
#include "http/connection.hpp"
#include "http/fake_cluster.hpp"
#include "http/sinks_handler.hpp"

namespace clusterkit::fuzz {

// A node with the sinks "audit" and "hook".
class TwoSinks : public http::SinkApi {
 public:
  void listSinks(http::Callback<std::vector<http::SinkView>> done) override;
  void controlSink(std::string name, http::SinkControl control, http::Callback<http::SinkView> done) override;

 private:
  static http::SinkView sinkOf(const std::string& name);
};

// The API, with a note of every head that it was asked to admit.
class NotedApi : public http::RequestHandler {
 public:
  explicit NotedApi(http::ClusterApi& cluster) : api_(cluster), sinksHandler_(cluster, sinks_) {
    sinksHandler_.addTo(api_.router());
  }

  std::variant<http::BodyLimit, http::Response> admit(const http::Request& head) override {
    methods_.push_back(head.method);
    return api_.admit(head);
  }
  void handle(const http::Request& request, http::Responder& responder) override {
    api_.handle(request, responder);
  }
  http::Position position() const override { return api_.position(); }
  const std::vector<http::Method>& methods() const { return methods_; }

 private:
  http::Api api_;
  TwoSinks sinks_;
  http::SinksHandler sinksHandler_;
  std::vector<http::Method> methods_;
};

class HttpExchange {
 public:
  HttpExchange();

  void send(std::string_view bytes);
  // The client sends no more, and the server lets go of whoever still waits.
  void end();

  const std::string& answered() const { return answered_; }
  const std::vector<http::Method>& methods() const { return api_.methods(); }
  bool waited() const { return waited_; }  // for an event, at any time
  const ClusterState& state() const { return *cluster_.state(); }

 private:
  void work();
  void takeAnswers();

  http::test::FakeCluster cluster_{http::test::FakeCluster::Start::ThreeNodes,
                                   http::test::FakeCluster::Answers::AtOnce};
  NotedApi api_{cluster_};
  http::ServerOptions options_;
  http::HttpStats stats_;
  http::ConnectionEnvironment environment_;
  Poco::Net::StreamSocket client_;
  std::unique_ptr<http::Connection> connection_;
  std::string scratch_;
  std::string answered_;
  MonotonicTime now_;
  bool waited_ = false;
};

}  // namespace clusterkit::fuzz
