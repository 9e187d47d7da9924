// A sink made with the C++ SDK; with THROWS its constructor throws.
#include <clusterkit/sink.hpp>

namespace {

class Counter : public clusterkit::Sink {
 public:
  static constexpr ck_option options[] = {
      clusterkit::option("limit", CK_TYPE_INT, "3", "Events to take", 1, 10), clusterkit::endOfOptions};

  explicit Counter(const clusterkit::Setup& setup) : limit_(setup.config.num("limit")) {
#ifdef THROWS
    throw clusterkit::Error(CK_NO_SPACE, "limit " + std::to_string(limit_) + " is more than there is",
                            ENOSPC);
#endif
  }

  clusterkit::Verdict deliver(const clusterkit::Event&) override {
    return ++taken_ <= limit_ ? clusterkit::ack() : clusterkit::reject("full");
  }

 private:
  std::int64_t limit_;
  std::int64_t taken_ = 0;
};

}  // namespace

CK_SINK(Counter, "counter", "2.1", "counts what it is given");
