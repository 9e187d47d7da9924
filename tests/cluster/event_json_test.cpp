// What users of events rely on: names, fields and their order, written out in full.
#include "cluster/event_json.hpp"

#include "host/utf8.hpp"
#include "state_fixture.hpp"

namespace clusterkit {
namespace {

class EventJson : public StateFixture {
 protected:
  std::string json(std::size_t i) const { return eventJson(*events_.at(i)); }
};

TEST_F(EventJson, AJoinCarriesTheWholeNode) {
  ClusterFacts facts = clusterFacts(1, 1);
  NodeSpec spec = nodeSpec(1);
  spec.services.push_back({"kv", "", "", 9090, {}, {}});
  ASSERT_TRUE(run(CreateCluster{facts, spec}).applied());
  EXPECT_EQ(
      json(0),
      R"({"seq":1,"type":"node_join","id":"0000000000c0ffee0000000000000001","index":1,"epoch":1,)"
      R"("timestamp":"2023-11-14T22:13:21.000000000Z","node":{"id":"node-1","ip":"10.0.0.1:8080",)"
      R"("name":"Server 1","status":"active","services":{"kv":"10.0.0.1:9090"},"zone":"zone-1","weight":1,)"
      R"("incarnation":1,"last_seen_at":"2023-11-14T22:13:21.000000000Z"},"cluster_size":1,)"
      R"("is_bootstrap":true})");
}

TEST_F(EventJson, ALeaveAndItsFailoverCarryTheDocumentedFields) {
  create(clusterFacts(2, 2));
  addActive(2);
  assign({{PartitionId(0), owners({2, 1})}, {PartitionId(1), owners({1, 2})}});
  SetNodeStatus down = status(2, NodeStatus::Down);
  down.promotions = {{PartitionId(0), owners({1, 2})}};
  down.mapEpoch = state().mapEpoch();
  ASSERT_TRUE(run(down).applied());
  EXPECT_NE(json(0).find(R"("reason":"health_check_failure","partitions_owned":["partition-0"],)"
                         R"("partitions_replica":["partition-1"]})"),
            std::string::npos);
  EXPECT_NE(
      json(1).find(R"("partition_id":"partition-0","copy_from_nodes":["node-1"],"copy_to_node":"node-1",)"
                   R"("change_reason":"failover","old_primary":"node-2","new_primary":"node-1",)"
                   R"("partition_epoch":3})"),
      std::string::npos)
      << json(1);
  EXPECT_NE(json(2).find(R"("healthy_nodes":1,"unhealthy_nodes":1,"total_nodes":2,"status":"critical",)"
                         R"("unhealthy_node_ids":["node-2"],)"),
            std::string::npos);
  ASSERT_TRUE(run(RejoinNode{nodeSpec(2, 2), {}}).applied());
  EXPECT_NE(json(0).find(R"("offline_duration_ms":1000,"last_seen_at":"2023-11-14T22:13:26.000000000Z",)"
                         R"("partitions_before_leave":["partition-0","partition-1"]})"),
            std::string::npos)
      << json(0);
}

TEST_F(EventJson, ARebalanceCarriesTheDocumentedFields) {
  create(clusterFacts(1, 1));
  addActive(2);
  assign({{PartitionId(0), owners({2})}});
  ASSERT_EQ(events_.size(), 3u);
  EXPECT_NE(json(2).find(R"("trigger":"node_join","trigger_node_id":"node-2","partitions_to_move":1,)"
                         R"("nodes_affected":["node-1","node-2"],"plan":4,"duration_ms":1000,)"
                         R"("outcome":"completed"})"),
            std::string::npos)
      << json(2);
  EXPECT_EQ(eventSubject(events_[0]->body), "partition-0");
}

TEST_F(EventJson, IdsAreStableAndNumbersDense) {
  create();
  EXPECT_EQ(eventId(ClusterId(0x0102030405060708), EventSeq(9)),
            (EventId{1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 0, 0, 0, 9}));
  for (std::size_t i = 0; i < events_.size(); ++i) {
    EXPECT_EQ(events_[i]->seq, EventSeq(i + 1));
    EXPECT_EQ(events_[i]->id, eventId(ClusterId(0xc0ffee), EventSeq(i + 1)));
    EXPECT_EQ(events_[i]->index, LogIndex(1));
  }
}

TEST(JsonText, EscapesWhatJsonForbidsAndRepairsWhatIsNotUtf8) {
  JsonText out;
  out.string(std::string_view("a\"\\\n\x01\0\xc3\xa4\xff\xc0\x80z", 12));
  EXPECT_EQ(out.text(), "\"a\\\"\\\\\\n\\u0001\\u0000\xc3\xa4\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz\"");
}

TEST(JsonText, PlacesCommas) {
  JsonText out;
  out.beginObject()
      .field("a", std::uint64_t{1})
      .key("b")
      .beginArray()
      .number(1)
      .null()
      .boolean(false)
      .endArray();
  out.key("c").beginObject().endObject().key("d").integer(-5).endObject();
  EXPECT_EQ(out.text(), R"({"a":1,"b":[1,null,false],"c":{},"d":-5})");
}

TEST(Utf8, TellsWellFormedFromBroken) {
  for (const char* good : {"", "abc", "\xc2\x80", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xef\xbf\xbf",
                           "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_TRUE(isUtf8(good)) << good;
  }
  for (const char* bad :
       {"\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80", "\xc3", "\xe2\x82", "\xf0\x9f\x98", "\xc3(", "\xe2\x82("}) {
    EXPECT_FALSE(isUtf8(bad)) << bad;
  }
}

TEST(Rfc3339, KnowsLeapDaysAndTheLastNanosecond) {
  EXPECT_EQ(rfc3339(WallTime{}), "1970-01-01T00:00:00.000000000Z");
  EXPECT_EQ(rfc3339(WallTime(std::chrono::seconds(951'827'696))), "2000-02-29T12:34:56.000000000Z");
  EXPECT_EQ(rfc3339(WallTime(Duration(1'709'251'199'999'999'999))), "2024-02-29T23:59:59.999999999Z");
  EXPECT_EQ(rfc3339(WallTime::max()), "2262-04-11T23:47:16.854775807Z");
  EXPECT_EQ(rfc3339(WallTime::min()), "1970-01-01T00:00:00.000000000Z");
}

}  // namespace
}  // namespace clusterkit
