// Sets of members of one simulated cluster, and of links between them: their ids are small, so that a message
// finds out whether it gets through by one bit.
#pragma once

#include <array>
#include <clusterkit/types.hpp>
#include <cstdint>

namespace clusterkit::sim {

// Of ids below 64.
class MemberSet {
 public:
  static constexpr std::size_t kIds = 64;

  bool contains(MemberId member) const { return (bits_ & bitOf(member)) != 0; }
  void insert(MemberId member) { bits_ |= bitOf(member); }
  void erase(MemberId member) { bits_ &= ~bitOf(member); }
  friend MemberSet operator-(MemberSet all, const MemberSet& without) {
    all.bits_ &= ~without.bits_;
    return all;
  }
  friend bool operator==(const MemberSet&, const MemberSet&) = default;

 private:
  static std::uint64_t bitOf(MemberId member) { return std::uint64_t{1} << member.value % kIds; }
  std::uint64_t bits_ = 0;
};

// Each direction is one of its own.
class LinkSet {
 public:
  bool contains(MemberId from, MemberId to) const { return from_[at(from)].contains(to); }
  void insert(MemberId from, MemberId to) { from_[at(from)].insert(to); }
  void erase(MemberId from, MemberId to) { from_[at(from)].erase(to); }
  void clear() { from_ = {}; }

 private:
  static std::size_t at(MemberId member) { return member.value % MemberSet::kIds; }
  std::array<MemberSet, MemberSet::kIds> from_;
};

}  // namespace clusterkit::sim
