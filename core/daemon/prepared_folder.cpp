#include "daemon/prepared_folder.hpp"

#include <system_error>

#include "daemon/exit_code.hpp"
#include "daemon/running_node.hpp"

namespace fs = std::filesystem;

namespace clusterkit {

PreparedFolder::PreparedFolder(const fs::path& folder) {
  for (fs::path at = folder; !at.empty() && !fs::exists(at); at = at.parent_path()) made_ = at;
  std::error_code error;
  fs::create_directories(folder, error);
  if (error || !fs::is_directory(folder))
    throw NodeFailure(kExitConfiguration, "node.data_dir = " + folder.string() + " cannot be made: " +
                                              (error ? error.message() : "it is no folder"));
  // Others on the machine have no business in a node's log and keys.
  if (!made_.empty()) fs::permissions(folder, fs::perms::owner_all, error);
  if (error)
    throw NodeFailure(kExitConfiguration, "node.data_dir = " + folder.string() + ": " + error.message());
}

PreparedFolder::~PreparedFolder() {
  std::error_code ignored;
  if (!made_.empty()) fs::remove_all(made_, ignored);
}

}  // namespace clusterkit
