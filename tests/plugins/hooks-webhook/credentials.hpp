// Keys and certificates made for one test.
#pragma once

#include <filesystem>
#include <string>

#include "receiver.hpp"

namespace clusterkit::webhook {

// A certificate that has signed itself, for the names of `san` ("IP:127.0.0.1,DNS:localhost"), as NAME.pem
// and NAME.key in `folder`.
ReceiverTls makeCredentials(const std::filesystem::path& folder, const std::string& name,
                            const std::string& san);

}  // namespace clusterkit::webhook
