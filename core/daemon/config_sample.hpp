// The commented sample configuration: every key of the core with its help, what is allowed, and its default.
// The files config/clusterkit.ini and config/clusterkit.xml are exactly these texts. [any] pure
#pragma once

#include <string>

namespace clusterkit {

std::string sampleIni();
std::string sampleXml();

}  // namespace clusterkit
