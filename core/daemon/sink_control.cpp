#include "daemon/sink_control.hpp"

#include <utility>

namespace clusterkit {
namespace {

http::SinkView viewOf(const SinkStatus& status) {
  return {status.name,         status.plugin,           status.scope,
          status.state,        status.delivered,        status.newest,
          status.underWay,     status.attempts,         status.deliveredTotal,
          status.retriesTotal, status.deadLettersTotal, status.lastError};
}

http::Failure failureOf(const Failure& failure) {
  const auto kind = failure.status == Status::NotFound      ? http::FailureKind::NotFound
                    : failure.status == Status::Conflict    ? http::FailureKind::Refused
                    : failure.status == Status::Invalid     ? http::FailureKind::Invalid
                    : failure.status == Status::NoSpace     ? http::FailureKind::NoSpace
                    : failure.status == Status::Unknown     ? http::FailureKind::Unknown
                    : failure.status == Status::Unsupported ? http::FailureKind::Unsupported
                                                            : http::FailureKind::Unavailable;
  return {kind, failure.text};
}

}  // namespace

void JournalControl::listSinks(http::Callback<std::vector<http::SinkView>> done) {
  loop_.post([this, alive = lifetime_.watch(), done = std::move(done)] {
    if (alive.expired()) return;
    std::vector<http::SinkView> views;
    for (const SinkStatus& status : journal_.statuses()) views.push_back(viewOf(status));
    done(std::move(views));
  });
}

void JournalControl::controlSink(std::string name, http::SinkControl control,
                                 http::Callback<http::SinkView> done) {
  loop_.post([this, alive = lifetime_.watch(), name = std::move(name), control, done = std::move(done)] {
    if (alive.expired()) return;
    auto answered = [done](Result<SinkStatus> result) {
      if (result)
        done(viewOf(result.value()));
      else
        done(failureOf(result.failure()));
    };
    if (std::holds_alternative<http::PauseSink>(control)) return journal_.pause(name, std::move(answered));
    if (std::holds_alternative<http::ResumeSink>(control)) return journal_.resume(name, std::move(answered));
    if (std::holds_alternative<http::ReloadSink>(control)) return reload_.reload(name, std::move(answered));
    journal_.replay(name, std::get<http::ReplaySink>(control).after, std::move(answered));
  });
}

}  // namespace clusterkit
