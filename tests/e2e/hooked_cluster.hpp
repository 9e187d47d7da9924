// Nodes whose hook sink appends every event to a file, and what the files tell.
#pragma once

#include <Poco/JSON/Array.h>
#include <Poco/JSON/Parser.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "e2e/test_cluster.hpp"

namespace clusterkit::test {

struct Told {
  std::uint64_t seq = 0;
  std::string type;
  Poco::JSON::Object::Ptr json;
};

inline std::string text(const Poco::JSON::Object::Ptr& json, const std::string& name) {
  return json->has(name) ? json->get(name).toString() : "(missing)";
}

// A hook that appends each event to a file, and the file.
class Hook {
 public:
  Hook(const std::filesystem::path& folder, const std::string& name, const std::string& before = "")
      : script_(folder / (name + ".sh")), file_(folder / (name + ".events")) {
    std::ofstream(script_) << "#!/bin/sh\n"
                           << before
                           << "\n# Nothing comes when the node dies first.\nread -r event || exit 1\nprintf "
                              "'%s\\n' \"$event\" >>'"
                           << file_.string() << "'\n";
    std::filesystem::permissions(script_, std::filesystem::perms::owner_all);
  }

  Settings settings(const std::string& sink = "audit") const {
    return {{"sink." + sink + ".plugin", "script"}, {"sink." + sink + ".command", script_.string()}};
  }
  std::vector<Told> told() const {
    std::vector<Told> out;
    std::ifstream in(file_);
    for (std::string line; std::getline(in, line) && !in.eof();) {  // the last line may be half written
      Poco::JSON::Parser parser;
      auto json = parser.parse(line).extract<Poco::JSON::Object::Ptr>();
      out.push_back({json->getValue<std::uint64_t>("seq"), text(json, "type"), json});
    }
    return out;
  }
  std::vector<Told> told(const std::string& type) const {
    std::vector<Told> out;
    for (Told& event : told())
      if (event.type == type) out.push_back(event);
    return out;
  }

 private:
  std::filesystem::path script_, file_;
};

inline Settings operator+(Settings a, const Settings& b) {
  a.insert(b.begin(), b.end());
  return a;
}

inline Poco::JSON::Object::Ptr sink(const TestNode& node, const std::string& name = "audit") {
  return node.json("/v1/sinks/" + name);
}

inline bool isDone(const TestNode& node, const std::string& name = "audit") {
  const auto status = sink(node, name);
  return status->has("lag") && status->getValue<int>("lag") == 0 && status->getValue<int>("newest") > 0;
}

inline void expectNoGap(const std::vector<Told>& told) {
  for (std::size_t i = 1; i < told.size(); ++i)
    ASSERT_EQ(told[i].seq, told[i - 1].seq + 1) << "event " << i << ", a " << told[i].type;
}

// The types from this event on, runs of partition changes shortened to one.
inline std::vector<std::string> story(const std::vector<Told>& told, std::uint64_t from) {
  std::vector<std::string> out;
  for (const Told& event : told) {
    if (event.seq < from) continue;
    if (event.type == "partition_change" && !out.empty() && out.back() == "partition_change") continue;
    out.push_back(event.type);
  }
  return out;
}

class HookedCluster : public ::testing::Test {
 protected:
  TestNode& addHooked(const Settings& settings = {}) {
    const std::string name = "node-" + std::to_string(cluster_.size() + 1);
    hooks_.push_back(std::make_unique<Hook>(cluster_.folder(), name));
    return cluster_.addStarted(hooks_.back()->settings() + settings);
  }
  void startThreeHooked(const Settings& settings = {}, std::size_t replication = 3) {
    for (std::size_t n = 1; n <= 3; ++n) {
      addHooked(settings);
      ASSERT_TRUE(eventually([&] { return cluster_.allActive(n); }, 20s));
    }
    ASSERT_TRUE(eventually([&] { return cluster_.balanced(3, replication); }, 20s));
  }
  Hook& hook(std::size_t number) { return *hooks_.at(number - 1); }
  std::uint64_t newest(const TestNode& node) { return sink(node)->getValue<std::uint64_t>("newest"); }
  bool allDone() {
    for (TestNode* node : cluster_.running())
      if (!isDone(*node)) return false;
    return true;
  }

  TestCluster cluster_;
  std::vector<std::unique_ptr<Hook>> hooks_;
};

}  // namespace clusterkit::test
