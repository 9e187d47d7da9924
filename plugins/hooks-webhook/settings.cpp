#include "settings.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace clusterkit::webhook {
namespace {

// RFC 9110, 5.6.2: what a header's name is made of.
bool isToken(const std::string& text) {
  static constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return (c < 0x80 && std::isalnum(c) != 0) || marks.find(static_cast<char>(c)) != std::string_view::npos;
  });
}

bool isFieldValue(const std::string& text) {
  return std::all_of(text.begin(), text.end(),
                     [](unsigned char c) { return c == '\t' || (c >= ' ' && c != 0x7f); });
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::string trimmed(const std::string& text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// What this plugin sets itself, and what would change how the request or its answer is framed.
bool isReserved(const std::string& name) {
  static constexpr std::array<std::string_view, 13> names = {
      "host",       "content-type",     "content-length", "content-encoding", "transfer-encoding",
      "connection", "keep-alive",       "user-agent",     "idempotency-key",  "expect",
      "te",         "proxy-connection", "upgrade"};
  return std::find(names.begin(), names.end(), name) != names.end() || name.starts_with("x-clusterkit-");
}

// A value may be a credential, so errors name the header only.
Header parseHeader(const std::string& item, std::size_t number) {
  const auto refuse = [&](const std::string& what) {
    throw Error(CK_INVALID, "headers: item " + std::to_string(number) + " " + what +
                                "; allowed: \"Name: value\" without control characters");
  };
  const std::size_t colon = item.find(':');
  if (colon == std::string::npos) refuse("has no colon");
  Header header{item.substr(0, colon), trimmed(item.substr(colon + 1))};
  if (!isToken(header.name)) refuse("has a name with a character that is not allowed in one");
  if (!isFieldValue(header.value)) refuse("('" + header.name + "') has a control character in its value");
  if (isReserved(lower(header.name)))
    refuse("('" + header.name + "') is a header that the webhook sets itself");
  return header;
}

TlsSettings readTls(const Config& config, Scheme scheme) {
  TlsSettings tls{config.str("verify") == "none" ? Verify::None : Verify::Full, config.str("ca_file"),
                  config.str("cert_file"), config.str("key_file")};
  if (scheme == Scheme::Http)
    for (const char* name : {"ca_file", "cert_file", "key_file"})
      if (config.has(name))
        throw Error(CK_INVALID, std::string(name) + ": the url is http; allowed with https only");
  if (tls.certFile.empty() != tls.keyFile.empty())
    throw Error(CK_INVALID, tls.keyFile.empty() ? "key_file: is missing; cert_file needs it"
                                                : "cert_file: is missing; key_file needs it");
  if (tls.verify == Verify::None && !tls.caFile.empty())
    throw Error(CK_INVALID, "ca_file: is of no use with verify = none; remove one of them");
  return tls;
}

}  // namespace

Settings readSettings(const Config& config) {
  Settings settings;
  try {
    settings.target = parseTarget(config.str("url"));
  } catch (const std::invalid_argument& error) {
    throw Error(CK_INVALID, std::string("url: ") + error.what());
  }
  settings.secret = config.str("secret");
  std::size_t number = 0;
  for (const std::string& item : config.list("headers"))
    settings.headers.push_back(parseHeader(item, ++number));
  settings.connectTimeout = config.duration("connect_timeout");
  settings.tls = readTls(config, settings.target.scheme);
  return settings;
}

}  // namespace clusterkit::webhook
