// With CLUSTERKIT_WRITE_SAMPLES in the environment the seeds are written into the corpus, and the
// dictionaries anew.
#include "fuzz/seeds.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "fuzz/targets.hpp"
#include "support/temp_dir.hpp"

namespace clusterkit::fuzz {
namespace {

namespace fs = std::filesystem;

const fs::path kFolder = CLUSTERKIT_FUZZ_DIR;

bool writesSamples() { return std::getenv("CLUSTERKIT_WRITE_SAMPLES") != nullptr; }

std::vector<Seed> allSeeds() {
  std::vector<Seed> all;
  for (const auto& some :
       {configSeeds(), hookSeeds(), httpSeeds(), peerSeeds(), pluginSeeds(), raftSeeds(), stateSeeds()})
    all.insert(all.end(), some.begin(), some.end());
  return all;
}

TEST(FuzzSeeds, WhatTheEncodersMakeNowIsTaken) {
  for (const Seed& seed : allSeeds()) {
    SCOPED_TRACE(seed.target + "/" + seed.name);
    const auto target = std::find_if(targets().begin(), targets().end(),
                                     [&](const Target& one) { return one.name == seed.target; });
    ASSERT_NE(target, targets().end());
    EXPECT_NO_THROW(run(*target, seed.bytes));
    if (!writesSamples()) continue;
    fs::create_directories(kFolder / "corpus" / seed.target);
    std::ofstream(kFolder / "corpus" / seed.target / ("seed-" + seed.name), std::ios::binary) << seed.bytes;
  }
}

TEST(FuzzSeeds, EveryTargetHasSome) {
  for (const Target& target : targets())
    EXPECT_THAT(allSeeds(), testing::Contains(testing::Field(&Seed::target, target.name)));
}

TEST(FuzzDictionaries, HaveTheKeysOfTheConfiguration) {
  const fs::path ini = kFolder / "dictionaries/config_ini.dict",
                 xml = kFolder / "dictionaries/config_xml.dict";
  if (writesSamples()) {
    std::ofstream(ini) << iniDictionary();
    std::ofstream(xml) << xmlDictionary();
  }
  EXPECT_EQ(test::readFile(ini), iniDictionary());
  EXPECT_EQ(test::readFile(xml), xmlDictionary());
}

}  // namespace
}  // namespace clusterkit::fuzz
