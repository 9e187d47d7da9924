// The commands of `clusterkit`: each asks one node over HTTP and prints a table for people, or the node's
// JSON for programs.
#pragma once

#include <iosfwd>
#include <stdexcept>
#include <string>
#include <vector>

#include "http/http_client.hpp"

namespace clusterkit::cli {

// Wrong words on the command line; exit code 2.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};
// The node answered with an error; exit code 1.
class RequestRefused : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

enum class Output { Table, Json };

struct Session {
  http::HttpClient& client;
  Output output;
  std::istream& in;
  std::ostream& out;
};

struct Command {
  std::string name;
  std::string arguments;  // "KEY [VALUE]"
  std::string about;      // one line
  std::size_t least, most;
  void (*run)(const Session& session, const std::vector<std::string>& arguments);
};

// The body of a 2xx answer; anything else is thrown as RequestRefused with the API's own message.
std::string checked(const http::ClientAnswer& answer);

// In the order of the help text.
const std::vector<Command>& commands();

}  // namespace clusterkit::cli
