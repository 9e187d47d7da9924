// clusterkit: the command for people who run a cluster.
#include <Poco/Exception.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>

#include "cli/commands.hpp"

namespace clusterkit::cli {
namespace {

constexpr const char* kDefaultAddress = "127.0.0.1:8080";

struct Request {
  std::string address = kDefaultAddress;
  Output output = Output::Table;
  std::vector<std::string> words;  // the command and its arguments
};

std::string usage() {
  std::string out = "clusterkit [--address HOST:PORT] [--json] COMMAND [ARGUMENTS]\n\n";
  for (const Command& command : commands()) {
    std::string line = "  " + command.name + " " + command.arguments;
    line.resize(std::max<std::size_t>(line.size() + 2, 52), ' ');
    out += line + command.about + "\n";
  }
  return out + "\nThe node to ask: --address, else CLUSTERKIT_ADDRESS, else " + kDefaultAddress +
         ".\nExit codes: 0 done, 1 the node refused or did not answer, 2 wrong words.\n";
}

Request parse(int argc, const char* const* argv) {
  Request request;
  if (const char* address = std::getenv("CLUSTERKIT_ADDRESS")) request.address = address;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--json") {
      request.output = Output::Json;
    } else if (word == "--address") {
      if (++i == argc) throw UsageError("--address needs HOST:PORT");
      request.address = argv[i];
    } else if (word.starts_with("--") && word != "--help" && request.words.empty()) {
      throw UsageError("'" + word + "' is no option");
    } else {
      request.words.push_back(word);
    }
  }
  return request;
}

int act(const Request& request) {
  if (request.words.empty() || request.words[0] == "help" || request.words[0] == "--help") {
    std::cout << usage();
    return request.words.empty() ? 2 : 0;
  }
  // A command is one word, or two: "kv get".
  const std::string two = request.words[0] + (request.words.size() > 1 ? " " + request.words[1] : "");
  const auto command = std::find_if(commands().begin(), commands().end(), [&](const Command& c) {
    return c.name == request.words[0] || c.name == two;
  });
  if (command == commands().end()) throw UsageError("'" + two + "' is no command; see clusterkit help");
  const auto words = 1 + std::count(command->name.begin(), command->name.end(), ' ');
  const std::vector<std::string> arguments(request.words.begin() + words, request.words.end());
  if (arguments.size() < command->least || arguments.size() > command->most)
    throw UsageError("usage: clusterkit " + command->name + " " + command->arguments);
  http::HttpClient client(request.address);
  command->run({client, request.output, std::cin, std::cout}, arguments);
  return 0;
}

int guardedMain(int argc, const char* const* argv) {
  const auto say = [](const std::string& what, int code) {
    std::cerr << "clusterkit: " << what << "\n";
    return code;
  };
  try {
    return act(parse(argc, argv));
  } catch (const UsageError& error) {
    return say(error.what(), 2);
  } catch (const std::invalid_argument& error) {  // an address that is none
    return say(error.what(), 2);
  } catch (const Poco::Exception& error) {
    return say("the answer cannot be read: " + error.displayText(), 1);
  } catch (const std::exception& error) {
    return say(error.what(), 1);
  }
}

}  // namespace
}  // namespace clusterkit::cli

int main(int argc, char** argv) { return clusterkit::cli::guardedMain(argc, argv); }
