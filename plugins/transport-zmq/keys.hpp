// CURVE keys: 32 bytes, carried as 40 printable characters (Z85) in configuration, membership and here.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace clusterkit::zmq {

inline constexpr std::size_t keyBytes = 32;
inline constexpr std::size_t keyText = 40;

struct KeyPair {
  std::string publicKey, secretKey;  // Z85

  bool present() const { return !secretKey.empty(); }
};

bool isKey(std::string_view z85);
std::string derivePublicKey(const std::string& secretKey);
std::string toZ85(const void* bytes);  // keyBytes of them

// The first line of a file that holds nothing but a key. Throws Error and never quotes the content.
std::string readKeyFile(const std::string& path);

// Checks the two and completes them: the public key follows from the secret one. Both empty: no keys. Throws
// Error(CK_INVALID) when they do not belong together.
KeyPair makeKeyPair(const std::string& publicKey, const std::string& secretKey);

}  // namespace clusterkit::zmq
