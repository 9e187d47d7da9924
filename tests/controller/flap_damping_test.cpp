#include "controller/flap_damping.hpp"

#include <gtest/gtest.h>

namespace clusterkit {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

const MemberId kNode{2};
MonotonicTime at(Duration d) { return MonotonicTime(std::chrono::hours(1) + d); }

TEST(FlapDamping, TheFirstFallsAreForgiven) {
  FlapDamping damping;
  for (int i = 0; i < 2; ++i) {
    damping.wentDown(kNode, at(seconds(10 * i)));
    damping.cameBack(kNode, at(seconds(10 * i + 5)));
    EXPECT_FALSE(damping.holds(kNode, at(seconds(10 * i + 5))));
  }
}

TEST(FlapDamping, EachFurtherFallHoldsTheNodeTwiceAsLong) {
  FlapDamping damping;
  Duration expected = seconds(10);
  for (int fall = 1; fall <= 7; ++fall) {
    const MonotonicTime now = at(seconds(fall));
    damping.wentDown(kNode, now);
    damping.cameBack(kNode, now);
    if (fall <= 2) continue;
    EXPECT_TRUE(damping.holds(kNode, now + expected - seconds(1))) << fall;
    EXPECT_FALSE(damping.holds(kNode, now + expected)) << fall;
    EXPECT_EQ(damping.nextRelease(now), now + expected);
    expected *= 2;
  }
  for (int fall = 8; fall < 100; ++fall) damping.wentDown(kNode, at(seconds(fall)));
  damping.cameBack(kNode, at(seconds(100)));
  EXPECT_FALSE(damping.holds(kNode, at(seconds(100) + minutes(5)))) << "never longer than the limit";
}

TEST(FlapDamping, OldFallsAreForgotten) {
  FlapDamping damping;
  for (int i = 0; i < 5; ++i) damping.wentDown(kNode, at(seconds(i)));
  damping.cameBack(kNode, at(minutes(11)));
  EXPECT_FALSE(damping.holds(kNode, at(minutes(11))));
  EXPECT_EQ(damping.nextRelease(at(minutes(11))), MonotonicTime::max());
}

}  // namespace
}  // namespace clusterkit
