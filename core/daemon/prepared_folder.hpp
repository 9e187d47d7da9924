// The data folder of one start. Plugins are copied into it before their options can be checked, so what was
// made here is taken away again if the start is refused: a wrong configuration leaves nothing behind. [ctl]
#pragma once

#include <filesystem>

namespace clusterkit {

class PreparedFolder {
 public:
  // Makes the folder (0700) and those above it that are missing. Throws NodeFailure.
  explicit PreparedFolder(const std::filesystem::path& folder);
  PreparedFolder(const PreparedFolder&) = delete;
  PreparedFolder& operator=(const PreparedFolder&) = delete;
  // Takes away what it has made, unless it is kept.
  ~PreparedFolder();
  void keep() { made_.clear(); }

 private:
  std::filesystem::path made_;  // the topmost folder that did not exist before; empty if all did
};

}  // namespace clusterkit
