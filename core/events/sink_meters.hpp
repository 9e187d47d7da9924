// What is measured of one hook sink.
#pragma once

#include <string>

#include "host/metrics.hpp"

namespace clusterkit {

struct SinkMeters {
  SinkMeters(MetricsSink& metrics, const std::string& sink)
      : delivered(metrics.counter("clusterkit_sink_delivered_total", "Events that a hook sink has taken.",
                                  {{"sink", sink}})),
        retries(metrics.counter("clusterkit_sink_retries_total",
                                "Deliveries that failed and are tried again.", {{"sink", sink}})),
        deadLetters(metrics.counter("clusterkit_sink_dead_letters_total", "Events that a hook sink gave up.",
                                    {{"sink", sink}})),
        lag(metrics.gauge("clusterkit_sink_lag_events", "Events that a hook sink has not yet done with.",
                          {{"sink", sink}})),
        seconds(metrics.timing("clusterkit_sink_delivery_seconds",
                               "From handing an event over to its answer.", {{"sink", sink}})) {}
  Counter& delivered;
  Counter& retries;
  Counter& deadLetters;
  Gauge& lag;
  Timing& seconds;
};

}  // namespace clusterkit
