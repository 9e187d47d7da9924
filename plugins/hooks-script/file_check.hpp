// What a file must be like before the node runs it. Checked at the start; it may change later, and then
// running it fails.
#pragma once

#include <string>

namespace clusterkit::script {

// Throw Error(CK_INVALID) that names the option, the path and what is allowed. Both refuse a file that others
// could have changed: one with write permission for everybody, also on its folder unless that is sticky.
void checkExecutable(const std::string& option, const std::string& path);
void checkReadable(const std::string& option, const std::string& path);

}  // namespace clusterkit::script
