// A durable copy of a stopped node's store, beside it.
#pragma once

#include <filesystem>
#include <string>

namespace clusterkit::cli {

// Copies `dataDir`/store to a new folder `dataDir`/<name>, or <name>.2 and so on when it exists, and returns
// which. It appears whole or not at all. Throws StoreNotReadable.
std::filesystem::path backUpStore(const std::filesystem::path& dataDir, const std::string& name);

}  // namespace clusterkit::cli
