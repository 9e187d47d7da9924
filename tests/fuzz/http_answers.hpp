// Answers of the server, read by the letter and with no patience.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http/message.hpp"

namespace clusterkit::fuzz {

// Checks that `answered` is whole answers and nothing else, each of which has a status of ours, and that a
// refusal has one body that says why. `methods`: of the heads that were understood, in their order. Gives
// each answer, but of the refusal that ends a connection no more than that it is one: which of several faults
// it names depends on how much of the request had come.
std::vector<std::string> readAnswers(std::string_view answered, const std::vector<http::Method>& methods);

}  // namespace clusterkit::fuzz
