// mode = stream: one long-lived script, started at the first event and again when it has ended.
#pragma once

#include <atomic>
#include <clusterkit/sink.hpp>
#include <memory>
#include <mutex>
#include <string>

#include "settings.hpp"
#include "stream_child.hpp"

namespace clusterkit::script {

class StreamRunner final : public Sink {
 public:
  // Between a script's end and its next start, doubled each time that a life has answered no event.
  static constexpr std::chrono::milliseconds kFirstPause{100}, kLongestPause{30'000};

  StreamRunner(Host host, Settings settings);
  Verdict deliver(const Event& event) override;  // [pool], several at once
  void cancel() override;                        // [any]

 private:
  std::shared_ptr<StreamChild> current();
  void replaceCurrent(std::shared_ptr<StreamChild> child);
  void start();
  void pause(const std::string& reason);
  void buryEnded();

  Host host_;
  const Settings settings_;
  std::atomic<bool> cancelled_ = false;

  std::mutex starting_;  // held while a script is started or waited for: as long as kill_after
  std::uint64_t nextStart_ = 0;
  unsigned lives_ = 0;  // that ended, since one has answered an event
  std::string lastEnd_;

  std::mutex mutex_;  // held shortly; changes of child_ need both
  std::shared_ptr<StreamChild> child_;
};

}  // namespace clusterkit::script
