// `clusterkit store`: what it says about the store of a stopped node, and that it changes nothing.
#include <Poco/JSON/Parser.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "e2e/test_cluster.hpp"

namespace clusterkit::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

// One node that has written 60 values, 50 of them in a snapshot, and has stopped.
class StoreTools : public testing::Test {
 protected:
  void SetUp() override {
    node_ = &cluster_.addStarted();
    for (int i = 0; i < 60; ++i)
      ASSERT_TRUE(eventually([&] { return node_->put("k/" + std::to_string(i), "v").status == 200; }));
    ASSERT_TRUE(eventually([&] { return node_->log().find("snapshot_written") != std::string::npos; }));
  }
  void stop() { ASSERT_EQ(node_->stop(), 0); }

  Finished run(const std::vector<std::string>& words) const {
    std::vector<std::string> all{cliPath()};
    all.insert(all.end(), words.begin(), words.end());
    return runToEnd(all, 20s, {{"TMPDIR", copies_.path().string()}});
  }
  Finished store(const std::string& what) const { return run({"store", what, node_->dataDir().string()}); }
  Poco::JSON::Object::Ptr json(const std::string& what) const {
    const Finished done = run({"--json", "store", what, node_->dataDir().string()});
    EXPECT_EQ(done.exitCode, 0) << done.output;
    return Poco::JSON::Parser().parse(done.output).extract<Poco::JSON::Object::Ptr>();
  }
  std::map<std::string, std::string> files() const {
    std::map<std::string, std::string> all;
    for (const auto& file : fs::recursive_directory_iterator(node_->dataDir()))
      if (file.is_regular_file()) all[file.path().string()] = readFile(file.path());
    return all;
  }
  fs::path storeFolder() const { return node_->dataDir() / "store"; }

  TempDir copies_;
  TestCluster cluster_{Settings{{"consensus.snapshot_entries", "50"}, {"consensus.trailing_entries", "5"}}};
  TestNode* node_ = nullptr;
};

TEST_F(StoreTools, InspectShowsIdentityLogAndTheStateOfTheSnapshot) {
  stop();
  const auto facts = json("inspect");
  EXPECT_EQ(facts->getValue<std::string>("state"), "whole");
  EXPECT_EQ(facts->getValue<std::string>("node"), "node-1");
  EXPECT_EQ(facts->getValue<std::string>("member"), facts->getValue<std::string>("voted_for"));
  EXPECT_EQ(facts->getValue<int>("boot"), 1);
  EXPECT_GE(facts->getValue<int>("last_index"), 60);
  EXPECT_GE(facts->getValue<int>("snapshot_index"), 50);
  EXPECT_GT(facts->getValue<int>("first_index"), 1);
  EXPECT_EQ(facts->getValue<int>("state_nodes"), 1);
  EXPECT_GT(facts->getValue<int>("state_values"), 30);
  const Finished table = store("inspect");
  EXPECT_EQ(table.exitCode, 0);
  EXPECT_THAT(table.output, HasSubstr("node              node-1"));
}

TEST_F(StoreTools, DumpShowsEveryEntryOfTheLog) {
  stop();
  const auto facts = json("inspect");
  const Finished dump = run({"--json", "store", "dump", node_->dataDir().string()});
  ASSERT_EQ(dump.exitCode, 0) << dump.output;
  std::istringstream lines(dump.output);
  int next = facts->getValue<int>("first_index");
  std::string last;
  for (std::string line; std::getline(lines, line); ++next) {
    const auto entry = Poco::JSON::Parser().parse(line).extract<Poco::JSON::Object::Ptr>();
    EXPECT_EQ(entry->getValue<int>("index"), next);
    last = entry->getValue<std::string>("command");
  }
  EXPECT_EQ(next, facts->getValue<int>("last_index") + 1);
  EXPECT_EQ(last, "set_value");
}

TEST_F(StoreTools, NothingIsChangedAndNothingIsLeftBehind) {
  stop();
  const auto before = files();
  for (const char* what : {"inspect", "verify", "dump"}) EXPECT_EQ(store(what).exitCode, 0) << what;
  EXPECT_EQ(files(), before);
  EXPECT_TRUE(fs::is_empty(copies_.path())) << "a copy was left behind";
  node_->start();
  EXPECT_TRUE(eventually([&] { return node_->value("k/59") == "v"; }));
}

TEST_F(StoreTools, ARunningNodesStoreIsRefused) {
  const Finished refused = store("inspect");
  EXPECT_EQ(refused.exitCode, 1);
  EXPECT_THAT(refused.output, HasSubstr("is in use: stop its node first"));
  EXPECT_EQ(node_->put("still", "here").status, 200);
}

TEST_F(StoreTools, VerifyTellsWholeRepairingAndRefusedApart) {
  stop();
  EXPECT_EQ(json("verify")->getValue<std::string>("verdict"), "whole");
  fs::remove(storeFolder() / "high-water");
  const Finished repairing = store("verify");
  EXPECT_EQ(repairing.exitCode, 1);
  EXPECT_THAT(repairing.output, HasSubstr("verdict        repairing"));
  EXPECT_THAT(repairing.output, HasSubstr("the high-water mark is damaged or missing"));
  EXPECT_FALSE(fs::exists(storeFolder() / "high-water")) << "the repair was the copy's";

  fs::resize_file(storeFolder() / "store.db", 100);
  fs::remove(storeFolder() / "store.db-wal");
  const auto before = files();
  const Finished refused = store("verify");
  EXPECT_EQ(refused.exitCode, 1);
  EXPECT_THAT(refused.output, HasSubstr("refused"));
  EXPECT_THAT(refused.output, HasSubstr(storeFolder().string())) << "the folder that people know";
  EXPECT_THAT(refused.output, testing::Not(HasSubstr(copies_.path().string())));
  EXPECT_THAT(refused.output, HasSubstr("join as a new member"));
  EXPECT_EQ(files(), before);
  EXPECT_EQ(store("inspect").exitCode, 1);
}

TEST_F(StoreTools, VerifyFindsAChangedByteOfASnapshot) {
  stop();
  for (const auto& file : fs::directory_iterator(storeFolder() / "snapshots")) {
    std::fstream bytes(file.path(), std::ios::in | std::ios::out | std::ios::binary);
    bytes.seekp(200);
    bytes.put('\x7f');
  }
  const Finished found = store("verify");
  EXPECT_EQ(found.exitCode, 1);
  EXPECT_THAT(found.output, HasSubstr("the newest snapshot is damaged or missing"));
}

TEST_F(StoreTools, WhatIsNoDataFolderAndNoPluginIsNamed) {
  stop();
  const Finished folder = run({"store", "inspect", copies_.path().string()});
  EXPECT_EQ(folder.exitCode, 1);
  EXPECT_THAT(folder.output, HasSubstr("is no data folder of a node"));
  const Finished plugin = run({"store", "inspect", node_->dataDir().string(), "sqlit"});
  EXPECT_EQ(plugin.exitCode, 1);
  EXPECT_THAT(plugin.output, HasSubstr("did you mean 'sqlite'"));
  EXPECT_TRUE(fs::is_empty(copies_.path()));
}

}  // namespace
}  // namespace clusterkit::test
