#include "daemon/metrics_registry.hpp"

#include <array>
#include <atomic>
#include <limits>

namespace clusterkit {
namespace {

// Seconds; from a fast boundary call to a stalled disk.
constexpr std::array<double, 12> kBounds = {0.00001, 0.0001, 0.0005, 0.001, 0.0025, 0.005,
                                            0.01,    0.025,  0.1,    0.25,  1.0,    2.5};

void addTo(std::atomic<double>& total, double by) { total.fetch_add(by, std::memory_order_relaxed); }

}  // namespace

class MetricsRegistry::Instrument {
 public:
  virtual ~Instrument() = default;
  virtual void read(http::MetricFamily::Sample& out) const = 0;
};

class MetricsRegistry::CounterCell final : public Instrument, public Counter {
 public:
  void add(double by) override { addTo(value_, by); }
  void read(http::MetricFamily::Sample& out) const override {
    out.value = value_.load(std::memory_order_relaxed);
  }

 private:
  std::atomic<double> value_{0};
};

class MetricsRegistry::GaugeCell final : public Instrument, public Gauge {
 public:
  void set(double value) override { value_.store(value, std::memory_order_relaxed); }
  void read(http::MetricFamily::Sample& out) const override {
    out.value = value_.load(std::memory_order_relaxed);
  }

 private:
  std::atomic<double> value_{0};
};

class MetricsRegistry::TimingCell final : public Instrument, public Timing {
 public:
  void observe(double seconds) override {
    addTo(sum_, seconds);
    std::size_t bucket = 0;
    while (bucket < kBounds.size() && seconds > kBounds[bucket]) ++bucket;
    counts_[bucket].fetch_add(1, std::memory_order_relaxed);
  }
  void read(http::MetricFamily::Sample& out) const override {
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      out.count += counts_[i].load(std::memory_order_relaxed);
      const double bound = i < kBounds.size() ? kBounds[i] : std::numeric_limits<double>::infinity();
      out.buckets.push_back({bound, out.count});
    }
    out.value = sum_.load(std::memory_order_relaxed);
  }

 private:
  std::atomic<double> sum_{0};
  std::array<std::atomic<std::uint64_t>, kBounds.size() + 1> counts_{};
};

MetricsRegistry::MetricsRegistry() = default;
MetricsRegistry::~MetricsRegistry() = default;

template <class Cell>
Cell& MetricsRegistry::find(std::string_view name, std::string_view help, const MetricLabels& labels,
                            Type type) {
  Labels own;
  for (const MetricLabel& label : labels) own.emplace_back(label.name, label.value);
  const std::lock_guard lock(mutex_);
  const auto family = families_.try_emplace(std::string(name), Family{std::string(help), type, {}}).first;
  if (family->second.type != type)
    return static_cast<Cell&>(*misfits_.emplace_back(std::make_unique<Cell>()));
  std::unique_ptr<Instrument>& cell = family->second.instruments[std::move(own)];
  if (!cell) cell = std::make_unique<Cell>();
  return static_cast<Cell&>(*cell);
}

Counter& MetricsRegistry::counter(std::string_view name, std::string_view help, const MetricLabels& labels) {
  return find<CounterCell>(name, help, labels, Type::Counter);
}
Gauge& MetricsRegistry::gauge(std::string_view name, std::string_view help, const MetricLabels& labels) {
  return find<GaugeCell>(name, help, labels, Type::Gauge);
}
Timing& MetricsRegistry::timing(std::string_view name, std::string_view help, const MetricLabels& labels) {
  return find<TimingCell>(name, help, labels, Type::Histogram);
}

std::vector<http::MetricFamily> MetricsRegistry::families() const {
  std::vector<http::MetricFamily> out;
  const std::lock_guard lock(mutex_);
  for (const auto& [name, family] : families_) {
    http::MetricFamily& shown = out.emplace_back();
    shown.name = name;
    shown.help = family.help;
    shown.type = family.type;
    for (const auto& [labels, instrument] : family.instruments) {
      http::MetricFamily::Sample& sample = shown.samples.emplace_back();
      for (const auto& [label, value] : labels) sample.labels.push_back({label, value});
      instrument->read(sample);
    }
  }
  return out;
}

}  // namespace clusterkit
