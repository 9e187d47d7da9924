// Inputs that mean something, made by the product's own encoders: where a fuzzer begins.
#pragma once

#include <string>
#include <vector>

namespace clusterkit::fuzz {

struct Seed {
  std::string target, name, bytes;
};

std::vector<Seed> configSeeds();
std::vector<Seed> hookSeeds();
std::vector<Seed> httpSeeds();
std::vector<Seed> peerSeeds();
std::vector<Seed> pluginSeeds();  // ELF files and frames of a transport
std::vector<Seed> raftSeeds();
std::vector<Seed> stateSeeds();  // commands and snapshots

// The keys and words of the configuration as libFuzzer's dictionaries have them.
std::string iniDictionary();
std::string xmlDictionary();

}  // namespace clusterkit::fuzz
