#include "placement/partition_hash.hpp"

#include <openssl/md5.h>

#include <array>

namespace clusterkit {

// OpenSSL 3 calls these deprecated in favour of EVP, whose look-up of the algorithm alone costs several times
// the digest. MD5 spreads keys here and protects nothing.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
std::uint32_t partitionHash(std::string_view bytes) noexcept {
  std::array<unsigned char, MD5_DIGEST_LENGTH> digest;
  MD5_CTX md5;
  MD5_Init(&md5);
  MD5_Update(&md5, bytes.data(), bytes.size());
  MD5_Final(digest.data(), &md5);
  return std::uint32_t{digest[0]} << 24 | std::uint32_t{digest[1]} << 16 | std::uint32_t{digest[2]} << 8 |
         std::uint32_t{digest[3]};
}
#pragma GCC diagnostic pop

}  // namespace clusterkit
