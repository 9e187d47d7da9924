#include "webhook_sink.hpp"

#include <Poco/Exception.h>

#include <algorithm>

#include "request.hpp"

namespace clusterkit::webhook {
namespace {

using namespace std::chrono_literals;

// For a delivery that was given none.
constexpr std::chrono::nanoseconds kDeadline = 60s;
// A connection whose answer takes longer to read away is not worth keeping.
constexpr std::chrono::nanoseconds kFinishTime = 1s;

}  // namespace

WebhookSink::WebhookSink(const Setup& setup)
    : host_(setup.host),
      settings_(readSettings(setup.config)),
      watchdog_(host_),
      dialer_(settings_),
      pool_(host_) {
  if (settings_.target.scheme == Scheme::Https && settings_.tls.verify == Verify::None)
    host_.log(CK_LOG_WARN, "webhook_unverified",
              {{"receiver", settings_.target.authority},
               {"meaning", "verify = none: events and signatures go to whoever answers"}});
}

Verdict WebhookSink::deliver(const Event& event) {
  const std::string& who = settings_.target.authority;
  const std::uint64_t deadline = event.deadline() != 0 ? event.deadline() : watchdog_.after(kDeadline);
  try {
    return verdictOf(exchange(requestText(settings_, event, wallSeconds()), deadline), who, wallSeconds());
  } catch (const Stopped& stopped) {
    return {CK_CANCELLED, who + ": " + stopped.what()};
  } catch (const Expired& expired) {
    return {CK_TIMEOUT, who + ": " + expired.what()};
  } catch (const Poco::Exception& error) {
    return retry(who + ": " + error.displayText());
  } catch (const std::exception& error) {
    return retry(who + ": " + error.what());
  }
}

void WebhookSink::cancel() { watchdog_.stop(); }

Answer WebhookSink::exchange(const std::string& request, std::uint64_t deadline) {
  if (std::unique_ptr<Connection> idle = pool_.take()) {
    try {
      return post(std::move(idle), request, deadline);
    } catch (const NoAnswer&) {
      // The receiver has most likely closed it just now. If it did act on the request, the same
      // Idempotency-Key tells.
    }
  }
  return post(dialer_.dial(watchdog_, deadline), request, deadline);
}

Answer WebhookSink::post(std::unique_ptr<Connection> connection, const std::string& request,
                         std::uint64_t deadline) {
  const auto cut = [&open = *connection] { open.cut(); };
  const auto answered = [&] {
    const Watch watch(watchdog_, deadline, cut);
    try {
      return connection->post(request);
    } catch (const std::exception&) {
      watch.check("gave no complete answer in time");
      throw;
    }
  };
  const auto reusable = [&] {
    const Watch watch(watchdog_, std::min(deadline, watchdog_.after(kFinishTime)), cut);
    return connection->finish() && !watch.over();
  };
  const Answer answer = answered();
  if (reusable()) pool_.put(std::move(connection));
  return answer;
}

}  // namespace clusterkit::webhook
