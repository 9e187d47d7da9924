// Keeps web pages of other sites from using a browser as their way in. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "http/message.hpp"

namespace clusterkit::http {

// DNS rebinding: with a list, the Host must be an IP address, localhost or listed. Cross-site requests: one
// that changes something and carries an Origin must come from the page of this very host.
std::optional<Error> checkOrigin(const Request& head, const std::vector<std::string>& allowedHosts);

}  // namespace clusterkit::http
