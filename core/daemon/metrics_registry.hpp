// Keeps the numbers of everything that measures itself, and lists them for the exporter. Thread-safe:
// instruments are atomics, looked up once under a lock.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "host/metrics.hpp"
#include "http/cluster_api.hpp"

namespace clusterkit {

class MetricsRegistry final : public MetricsSink {
 public:
  MetricsRegistry();
  ~MetricsRegistry() override;

  Counter& counter(std::string_view name, std::string_view help, const MetricLabels& labels) override;
  Gauge& gauge(std::string_view name, std::string_view help, const MetricLabels& labels) override;
  Timing& timing(std::string_view name, std::string_view help, const MetricLabels& labels) override;

  // In the order of their names. [any]
  std::vector<http::MetricFamily> families() const;

 private:
  class Instrument;
  class CounterCell;
  class GaugeCell;
  class TimingCell;
  using Type = http::MetricFamily::Type;
  using Labels = std::vector<std::pair<std::string, std::string>>;

  struct Family {
    std::string help;
    Type type = Type::Gauge;
    std::map<Labels, std::unique_ptr<Instrument>> instruments;
  };

  template <class Cell>
  Cell& find(std::string_view name, std::string_view help, const MetricLabels& labels, Type type);

  mutable std::mutex mutex_;
  std::map<std::string, Family, std::less<>> families_;
  // One name asked for as two kinds is a programming error; its numbers go here and are shown nowhere.
  std::deque<std::unique_ptr<Instrument>> misfits_;
};

}  // namespace clusterkit
