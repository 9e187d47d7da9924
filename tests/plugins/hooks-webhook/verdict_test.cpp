#include "verdict.hpp"

#include <gmock/gmock.h>

namespace clusterkit::webhook {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr std::int64_t kNow = 1'700'000'000;  // Tue, 14 Nov 2023 22:13:20 GMT

ck_status statusOf(int answer) { return verdictOf({answer, ""}, "a:1", kNow).status; }

TEST(WebhookVerdict, EveryStatusHasItsMeaning) {
  for (const int done : {200, 201, 202, 204, 299}) EXPECT_EQ(statusOf(done), CK_OK) << done;
  for (const int again : {408, 425, 429, 500, 501, 502, 503, 504, 599})
    EXPECT_EQ(statusOf(again), CK_RETRY) << again;
  for (const int never : {300, 301, 302, 304, 307, 308, 400, 401, 403, 404, 409, 410, 413, 422, 451, 499})
    EXPECT_EQ(statusOf(never), CK_INVALID) << never;
  for (const int nonsense : {0, 42, 101, 600, 999}) EXPECT_EQ(statusOf(nonsense), CK_RETRY) << nonsense;
}

TEST(WebhookVerdict, SaysWhoAnsweredWhat) {
  EXPECT_EQ(verdictOf({404, ""}, "a:1", kNow).text, "a:1: answered 404 Not Found");
  EXPECT_EQ(verdictOf({599, ""}, "a:1", kNow).text, "a:1: answered 599");
  EXPECT_THAT(verdictOf({302, ""}, "a:1", kNow).text, HasSubstr("redirects are not followed"));
}

TEST(WebhookVerdict, HeedsRetryAfterOfTemporaryRefusals) {
  EXPECT_EQ(verdictOf({503, "7"}, "a:1", kNow).retryAfterMs, 7000u);
  EXPECT_EQ(verdictOf({429, "Tue, 14 Nov 2023 22:13:50 GMT"}, "a:1", kNow).retryAfterMs, 30'000u);
  EXPECT_EQ(verdictOf({503, ""}, "a:1", kNow).retryAfterMs, 0u);
  EXPECT_EQ(verdictOf({404, "7"}, "a:1", kNow).retryAfterMs, 0u);
}

TEST(WebhookVerdict, ReadsTheThreeFormsOfAnHttpDate) {
  EXPECT_EQ(waitAskedFor("Tue, 14 Nov 2023 22:14:20 GMT", kNow), 60s);
  EXPECT_EQ(waitAskedFor("Tuesday, 14-Nov-23 22:14:20 GMT", kNow), 60s);
  EXPECT_EQ(waitAskedFor("Tue Nov 14 22:14:20 2023", kNow), 60s);
}

TEST(WebhookVerdict, BoundsTheWaitByAnHourAndTakesNoNonsense) {
  EXPECT_EQ(waitAskedFor("3601", kNow), 1h);
  EXPECT_EQ(waitAskedFor("18446744073709551615", kNow), 1h);
  EXPECT_EQ(waitAskedFor("99999999999999999999999999", kNow), 1h);
  EXPECT_EQ(waitAskedFor("Wed, 14 Nov 2035 22:14:20 GMT", kNow), 1h);
  EXPECT_EQ(waitAskedFor("Tue, 14 Nov 2023 22:13:00 GMT", kNow), 0s);  // in the past
  for (const char* nonsense : {"", "soon", "-5", "1,5", "1.5", "5 s", "Tue, 99 Nov 2023 22:14:20 GMT", "+3"})
    EXPECT_EQ(waitAskedFor(nonsense, kNow), 0s) << nonsense;
}

}  // namespace
}  // namespace clusterkit::webhook
