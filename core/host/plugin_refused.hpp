// Why a plugin file or component is not taken: one line that names the file and both differing values. Exit
// code 3.
#pragma once

#include <stdexcept>

namespace clusterkit {

class PluginRefused : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace clusterkit
