// mode = per-event: each event gets a process of its own, whose exit code is the answer.
#pragma once

#include <atomic>
#include <clusterkit/sink.hpp>

#include "descriptor.hpp"
#include "script_process.hpp"
#include "settings.hpp"

namespace clusterkit::script {

class PerEventRunner final : public Sink {
 public:
  PerEventRunner(Host host, Settings settings);
  Verdict deliver(const Event& event) override;  // [pool], several at once
  void cancel() override;                        // [any]

 private:
  enum class Ended { byItself, byDeadline, byCancel };

  Ended runToEnd(ScriptProcess& process, std::uint64_t deadline);
  Verdict verdictOf(const ExitStatus& status) const;

  Host host_;
  const Settings settings_;
  WakeFlag cancelFlag_;  // never lowered: it ends the deliveries under way and all that follow
  std::atomic<bool> cancelled_ = false;
};

}  // namespace clusterkit::script
