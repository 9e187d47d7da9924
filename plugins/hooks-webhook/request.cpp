#include "request.hpp"

#include <Poco/Crypto/DigestEngine.h>
#include <Poco/HMACEngine.h>
#include <Poco/Net/HTTPRequest.h>

#include <sstream>

namespace clusterkit::webhook {
namespace {

// What Poco::HMACEngine wants to know of a digest.
struct Sha256 : Poco::Crypto::DigestEngine {
  enum { BLOCK_SIZE = 64, DIGEST_SIZE = 32 };
  Sha256() : DigestEngine("SHA256") {}
};

std::string hexOf(const ck_event& event) {
  return Poco::DigestEngine::digestToHex({std::begin(event.id), std::end(event.id)});
}

}  // namespace

std::string signatureOf(const std::string& secret, const std::string& timestamp, std::string_view body) {
  Poco::HMACEngine<Sha256> hmac(secret);
  hmac.update(timestamp);
  hmac.update('.');
  hmac.update(body.data(), body.size());
  return "sha256=" + Poco::DigestEngine::digestToHex(hmac.digest());
}

std::string requestText(const Settings& settings, const Event& event, std::int64_t wallSeconds) {
  using Poco::Net::HTTPRequest;
  HTTPRequest request(HTTPRequest::HTTP_POST, settings.target.path, HTTPRequest::HTTP_1_1);
  request.set("Host", settings.target.authority);
  request.set("User-Agent", "clusterkit/" CLUSTERKIT_VERSION);
  request.setContentType("application/json");
  request.setContentLength64(static_cast<Poco::Int64>(event.json().size()));
  request.set("Idempotency-Key", hexOf(event.raw()));
  request.set("X-ClusterKit-Event", std::string(event.type()));
  request.set("X-ClusterKit-Seq", std::to_string(event.seq()));
  request.set("X-ClusterKit-Attempt", std::to_string(event.attempt()));
  if (!settings.secret.empty()) {
    const std::string timestamp = std::to_string(wallSeconds);
    request.set("X-ClusterKit-Timestamp", timestamp);
    request.set("X-ClusterKit-Signature", signatureOf(settings.secret, timestamp, event.json()));
  }
  for (const Header& header : settings.headers) request.add(header.name, header.value);
  std::ostringstream head;
  request.write(head);
  return std::move(head).str().append(event.json());
}

}  // namespace clusterkit::webhook
