// The wire format: every message survives the way there, and bytes that are not a message are refused.
#include <gtest/gtest.h>

#include <set>
#include <variant>

#include "codec.hpp"
#include "prng.hpp"
#include "support/every_message.hpp"

namespace clusterkit::raft::test {
namespace {

TEST(Wire, EveryMessageSurvivesTheWayThere) {
  std::set<std::size_t> kinds;
  for (const MessageBody& body : everyBody()) {
    const std::string there = wire::encodeMessage(messageWith(body));
    const auto back = wire::decodeMessage(there);
    ASSERT_TRUE(back.has_value()) << "kind " << body.index();
    EXPECT_EQ(back->body.index(), body.index());
    EXPECT_EQ(back->cluster, theCluster);
    EXPECT_EQ(back->from, A);
    EXPECT_EQ(back->to, B);
    EXPECT_EQ(back->term, term(9));
    EXPECT_EQ(back->configurationIndex, at(3));
    EXPECT_EQ(wire::encodeMessage(*back), there) << "kind " << body.index() << " lost a field";
    kinds.insert(body.index());
  }
  EXPECT_EQ(kinds.size(), std::variant_size_v<MessageBody>) << "a kind of message is not tested";
}

TEST(Wire, ConfigurationsKeepRolesAndTombstones) {
  const auto back = wire::decodeMessage(wire::encodeMessage(messageWith(everyBody()[4])));
  ASSERT_TRUE(back.has_value());
  const auto& request = std::get<AppendRequest>(back->body);
  ASSERT_EQ(request.entries.size(), 4u);
  EXPECT_EQ(request.entries[0].command(), "6:2");
  const Configuration& configuration = *request.entries[3].configuration();
  EXPECT_TRUE(configuration.isJoint());
  EXPECT_EQ(configuration.find(A)->kind, MemberKind::Leaving);
  EXPECT_EQ(configuration.find(A)->endpoint, "node-1:7000");
  EXPECT_TRUE(configuration.isRemoved(MemberId{77}));
}

TEST(Wire, SnapshotConfigurationSurvives) {
  const auto back = wire::decodeSnapshotConfiguration(wire::encodeSnapshotConfiguration(snapshotMeta()));
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(*back->configuration, *snapshotMeta().configuration);
  EXPECT_EQ(back->index, at(55));
}

TEST(Wire, OtherVersionsEmptyAndShortMessagesAreRefused) {
  std::string good = wire::encodeMessage(messageWith(TimeoutNow{}));
  EXPECT_FALSE(wire::decodeMessage("").has_value());
  EXPECT_FALSE(wire::decodeMessage(good.substr(0, 1)).has_value());
  good[0] = 2;
  EXPECT_FALSE(wire::decodeMessage(good).has_value());
  EXPECT_FALSE(
      wire::decodeMessage(wire::encodeMessage(Message{ClusterId{}, A, B, term(1), {}, TimeoutNow{}})));
}

TEST(Wire, ImpossibleConfigurationsAndEntriesAreRefused) {
  Configuration noVoter = configurationOf({}, {A});
  Configuration doubled = configurationOf({A, A});
  for (const Configuration& bad : {noVoter, doubled}) {
    AppendRequest request{at(0), term(0), {Entry{at(1), term(1), shared(bad)}}, at(0)};
    EXPECT_FALSE(wire::decodeMessage(wire::encodeMessage(messageWith(request))).has_value());
  }
  EXPECT_FALSE(wire::decodeEntry(at(1), term(1), 3, "").has_value());
  EXPECT_FALSE(wire::decodeEntry(at(0), term(1), 1, "x").has_value());
  EXPECT_FALSE(wire::decodeEntry(at(1), term(1), 0, "data on a no-op").has_value());
  EXPECT_FALSE(wire::decodeSnapshotConfiguration("\xff\xff").has_value());
}

TEST(Wire, CutAndChangedBytesNeverCrashAndNeverYieldABadConfiguration) {
  Prng prng(4);
  for (const MessageBody& body : everyBody()) {
    const std::string good = wire::encodeMessage(messageWith(body));
    for (std::size_t cut = 0; cut < good.size(); ++cut) wire::decodeMessage(good.substr(0, cut));
    for (int i = 0; i < 2000; ++i) {
      std::string bad = good;
      for (std::uint64_t n = 1 + prng.below(4); n > 0; --n)
        bad[prng.below(bad.size())] = static_cast<char>(prng.below(256));
      const auto message = wire::decodeMessage(bad);
      if (!message) continue;
      EXPECT_TRUE(message->cluster && message->from && message->to);
      if (const auto* append = std::get_if<AppendRequest>(&message->body)) {
        for (const Entry& e : append->entries) {
          EXPECT_TRUE(!e.isConfiguration() || (e.configuration() && e.configuration()->isWellFormed()));
        }
      }
    }
  }
}

}  // namespace
}  // namespace clusterkit::raft::test
