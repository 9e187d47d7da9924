#include "http/request_parser.hpp"

#include <gtest/gtest.h>

#include <random>

namespace clusterkit::http {
namespace {

struct Parsed {
  std::vector<Request> requests;
  std::optional<Error> error;
  std::size_t left = 0;
};

// Feeds `bytes` in pieces of the given sizes, the last one repeated.
Parsed parse(const std::string& bytes, const std::vector<std::size_t>& pieces) {
  RequestParser parser{ParserLimits{}};
  Parsed parsed;
  std::string buffer;
  std::size_t given = 0;
  for (std::size_t i = 0; given < bytes.size(); ++i) {
    const std::size_t piece = std::min(pieces[std::min(i, pieces.size() - 1)], bytes.size() - given);
    buffer += bytes.substr(given, piece);
    given += piece;
    for (;;) {
      if (buffer.empty() && !parser.started()) break;
      const RequestParser::Step step = parser.feed(buffer);
      buffer.erase(0, step.consumed);
      if (step.event == RequestParser::Event::needMore) break;
      if (step.event == RequestParser::Event::failed) {
        parsed.error = parser.error();
        return parsed;
      }
      if (step.event == RequestParser::Event::complete) {
        parsed.requests.push_back(parser.take());
        parser.reset();
      }
    }
  }
  parsed.left = buffer.size();
  return parsed;
}

const std::string kTwoRequests =
    "PUT /a?x=1&y HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\r\n"
    "5;ext=\"q\"\r\nhello\r\n1\r\n!\r\n000\r\nTrailer: t\r\n\r\n"
    "\r\nPOST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nX-Two: one\r\nX-Two: two\r\n\r\nabc"
    "GET /c HTTP/1.0\r\n\r\n";

void expectTheThree(const Parsed& parsed) {
  ASSERT_FALSE(parsed.error) << parsed.error->message;
  ASSERT_EQ(parsed.requests.size(), 3U);
  EXPECT_EQ(parsed.requests[0].method, Method::put);
  EXPECT_EQ(parsed.requests[0].path, "/a");
  EXPECT_EQ(parsed.requests[0].query, "x=1&y");
  EXPECT_EQ(parsed.requests[0].body, "hello!");
  EXPECT_EQ(parsed.requests[0].headers.find("Trailer"), nullptr);
  EXPECT_EQ(parsed.requests[1].body, "abc");
  EXPECT_EQ(parsed.requests[1].headers.count("x-two"), 2U);
  EXPECT_TRUE(parsed.requests[1].keepAlive);
  EXPECT_FALSE(parsed.requests[2].keepAlive);
  EXPECT_EQ(parsed.left, 0U);
}

TEST(RequestParser, ReadsTheSameHoweverTheBytesAreCut) {
  expectTheThree(parse(kTwoRequests, {kTwoRequests.size()}));
  for (std::size_t first = 1; first < kTwoRequests.size(); ++first) {
    SCOPED_TRACE(first);
    expectTheThree(parse(kTwoRequests, {first, kTwoRequests.size()}));
  }
  for (std::size_t piece = 1; piece < 40; ++piece) expectTheThree(parse(kTwoRequests, {piece}));
}

// The verdict on damaged bytes must not depend on how they are cut, or it could be chosen by whoever cuts
// them.
TEST(RequestParser, JudgesDamagedBytesTheSameHoweverTheyAreCut) {
  std::mt19937 random(20250101);
  const std::string alphabet = std::string("\r\n :;,/?%+-0159afxz\t\"") + '\0' + '\x80';
  for (int round = 0; round < 3000; ++round) {
    std::string bytes = kTwoRequests;
    const int damages = 1 + static_cast<int>(random() % 3);
    for (int i = 0; i < damages; ++i) {
      const std::size_t at = random() % bytes.size();
      const char with = alphabet[random() % alphabet.size()];
      switch (random() % 3) {
        case 0: bytes[at] = with; break;
        case 1: bytes.insert(at, 1, with); break;
        default: bytes.erase(at, 1); break;
      }
    }
    const Parsed whole = parse(bytes, {bytes.size()});
    const Parsed pieces = parse(bytes, {1 + random() % 7});
    ASSERT_EQ(whole.requests.size(), pieces.requests.size()) << testing::PrintToString(bytes);
    ASSERT_EQ(whole.error.has_value(), pieces.error.has_value()) << testing::PrintToString(bytes);
    for (std::size_t i = 0; i < whole.requests.size(); ++i) {
      ASSERT_EQ(whole.requests[i].path, pieces.requests[i].path);
      ASSERT_EQ(whole.requests[i].body, pieces.requests[i].body);
    }
  }
}

TEST(RequestParser, SurvivesNoise) {
  std::mt19937 random(7);
  for (int round = 0; round < 2000; ++round) {
    std::string noise(1 + random() % 400, '\0');
    for (char& byte : noise) byte = static_cast<char>(random());
    const Parsed parsed = parse(noise, {1 + random() % 50});
    EXPECT_TRUE(parsed.requests.empty());
  }
}

TEST(RequestParser, HoldsBackNoMoreThanTheLimitsWhileItWaits) {
  RequestParser parser{ParserLimits{}};
  const std::string endless = "GET /a HTTP/1.1\r\nHost: h\r\nX: ";
  std::string buffer = endless;
  RequestParser::Step step = parser.feed(buffer);
  while (step.event == RequestParser::Event::needMore && buffer.size() < 100000) {
    buffer += std::string(100, 'x');
    step = parser.feed(buffer);
  }
  EXPECT_EQ(step.event, RequestParser::Event::failed);
  EXPECT_EQ(parser.error().code, ErrorCode::headersTooLarge);
  EXPECT_LT(buffer.size(), ParserLimits{}.headerBytes + 1000);
}

}  // namespace
}  // namespace clusterkit::http
