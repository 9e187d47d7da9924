#include "resolver.hpp"

#include <arpa/inet.h>
#include <netdb.h>

namespace clusterkit::zmq {
namespace {

std::string numericHost(const addrinfo& found) {
  char text[INET6_ADDRSTRLEN] = {};
  const void* raw = found.ai_family == AF_INET6
                        ? static_cast<const void*>(&reinterpret_cast<sockaddr_in6*>(found.ai_addr)->sin6_addr)
                        : static_cast<const void*>(&reinterpret_cast<sockaddr_in*>(found.ai_addr)->sin_addr);
  return inet_ntop(found.ai_family, raw, text, sizeof text) != nullptr ? text : "";
}

Resolver::Answer lookUp(const Endpoint& endpoint) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int failure = getaddrinfo(endpoint.host.c_str(), nullptr, &hints, &found);
  if (failure != 0) return {"", "cannot look up " + endpoint.host + ": " + gai_strerror(failure)};
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owned(found, freeaddrinfo);
  std::string host;
  for (const addrinfo* a = found; a != nullptr; a = a->ai_next) {
    if (a->ai_family == AF_INET) {
      host = numericHost(*a);
      break;
    }
    if (a->ai_family == AF_INET6 && host.empty()) host = numericHost(*a);
  }
  if (host.empty()) return {"", endpoint.host + " has no IP address"};
  return {toTcpAddress({host, endpoint.port}), ""};
}

struct Job {
  Endpoint endpoint;
  Resolver::Done done;
  std::weak_ptr<bool> alive;
  Host host;
  Resolver::Answer answer;
};

}  // namespace

void Resolver::resolve(const Endpoint& endpoint, Done done) {
  auto job = std::make_unique<Job>(Job{endpoint, std::move(done), alive_, host_, {}});
  const auto work = [](void* arg) noexcept {
    auto* j = static_cast<Job*>(arg);
    try {
      j->answer = lookUp(j->endpoint);
    } catch (const std::exception& e) {
      j->answer.problem = e.what();
    }
  };
  const auto finish = [](void* arg) noexcept {
    const std::unique_ptr<Job> j(static_cast<Job*>(arg));
    try {
      if (!j->alive.expired()) j->done(j->answer);
    } catch (...) {
      j->host.fatal(currentError());
    }
  };
  if (host_.raw()->offload(host_.raw()->cx, work, finish, job.get()) == CK_OK) {
    job.release();
  } else {
    // The pool is full: the link asks again in a while.
    host_.post([job = std::shared_ptr<Job>(std::move(job))] {
      job->answer.problem = "no thread is free to look up " + job->endpoint.host;
      if (!job->alive.expired()) job->done(job->answer);
    });
  }
}

}  // namespace clusterkit::zmq
