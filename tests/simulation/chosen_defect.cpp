// Which of the known defects this process has planted: the variable CLUSTERKIT_PLANT names it.
#include <cstdlib>
#include <string_view>

namespace clusterkit {

std::string_view chosenDefect();

std::string_view chosenDefect() {
  static const char* const chosen = std::getenv("CLUSTERKIT_PLANT");
  return chosen != nullptr ? chosen : "";
}

}  // namespace clusterkit
