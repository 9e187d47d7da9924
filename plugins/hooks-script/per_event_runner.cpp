#include "per_event_runner.hpp"

#include <algorithm>

#include "environment.hpp"

namespace clusterkit::script {
namespace {

constexpr int kTryAgain = 75;  // EX_TEMPFAIL of sysexits.h
constexpr std::chrono::nanoseconds kCancelGrace = std::chrono::milliseconds(500);

}  // namespace

PerEventRunner::PerEventRunner(Host host, Settings settings) : host_(host), settings_(std::move(settings)) {}

void PerEventRunner::cancel() {
  cancelled_ = true;
  cancelFlag_.raise();
}

Verdict PerEventRunner::deliver(const Event& event) try {
  if (cancelled_) return retry("the sink is stopping");
  OutputLog output(host_, settings_.name, settings_.maxOutput);
  output.begin(event.seq());
  const Launch launch{settings_.file, settings_.arguments, environmentOf(settings_, &event),
                      settings_.directory};
  ScriptProcess process(host_, launch, output);
  process.send(event.json());
  process.send("\n");
  process.closeInputWhenSent();
  const Ended ended = runToEnd(process, event.deadline());
  // Exit code 0 after SIGTERM says that the script obeyed, not that it had finished its work.
  if (ended == Ended::byCancel || !process.exit()) return retry("the sink is stopping");
  if (ended == Ended::byDeadline) return retry("deadline exceeded, " + describe(*process.exit()));
  return verdictOf(*process.exit());
} catch (const LaunchFailure& failure) {
  host_.log(CK_LOG_ERROR, "script_not_run", {{"seq", event.seq()}, {"reason", failure.what()}});
  return failure.transient() ? retry(failure.what()) : settings_.failed(failure.what());
}

// A process that even SIGKILL does not end is waited for, since another one beside it would break the order;
// unless the node stops.
PerEventRunner::Ended PerEventRunner::runToEnd(ScriptProcess& process, std::uint64_t deadline) {
  Ended ended = Ended::byItself;
  while (!process.exit() && !(cancelled_ && process.stuck())) {
    const bool untouched = ended == Ended::byItself;
    process.step(untouched ? deadline : 0, ended == Ended::byCancel ? -1 : cancelFlag_.descriptor());
    if (process.exit()) break;
    if (cancelled_ && ended != Ended::byCancel) {
      ended = Ended::byCancel;
      process.terminate(std::min(settings_.killAfter, kCancelGrace));
    } else if (untouched && deadline != 0 && host_.now() >= deadline) {
      ended = Ended::byDeadline;
      process.terminate(settings_.killAfter);
    }
  }
  return ended;
}

Verdict PerEventRunner::verdictOf(const ExitStatus& status) const {
  if (status.kind == ExitStatus::Kind::unknown) return retry(describe(status));
  if (status.kind == ExitStatus::Kind::code && status.number == 0) return ack();
  if (status.kind == ExitStatus::Kind::code && status.number == kTryAgain) return retry(describe(status));
  return settings_.failed(describe(status));
}

}  // namespace clusterkit::script
