#include "load/settings.hpp"

#include <charconv>
#include <stdexcept>

namespace clusterkit::bench {
namespace {

std::size_t number(const std::string& option, std::string_view text, std::size_t most) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value == 0 || value > most)
    throw std::invalid_argument(option + ": '" + std::string(text) + "': allowed are 1 to " +
                                std::to_string(most));
  return value;
}

std::vector<std::size_t> numbers(const std::string& option, std::string_view text) {
  std::vector<std::size_t> out;
  for (std::size_t from = 0; from <= text.size();) {
    const auto comma = std::min(text.find(',', from), text.size());
    out.push_back(number(option, text.substr(from, comma - from), 1000));
    from = comma + 1;
  }
  return out;
}

std::set<Work> works(std::string_view text) {
  if (text == "put") return {Work::put};
  if (text == "linearizable") return {Work::linearizableRead};
  if (text == "local") return {Work::localRead};
  throw std::invalid_argument("--only: '" + std::string(text) + "': allowed are put, linearizable and local");
}

EtcdClient etcdClient(std::string_view text) {
  if (text == "nghttp2") return EtcdClient::nghttp2;
  if (text == "grpc++") return EtcdClient::grpcLibrary;
  throw std::invalid_argument("--etcd-client: '" + std::string(text) + "': allowed are nghttp2 and grpc++");
}

void addNodeSetting(const std::string& text, std::map<std::string, std::string>& out) {
  const auto equals = text.find('=');
  if (equals == std::string::npos || text.find('.') > equals)
    throw std::invalid_argument("--set: '" + text + "': allowed is SECTION.KEY=VALUE");
  out[text.substr(0, equals)] = text.substr(equals + 1);
}

}  // namespace

ThroughputSettings parseSettings(const std::vector<std::string>& arguments) {
  ThroughputSettings out;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& option = arguments[i];
    const std::string value = i + 1 < arguments.size() ? arguments[i + 1] : "";
    if (option == "--to-all")
      out.toAll = true;
    else if (option == "--without-etcd")
      out.withEtcd = false;
    else if (option == "--clients")
      out.clients = numbers(option, value), ++i;
    else if (option == "--rounds")
      out.rounds = number(option, value, 1000), ++i;
    else if (option == "--ms")
      out.measured = std::chrono::milliseconds(number(option, value, 600000)), ++i;
    else if (option == "--etcd-client")
      out.etcdClient = etcdClient(value), ++i;
    else if (option == "--set")
      addNodeSetting(value, out.node), ++i;
    else if (option == "--only")
      out.works = works(value), ++i;
    else
      throw std::invalid_argument("'" + option +
                                  "': allowed are --clients 1,16,64,256, --rounds N, --ms N, " +
                                  "--only put|linearizable|local, --set SECTION.KEY=VALUE, --to-all, " +
                                  "--etcd-client nghttp2|grpc++ and --without-etcd");
  }
  return out;
}

}  // namespace clusterkit::bench
