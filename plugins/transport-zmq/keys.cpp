#include "keys.hpp"

#include <zmq.h>

#include <array>
#include <cerrno>
#include <clusterkit/plugin.hpp>
#include <fstream>

namespace clusterkit::zmq {

bool isKey(std::string_view z85) {
  if (z85.size() != keyText) return false;
  std::array<std::uint8_t, keyBytes> bytes{};
  return zmq_z85_decode(bytes.data(), std::string(z85).c_str()) != nullptr;
}

std::string derivePublicKey(const std::string& secretKey) {
  std::array<char, keyText + 1> text{};
  if (zmq_curve_public(text.data(), secretKey.c_str()) != 0)
    throw Error(CK_UNSUPPORTED, "this libzmq was built without CURVE", zmq_errno());
  return {text.data(), keyText};
}

std::string toZ85(const void* bytes) {
  std::array<char, keyText + 1> text{};
  zmq_z85_encode(text.data(), static_cast<const std::uint8_t*>(bytes), keyBytes);
  return {text.data(), keyText};
}

std::string readKeyFile(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  if (!file || !std::getline(file, line)) throw Error(CK_NOT_FOUND, "cannot read a key from " + path, errno);
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
  if (!isKey(line)) throw Error(CK_INVALID, path + " does not begin with a key of 40 characters (Z85)");
  return line;
}

KeyPair makeKeyPair(const std::string& publicKey, const std::string& secretKey) {
  if (publicKey.empty() && secretKey.empty()) return {};
  if (secretKey.empty()) throw Error(CK_INVALID, "public_key is set but secret_key is not");
  if (!isKey(secretKey)) throw Error(CK_INVALID, "secret_key is no key of 40 characters (Z85)");
  const std::string derived = derivePublicKey(secretKey);
  if (!publicKey.empty() && publicKey != derived)
    throw Error(CK_INVALID, "public_key does not belong to secret_key");
  return {derived, secretKey};
}

}  // namespace clusterkit::zmq
