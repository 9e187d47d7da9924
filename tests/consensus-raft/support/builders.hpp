// Short words for Raft values in tests: members are A..F, a log is written as the terms of its entries.
#pragma once

#include <initializer_list>
#include <string>
#include <vector>

#include "raft.hpp"

namespace clusterkit::raft::test {

using namespace std::chrono_literals;

inline constexpr MemberId A{1}, B{2}, C{3}, D{4}, E{5}, F{6};
inline constexpr ClusterId theCluster{0xC1};

inline Member member(MemberId id, MemberKind kind = MemberKind::Voter) {
  return Member{id, "node-" + std::to_string(id.value) + ":7000", "", kind, false};
}

// Voters first, then learners.
inline Configuration configurationOf(std::vector<MemberId> voters, std::vector<MemberId> learners = {}) {
  Configuration configuration;
  for (MemberId id : voters) configuration.members.push_back(member(id));
  for (MemberId id : learners) configuration.members.push_back(member(id, MemberKind::Learner));
  std::sort(configuration.members.begin(), configuration.members.end(),
            [](const Member& a, const Member& b) { return a.id < b.id; });
  return configuration;
}

inline ConfigurationPtr shared(Configuration configuration) {
  return std::make_shared<const Configuration>(std::move(configuration));
}

inline Bytes bytes(std::string text) { return Bytes(std::move(text)); }
inline LogIndex at(std::uint64_t index) { return LogIndex{index}; }
inline Term term(std::uint64_t number) { return Term{number}; }

// A command whose text names its place, so that equal places with equal terms hold equal commands.
inline Entry entry(std::uint64_t index, std::uint64_t ofTerm) {
  return Entry{at(index), term(ofTerm), bytes(std::to_string(index) + ":" + std::to_string(ofTerm))};
}

// Entries first, first + 1 ... with these terms.
inline std::vector<Entry> entries(std::uint64_t first, std::initializer_list<std::uint64_t> terms) {
  std::vector<Entry> list;
  for (std::uint64_t t : terms) list.push_back(entry(first++, t));
  return list;
}

// What a member finds in its store: entry 1 of term 1 is the configuration, the others are commands with
// these terms, starting at index 2. So logOf(A, abc, {1, 2}) ends in 3:2. The hard state's term is at least
// the last entry's.
InitialState stateOf(MemberId self, const Configuration& configuration, std::vector<std::uint64_t> terms,
                     HardState hard = {});

// Small limits and no surprises: heartbeat 50 ms, election timeout 300 ms, snapshots only when a test asks
// for them.
Options testOptions();

}  // namespace clusterkit::raft::test
