// The sink: one POST per event.
#pragma once

#include <clusterkit/sink.hpp>

#include "connection_pool.hpp"
#include "dialer.hpp"
#include "settings.hpp"
#include "watchdog.hpp"

namespace clusterkit::webhook {

class WebhookSink : public Sink {
 public:
  static constexpr const ck_option* options = kOptions;

  explicit WebhookSink(const Setup& setup);

  // [pool] On any number of threads at once.
  Verdict deliver(const Event& event) override;
  // [any] What is under way ends within milliseconds, a later deliver at once.
  void cancel() override;

 private:
  Answer exchange(const std::string& request, std::uint64_t deadline);
  Answer post(std::unique_ptr<Connection> connection, const std::string& request, std::uint64_t deadline);
  std::int64_t wallSeconds() const { return host_.wall() / 1'000'000'000; }

  const Host host_;
  const Settings settings_;
  Watchdog watchdog_;
  Dialer dialer_;
  ConnectionPool pool_;
};

}  // namespace clusterkit::webhook
