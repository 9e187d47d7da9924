#include "ack_line.hpp"

#include <gtest/gtest.h>

namespace clusterkit::script {
namespace {

void expectAnswer(std::string_view line, std::uint64_t seq, ck_status status, const std::string& text) {
  const auto answer = parseAckLine(line);
  ASSERT_TRUE(answer) << line;
  EXPECT_EQ(answer->seq, seq);
  EXPECT_EQ(answer->verdict.status, status);
  EXPECT_EQ(answer->verdict.text, text);
}

TEST(AckLine, SaysDoneRetryOrReject) {
  expectAnswer("17", 17, CK_OK, "");
  expectAnswer("ok 17", 17, CK_OK, "");
  expectAnswer("retry 17", 17, CK_RETRY, "the script said so");
  expectAnswer("retry 17 the disk is full", 17, CK_RETRY, "the disk is full");
  expectAnswer("reject 18446744073709551615 no", 18446744073709551615u, CK_INVALID, "no");
}

TEST(AckLine, AnythingElseIsNoAnswer) {
  for (const char* line : {"", " ", "ok", "ok ", "ok x", "done 17", "17 18", "ok 17 18", "-1", "+1", "0x11",
                           " 17", "18446744073709551616", "retry", "OK 17"})
    EXPECT_FALSE(parseAckLine(line)) << "'" << line << "'";
}

}  // namespace
}  // namespace clusterkit::script
