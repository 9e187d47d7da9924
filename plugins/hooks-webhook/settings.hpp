// The checked section of one webhook.
#pragma once

#include <chrono>
#include <clusterkit/sink.hpp>
#include <string>
#include <vector>

#include "target.hpp"

namespace clusterkit::webhook {

struct Header {
  std::string name, value;
};

enum class Verify { Full, None };

struct TlsSettings {
  Verify verify = Verify::Full;
  std::string caFile;             // empty: the system's certificate authorities
  std::string certFile, keyFile;  // both or neither
};

struct Settings {
  Target target;
  std::string secret;  // empty: no signature
  std::vector<Header> headers;
  std::chrono::nanoseconds connectTimeout;
  TlsSettings tls;
};

inline constexpr ck_option kOptions[] = {
    requiredOption("url", CK_TYPE_STRING,
                   "Where each event is POSTed as JSON: http:// or https://, no user, no fragment"),
    option("secret", CK_TYPE_SECRET, nullptr,
           "Key of the signature in X-ClusterKit-Signature; not set: no signature"),
    option("headers", CK_TYPE_LIST, "",
           "More request headers, each \"Name: value\", such as \"Authorization: Bearer ...\""),
    option("connect_timeout", CK_TYPE_DURATION, "5s",
           "Longest wait for a name, and for a connection with its TLS handshake", 1'000'000,
           600'000'000'000),
    option("ca_file", CK_TYPE_PATH, nullptr,
           "PEM file of the authorities to trust; not set: those of the system"),
    choiceOption("verify", "full|none", "full",
                 "Check the receiver's certificate and name; none: trust whoever answers, for tests only"),
    option("cert_file", CK_TYPE_PATH, nullptr,
           "PEM file with this node's own certificate, for receivers that ask for one"),
    option("key_file", CK_TYPE_PATH, nullptr,
           "PEM file with the private key of cert_file, without a passphrase"),
    endOfOptions};

// Throws clusterkit::Error(CK_INVALID) with one line that names the key and what is allowed, never a secret.
Settings readSettings(const Config& config);

}  // namespace clusterkit::webhook
