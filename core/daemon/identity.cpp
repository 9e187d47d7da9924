#include "daemon/identity.hpp"

#include <utility>

#include "host/text.hpp"

namespace clusterkit {
namespace {

constexpr std::string_view kVersion = "3";
constexpr std::string_view kWithoutSuccessor = "2";  // written before clusters had generations
constexpr std::string_view kWithoutBoot = "1";       // written before boots were counted

// The next word of `text`, which loses it and the space behind it.
std::string_view word(std::string_view& text) {
  const std::size_t space = text.find(' ');
  const std::string_view first = text.substr(0, space);
  text = space == std::string_view::npos ? std::string_view() : text.substr(space + 1);
  return first;
}

}  // namespace

// "3 <member> <cluster> <boot> <superseded by> <node id>": readable for whoever inspects a data folder.
std::string encodeIdentity(const Identity& identity) {
  return std::string(kVersion) + " " + hex64(identity.member.value) + " " + hex64(identity.cluster.value) +
         " " + hex64(identity.boot) + " " + hex64(identity.supersededBy.value) + " " + identity.nodeId;
}

std::optional<Identity> decodeIdentity(std::string_view text) {
  const std::string_view version = word(text);
  if (version != kVersion && version != kWithoutSuccessor && version != kWithoutBoot) return std::nullopt;
  const std::optional<std::uint64_t> none = 0;
  const auto member = parseHex64(word(text));
  const auto cluster = parseHex64(word(text));
  const auto boot = version == kWithoutBoot ? none : parseHex64(word(text));
  const auto successor = version == kVersion ? parseHex64(word(text)) : none;
  if (!member || *member == 0 || !cluster || !boot || !successor || text.empty()) return std::nullopt;
  return Identity{MemberId(*member), ClusterId(*cluster), *boot, std::string(text), ClusterId(*successor)};
}

void loadIdentity(StorePort& store, UniqueFunction<void(Result<std::optional<Identity>>)> done) {
  store.getMeta(std::string(kIdentityName),
                [done = std::move(done)](Result<std::optional<std::string>> value) mutable {
                  if (!value) {
                    done(value.failure());
                  } else if (!value.value()) {
                    done(std::optional<Identity>());
                  } else if (auto identity = decodeIdentity(*value.value())) {
                    done(std::move(identity));
                  } else {
                    done(Failure{Status::Corrupt,
                                 "the identity in the data folder cannot be read: '" + *value.value() + "'"});
                  }
                });
}

void saveIdentity(StorePort& store, const Identity& identity, CallHandler done) {
  store.putMeta(std::string(kIdentityName), encodeIdentity(identity), std::move(done));
}

}  // namespace clusterkit
