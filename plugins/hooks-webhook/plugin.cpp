// The component "webhook": see README.md.
#include "webhook_sink.hpp"

CK_CONCURRENT_SINK(clusterkit::webhook::WebhookSink, "webhook", "0.1.0",
                   "POSTs each event to a URL, signed if wanted");
