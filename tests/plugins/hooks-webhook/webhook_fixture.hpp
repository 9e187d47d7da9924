// The plugin's own file with one configured webhook in it, and deliveries as the host makes them.
#pragma once

#include <gmock/gmock.h>

#include <clusterkit/sink.h>
#include <chrono>
#include <map>
#include <string>

#include "contract/support/fake_host.hpp"
#include "contract/support/plugin_file.hpp"
#include "support/eventually.hpp"
#include "support/temp_dir.hpp"

namespace clusterkit::webhook {

using namespace std::chrono_literals;
using testing::HasSubstr;

inline const std::string kBody = R"({"seq":7,"type":"node_join"})";

struct Delivered {
  ck_status status;
  std::string text;
  std::uint32_t retryAfterMs;
};

class Webhook {
 public:
  explicit Webhook(const std::string& url, std::map<std::string, std::string> options = {})
      : file_(CLUSTERKIT_PLUGINS "/hooks-webhook.so", "webhook"),
        instance_(file_, host_.table(), folder_.path(), withUrl(url, std::move(options))),
        sink_(instance_.iface<ck_sink_simple_1>(CK_SINK_SIMPLE_KIND)) {}

  Delivered deliver(std::chrono::milliseconds limit = 10s, const std::string& body = kBody) {
    ck_event event{};
    event.size = sizeof event;
    event.attempt = 2;
    event.seq = 7;
    for (std::uint8_t i = 0; i < 16; ++i) event.id[i] = static_cast<std::uint8_t>(i * 17);
    event.type = "node_join";
    event.subject = "node-3";
    event.json = span(body);
    event.deadline = host_.table()->now(host_.table()->cx) +
                     static_cast<std::uint64_t>(std::chrono::nanoseconds(limit).count());
    ck_error error = makeError(CK_OK, "");
    const ck_status status = sink_->deliver(instance_.self(), &event, &error);
    return {status, error.msg, error.retry_after_ms};
  }
  void cancel() { sink_->cancel(instance_.self()); }
  const contract::FakeHost& host() const { return host_; }

 private:
  using Options = std::map<std::string, std::string>;
  static Options withUrl(const std::string& url, Options options) {
    options["url"] = url;
    return options;
  }

  test::TempDir folder_;
  contract::FakeHost host_;
  contract::PluginFile file_;
  contract::PluginInstance instance_;
  const ck_sink_simple_1* sink_;
};

// Why a section with these options is refused; empty when it is not.
inline std::string refusalOf(const std::string& url, std::map<std::string, std::string> options = {}) {
  try {
    Webhook webhook(url, std::move(options));
    return "";
  } catch (const std::runtime_error& error) {
    return error.what();
  }
}

template <class Call>
std::chrono::milliseconds timeOf(Call call) {
  const auto start = std::chrono::steady_clock::now();
  call();
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start);
}

}  // namespace clusterkit::webhook
