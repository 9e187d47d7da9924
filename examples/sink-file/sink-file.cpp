// A hook sink: appends each event to a file, as one line of JSON.
#include <clusterkit/sink.hpp>
#include <fstream>

class FileSink : public clusterkit::Sink {
 public:
  static constexpr ck_option options[] = {
      clusterkit::requiredOption("path", CK_TYPE_PATH, "File to append events to"), clusterkit::endOfOptions};

  explicit FileSink(const clusterkit::Setup& setup) : out_(setup.config.str("path"), std::ios::app) {
    if (!out_) throw clusterkit::Error(CK_INVALID, "path: cannot be opened for writing");
  }

  clusterkit::Verdict deliver(const clusterkit::Event& event) override {
    out_ << event.json() << '\n' << std::flush;
    if (out_) return clusterkit::ack();
    out_.clear();  // the next attempt writes again
    return clusterkit::retry("path: cannot be written to");
  }

 private:
  std::ofstream out_;
};

CK_SINK(FileSink, "sink-file", "1.0", "Appends each event to a file");
