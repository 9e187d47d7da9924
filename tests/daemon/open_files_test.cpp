// The daemon takes as many descriptors as its configuration needs, and knows when it may not.
#include "daemon/open_files.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

namespace clusterkit {
namespace {

class OpenFiles : public testing::Test {
 protected:
  OpenFiles() { getrlimit(RLIMIT_NOFILE, &before_); }
  ~OpenFiles() override { setrlimit(RLIMIT_NOFILE, &before_); }
  static rlim_t softLimit() {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur;
  }
  void setSoftLimit(rlim_t files) const {
    const rlimit low{files, before_.rlim_max};
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
  }

  rlimit before_{};
};

TEST_F(OpenFiles, TheSoftLimitIsRaisedToWhatIsNeeded) {
  setSoftLimit(100);
  EXPECT_EQ(allowOpenFiles(150), 150U);
  EXPECT_EQ(softLimit(), 150U);
}

TEST_F(OpenFiles, AHigherSoftLimitStays) {
  setSoftLimit(200);
  EXPECT_EQ(allowOpenFiles(150), 200U);
  EXPECT_EQ(softLimit(), 200U);
}

TEST_F(OpenFiles, TheHardLimitIsTheMost) {
  if (before_.rlim_max == RLIM_INFINITY) GTEST_SKIP() << "this process has no hard limit";
  EXPECT_EQ(allowOpenFiles(before_.rlim_max + 1), before_.rlim_max);
}

}  // namespace
}  // namespace clusterkit
