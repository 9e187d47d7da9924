// A hook sink in C++: appends each event as a line of JSON.
#include <clusterkit/sink.hpp>
#include <fstream>

struct Lines : clusterkit::Sink {
  static constexpr ck_option options[] = {
      clusterkit::requiredOption("path", CK_TYPE_PATH, "file to append events to"), clusterkit::endOfOptions};

  explicit Lines(const clusterkit::Setup& setup) : out(setup.config.str("path"), std::ios::app) {
    if (!out) throw clusterkit::Error(CK_INVALID, "cannot open path");
  }
  clusterkit::Verdict deliver(const clusterkit::Event& event) override {
    out << event.json() << '\n' << std::flush;
    return out ? clusterkit::ack() : clusterkit::retry("write failed");
  }
  std::ofstream out;
};
CK_SINK(Lines, "lines", "1.0", "Appends events to a file");
