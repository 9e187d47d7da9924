// What the core measures, independent of the library that exports it. An instrument is looked up once and
// then used without a lookup, because some sit on paths of less than 100 ns. All [any]; instruments live as
// long as their sink.
#pragma once

#include <initializer_list>
#include <string_view>
#include <vector>

namespace clusterkit {

class Counter {
 public:
  virtual ~Counter() = default;
  virtual void add(double by) = 0;  // by >= 0
};

class Gauge {
 public:
  virtual ~Gauge() = default;
  virtual void set(double value) = 0;
};

class Timing {
 public:
  virtual ~Timing() = default;
  virtual void observe(double seconds) = 0;
};

struct MetricLabel {
  std::string_view name;
  std::string_view value;
};
using MetricLabels = std::vector<MetricLabel>;

// Names follow Prometheus: snake_case, a counter ends in _total, a timing in _seconds. Equal name and labels
// give the same instrument; one name has one kind and one set of label names.
class MetricsSink {
 public:
  virtual ~MetricsSink() = default;
  virtual Counter& counter(std::string_view name, std::string_view help, const MetricLabels& labels) = 0;
  virtual Gauge& gauge(std::string_view name, std::string_view help, const MetricLabels& labels) = 0;
  virtual Timing& timing(std::string_view name, std::string_view help, const MetricLabels& labels) = 0;
};

// Measures nothing.
class NoMetrics final : public MetricsSink {
 public:
  Counter& counter(std::string_view, std::string_view, const MetricLabels&) override { return counter_; }
  Gauge& gauge(std::string_view, std::string_view, const MetricLabels&) override { return gauge_; }
  Timing& timing(std::string_view, std::string_view, const MetricLabels&) override { return timing_; }

 private:
  struct IgnoringCounter final : Counter {
    void add(double) override {}
  } counter_;
  struct IgnoringGauge final : Gauge {
    void set(double) override {}
  } gauge_;
  struct IgnoringTiming final : Timing {
    void observe(double) override {}
  } timing_;
};

}  // namespace clusterkit
