// ClusterKit's HTTP API over HTTP/1.1 with connections kept alive.
#include <charconv>

#include "load/wire.hpp"

namespace clusterkit::bench {
namespace {

constexpr std::string_view kLengthField = "content-length: ";

class HttpWire final : public Wire {
 public:
  HttpWire(const std::string& host, std::size_t valueBytes) : host_(host), valueBytes_(valueBytes) {}

  void ask(const Request& request, std::string& out) override {
    const bool put = request.work == Work::put;
    read_ = !put;
    out.append(put ? "PUT" : "GET").append(" /v1/kv/").append(request.key);
    if (request.work == Work::localRead) out.append("?consistency=local");
    out.append(" HTTP/1.1\r\nHost: ").append(host_);
    if (put) out.append("\r\nContent-Length: ").append(std::to_string(request.value.size()));
    out.append("\r\n\r\n").append(request.value);
  }

  bool hear(std::string_view bytes, std::string&) override {
    in_.append(bytes);
    const auto head = in_.find("\r\n\r\n");
    if (head == std::string::npos) return false;
    const std::size_t length = bodyLength(head);
    if (in_.size() < head + 4 + length) return false;
    const bool good = in_.starts_with("HTTP/1.1 2") && (!read_ || length >= valueBytes_);
    if (!good) throw WireError("clusterkitd answered: " + in_);
    in_.clear();
    return true;
  }

 private:
  std::size_t bodyLength(std::size_t head) const {
    std::string lower = in_.substr(0, head);
    for (char& c : lower)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    const auto at = lower.find(kLengthField);
    std::size_t length = 0;
    if (at != std::string::npos)
      std::from_chars(lower.data() + at + kLengthField.size(), lower.data() + lower.size(), length);
    return length;
  }

  std::string host_;
  std::size_t valueBytes_;
  bool read_ = false;
  std::string in_;
};

}  // namespace

std::unique_ptr<Wire> httpWire(const std::string& host, std::size_t valueBytes) {
  return std::make_unique<HttpWire>(host, valueBytes);
}

}  // namespace clusterkit::bench
