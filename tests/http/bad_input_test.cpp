// Every row of the table "Against bad input" in http-api.md, by raw sockets against a real server. After each
// attack the server must answer others, must not have run what was smuggled, and must not have stored
// anything cut.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/raw_client.hpp"
#include "http/test_server.hpp"

namespace clusterkit::http::test {
namespace {

using namespace std::chrono_literals;

const std::string kSmuggled = "GET /keep HTTP/1.1\r\nHost: test\r\n\r\n";

class BadInput : public testing::Test {
 protected:
  // The request is answered with `status` and the connection ends; nothing reached an endpoint.
  void expectRefused(const std::string& request, int status) {
    SCOPED_TRACE(request.substr(0, 300));
    RawClient client(server_.port());
    client.send(request + kSmuggled);
    const auto response = client.receive();
    ASSERT_TRUE(response) << "no answer";
    EXPECT_EQ(response->status, status);
    EXPECT_EQ(response->header("Connection"), "close");
    EXPECT_EQ(response->header("X-ClusterKit-Index"), "42");
    EXPECT_EQ(response->header("X-ClusterKit-Epoch"), "7");
    EXPECT_NE(response->body.find(R"({"error":{"code":")"), std::string::npos) << response->body;
    EXPECT_NE(response->body.find(R"("outcome":"not_applied"})"), std::string::npos) << response->body;
    EXPECT_TRUE(client.endsWithin(1s)) << "the connection goes on after a refusal";
    EXPECT_TRUE(server_.answers());
    EXPECT_THAT(server_.handler().seen(), testing::Each("GET /hello"));
    EXPECT_TRUE(server_.handler().stored().empty());
  }
  static std::string put(const std::string& headers, const std::string& body = "") {
    return "PUT /store/a HTTP/1.1\r\nHost: test\r\n" + headers + "\r\n" + body;
  }

  TestServer server_;
};

// One case each, so that one that is let through does not hide the next.
struct Row {
  const char* name;
  const char* headers;
  const char* body;
};
class AmbiguousLength : public BadInput, public testing::WithParamInterface<Row> {};

TEST_P(AmbiguousLength, IsAnswered400AndTheConnectionEnds) {
  expectRefused(put(GetParam().headers, GetParam().body), 400);
}

INSTANTIATE_TEST_SUITE_P(
    Rows, AmbiguousLength,
    testing::Values(
        Row{"LengthAndChunked", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"},
        Row{"ChunkedAndLength", "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"},
        Row{"LengthAndGzip", "Content-Length: 0\r\nTransfer-Encoding: gzip\r\n", ""},
        Row{"TwoDifferentLengths", "Content-Length: 5\r\nContent-Length: 6\r\n", "hello"},
        Row{"TwoEqualLengths", "Content-Length: 5\r\nContent-Length: 5\r\n", "hello"},
        Row{"LengthList", "Content-Length: 5, 5\r\n", "hello"},
        Row{"NegativeLength", "Content-Length: -1\r\n", ""},
        Row{"PlusSign", "Content-Length: +5\r\n", "hello"},
        Row{"ThousandsSeparator", "Content-Length: 1,0\r\n", "hello"},
        Row{"HexLength", "Content-Length: 0x5\r\n", "hello"},
        Row{"HexDigits", "Content-Length: a\r\n", "hello"},
        Row{"LengthWithBlank", "Content-Length: 5 5\r\n", "hello"},
        Row{"EmptyLength", "Content-Length:\r\n", "hello"},
        Row{"OverflowingLength", "Content-Length: 18446744073709551621\r\n", "hello"},
        Row{"HugeLength", "Content-Length: 99999999999999999999999999\r\n", "hello"},
        Row{"WordAsLength", "Content-Length: five\r\n", "hello"},
        Row{"GzipThenChunked", "Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"},
        Row{"ChunkedThenGzip", "Transfer-Encoding: chunked, gzip\r\n", "0\r\n\r\n"},
        Row{"ChunkedTwice", "Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n"},
        Row{"TwoChunkedHeaders", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"},
        Row{"ChunkedAndIdentity", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
            "0\r\n\r\n"},
        Row{"Identity", "Transfer-Encoding: identity\r\n", ""},
        Row{"Xchunked", "Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"},
        Row{"QuotedChunked", "Transfer-Encoding: \"chunked\"\r\n", "0\r\n\r\n"},
        Row{"ChunkedWithParameter", "Transfer-Encoding: chunked;q=1\r\n", "0\r\n\r\n"},
        Row{"EmptyEncoding", "Transfer-Encoding:\r\n", ""},
        Row{"VerticalTabBeforeChunked",
            "Transfer-Encoding: \x0b"
            "chunked\r\n",
            "0\r\n\r\n"},
        Row{"BlankBeforeColonOfEncoding", "Transfer-Encoding : chunked\r\n", "0\r\n\r\n"},
        Row{"BlankBeforeColonOfLength", "Content-Length : 5\r\n", "hello"},
        Row{"TabBeforeColon", "Content-Length\t: 5\r\n", "hello"},
        Row{"FoldedEncoding", "Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n"},
        Row{"FoldedLength", "X: y\r\n\tContent-Length: 5\r\n", "hello"},
        Row{"EncodedWord", "Transfer-Encoding: =?utf-8?Q?chunked?=\r\n", "0\r\n\r\n"}),
    [](const auto& row) { return row.param.name; });

class MalformedHead : public BadInput,
                      public testing::WithParamInterface<std::pair<const char*, std::string>> {};

TEST_P(MalformedHead, IsAnswered400AndTheConnectionEnds) { expectRefused(GetParam().second, 400); }

INSTANTIATE_TEST_SUITE_P(
    Rows, MalformedHead,
    testing::Values(
        std::pair("LineWithoutColon", std::string("GET /hello HTTP/1.1\r\nHost: a\r\nnonsense\r\n\r\n")),
        std::pair("BareLineFeed", std::string("GET /hello HTTP/1.1\nHost: a\n\n")),
        std::pair("BareLineFeedInside", std::string("GET /hello HTTP/1.1\r\nHost: a\nX: y\r\n\r\n")),
        std::pair("BareCarriageReturn", std::string("GET /hello HTTP/1.1\r\nHost: a\rX: y\r\n\r\n")),
        std::pair("NulInHeader", std::string("GET /hello HTTP/1.1\r\nHost: a\r\nX: a") + '\0' + "b\r\n\r\n"),
        std::pair("NulInName", std::string("GET /hello HTTP/1.1\r\nHost: a\r\nX") + '\0' + ": b\r\n\r\n"),
        std::pair("EmptyName", std::string("GET /hello HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n")),
        std::pair("NoHost", std::string("GET /hello HTTP/1.1\r\nX: y\r\n\r\n")),
        std::pair("TwoHosts", std::string("GET /hello HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")),
        std::pair("HostWithBlank", std::string("GET /hello HTTP/1.1\r\nHost: a b\r\n\r\n")),
        std::pair("HostWithSlash", std::string("GET /hello HTTP/1.1\r\nHost: a/b\r\n\r\n")),
        std::pair("TwoBlanks", std::string("GET  /hello HTTP/1.1\r\nHost: a\r\n\r\n")),
        std::pair("BlankInTarget", std::string("GET /hel lo HTTP/1.1\r\nHost: a\r\n\r\n")),
        std::pair("ControlInTarget", std::string("GET /hel\x01lo HTTP/1.1\r\nHost: a\r\n\r\n")),
        std::pair("HighByteInTarget", std::string("GET /hel\xfflo HTTP/1.1\r\nHost: a\r\n\r\n")),
        std::pair("Fragment", std::string("GET /hello#x HTTP/1.1\r\nHost: a\r\n\r\n")),
        std::pair("NoSlash", std::string("GET hello HTTP/1.1\r\nHost: a\r\n\r\n")),
        std::pair("LeadingBlank", std::string(" GET /hello HTTP/1.1\r\nHost: a\r\n\r\n")),
        std::pair("FirstHeaderFolded", std::string("GET /hello HTTP/1.1\r\n Host: a\r\n\r\n")),
        std::pair("ChunkedInHttp10",
                  std::string("PUT /store/a HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")),
        std::pair("TlsHello", std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 15))),
    [](const auto& row) { return row.param.first; });

TEST_F(BadInput, UnknownHttpVersionIsAnswered505) {
  expectRefused("GET /hello HTTP/9.9\r\nHost: a\r\n\r\n", 505);
  expectRefused("GET /hello HTTP/2.0\r\nHost: a\r\n\r\n", 505);
}

TEST_F(BadInput, PutWithoutLengthIsAnswered411) { expectRefused(put(""), 411); }

TEST_F(BadInput, PostWithoutLengthIsAnswered411) {
  const std::string request = "POST /store/a HTTP/1.1\r\nHost: a\r\n\r\n";
  expectRefused(request, 411);
  EXPECT_THAT(exchange(server_.port(), request).body, testing::HasSubstr("curl -d ''"));
}

TEST_F(BadInput, UnknownMethodIsAnswered501) {
  expectRefused("BREW /hello HTTP/1.1\r\nHost: a\r\n\r\n", 501);
  expectRefused("get /hello HTTP/1.1\r\nHost: a\r\n\r\n", 501);
  expectRefused("TRACE /hello HTTP/1.1\r\nHost: a\r\n\r\n", 501);
}

TEST_F(BadInput, UnknownPathIsAnswered404AndTheConnectionGoesOn) {
  RawClient client(server_.port());
  client.send("GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\nGET /../hello HTTP/1.1\r\nHost: a\r\n\r\n");
  client.send("GET /%68ello HTTP/1.1\r\nHost: a\r\n\r\nGET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.receive()->status, 404);
  EXPECT_EQ(client.receive()->status, 404);
  EXPECT_EQ(client.receive()->status, 404);
  EXPECT_EQ(client.receive()->body, "hello");
}

TEST_F(BadInput, WrongMethodIsAnswered405WithAllow) {
  const RawResponse response = exchange(server_.port(), "DELETE /store/a HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(response.status, 405);
  EXPECT_EQ(response.header("Allow"), "PUT, POST");
  EXPECT_EQ(exchange(server_.port(), "DELETE /hello HTTP/1.1\r\nHost: a\r\n\r\n").header("Allow"),
            "GET, HEAD");
}

// A refusal before the body was read: the body must never run as the next request.
TEST_F(BadInput, BodyBehindA404NeverRunsAsARequest) {
  RawClient client(server_.port());
  client.send("PUT /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(kSmuggled.size()) +
              "\r\n\r\n" + kSmuggled);
  EXPECT_EQ(client.receive()->status, 404);
  EXPECT_TRUE(client.endsWithin(3s));
  EXPECT_TRUE(server_.handler().seen().empty());
}

TEST_F(BadInput, BodyBehindA405NeverRunsAsARequest) {
  RawClient client(server_.port());
  client.send("PUT /hello HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + kSmuggled);
  EXPECT_EQ(client.receive()->status, 405);
  EXPECT_TRUE(client.endsWithin(3s));
  EXPECT_TRUE(server_.handler().seen().empty());
}

TEST_F(BadInput, BodyOfAGetIsReadAndNotRun) {
  RawClient client(server_.port());
  // No endpoint of GET takes a body: over its limit of nothing.
  client.send("GET /hello HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(kSmuggled.size()) +
              "\r\n\r\n" + kSmuggled);
  EXPECT_EQ(client.receive()->status, 413);
  EXPECT_TRUE(client.endsWithin(3s));
  EXPECT_TRUE(server_.handler().seen().empty());
}

TEST_F(BadInput, TenMegabytesAreAnswered413WithoutBeingRead) {
  RawClient client(server_.port());
  client.send(put("Content-Length: 10485760\r\n"));
  const auto response = client.receive();  // before one byte of the body was sent
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 413);
  EXPECT_TRUE(server_.answers());
}

TEST_F(BadInput, ChunksOverTheLimitAreAnswered413) {
  RawClient client(server_.port());
  client.send(put("Transfer-Encoding: chunked\r\n"));
  const std::string chunk = "40000\r\n" + std::string(0x40000, 'x') + "\r\n";
  for (int i = 0; i < 5; ++i) client.send(chunk);
  EXPECT_EQ(client.receive()->status, 413);
  EXPECT_TRUE(server_.handler().stored().empty());
  EXPECT_TRUE(server_.answers());
}

class MalformedChunks : public BadInput,
                        public testing::WithParamInterface<std::pair<const char*, std::string>> {};

TEST_P(MalformedChunks, AreAnswered400AndNothingIsStored) {
  expectRefused(put("Transfer-Encoding: chunked\r\n", GetParam().second), 400);
}

INSTANTIATE_TEST_SUITE_P(
    Rows, MalformedChunks,
    testing::Values(std::pair("NoHexSize", std::string("xyz\r\nhello\r\n0\r\n\r\n")),
                    std::pair("NegativeSize", std::string("-5\r\nhello\r\n0\r\n\r\n")),
                    std::pair("PlusSize", std::string("+5\r\nhello\r\n0\r\n\r\n")),
                    std::pair("HexPrefix", std::string("0x5\r\nhello\r\n0\r\n\r\n")),
                    std::pair("EmptySize", std::string("\r\nhello\r\n0\r\n\r\n")),
                    std::pair("LongerThanSaid", std::string("5\r\nhello world\r\n0\r\n\r\n")),
                    std::pair("ShorterThanSaid", std::string("9\r\nhello\r\n0\r\n\r\n")),
                    std::pair("BareLineFeed", std::string("5\nhello\n0\n\n")),
                    std::pair("OverflowingSize", std::string("FFFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n")),
                    std::pair("BlankBeforeSize", std::string(" 5\r\nhello\r\n0\r\n\r\n")),
                    std::pair("EndlessExtension", "5;a=" + std::string(4000, 'b')),
                    std::pair("EndlessTrailer", "0\r\nX: " + std::string(20000, 'b')),
                    std::pair("LengthAsTrailer", std::string("0\r\nContent-Length: 5\r\n\r\n"))),
    [](const auto& row) { return row.param.first; });

TEST_F(BadInput, FewerBytesThanAnnouncedAreAnswered400AndNotStored) {
  RawClient client(server_.port());
  client.send(put("Content-Length: 100\r\n", "ten bytes!"));
  client.endSending();
  EXPECT_EQ(client.receive()->status, 400);
  EXPECT_TRUE(client.endsWithin(1s));
  EXPECT_TRUE(server_.handler().stored().empty());
}

TEST_F(BadInput, ChunksCutInTheMiddleAreAnswered400AndNotStored) {
  RawClient client(server_.port());
  client.send(put("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n5\r\nhe"));
  client.endSending();
  EXPECT_EQ(client.receive()->status, 400);
  EXPECT_TRUE(server_.handler().stored().empty());
}

TEST_F(BadInput, ChunksWithoutTheLastOneAreAnswered400AndNotStored) {
  RawClient client(server_.port());
  client.send(put("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n"));
  client.endSending();
  EXPECT_EQ(client.receive()->status, 400);
  EXPECT_TRUE(server_.handler().stored().empty());
}

TEST_F(BadInput, HeadCutInTheMiddleIsAnswered400) {
  RawClient client(server_.port());
  client.send("GET /hello HTTP/1.1\r\nHo");
  client.endSending();
  EXPECT_EQ(client.receive()->status, 400);
}

TEST_F(BadInput, ExceptionsOfAnyTypeAreAnswered500AndTheConnectionGoesOn) {
  RawClient client(server_.port());
  for (const std::string path : {"/throw", "/throw-number", "/split-header"}) {
    client.send("GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n");
    const auto response = client.receive();
    ASSERT_TRUE(response) << path;
    EXPECT_EQ(response->status, 500) << path;
    EXPECT_NE(response->body.find(R"({"error":{"code":"internal","message":")"), std::string::npos)
        << response->body;
    EXPECT_EQ(response->header("Set-Cookie"), "");
  }
  client.send("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.receive()->body, "hello");
}

TEST_F(BadInput, ADroppedResponderIsAnswered500OutcomeUnknown) {
  const RawResponse response = exchange(server_.port(), "GET /drop HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(response.status, 500);
  EXPECT_NE(response.body.find(R"("outcome":"unknown")"), std::string::npos);
}

TEST_F(BadInput, HeadersOver8KiBAreAnswered431) {
  expectRefused("GET /hello HTTP/1.1\r\nHost: a\r\nX: " + std::string(9000, 'x') + "\r\n\r\n", 431);
}

TEST_F(BadInput, MoreThan100HeadersAreAnswered431) {
  std::string request = "GET /hello HTTP/1.1\r\nHost: a\r\n";
  for (int i = 0; i < 100; ++i) request += "X: y\r\n";
  expectRefused(request + "\r\n", 431);
}

TEST_F(BadInput, EndlessHeadersAreAnswered431BeforeTheyEnd) {
  RawClient client(server_.port());
  client.send("GET /hello HTTP/1.1\r\nHost: a\r\nX: " + std::string(20000, 'x'));
  EXPECT_EQ(client.receive()->status, 431);
}

TEST_F(BadInput, ATargetOver16KiBIsAnswered414) {
  expectRefused("GET /" + std::string(17000, 'x') + " HTTP/1.1\r\nHost: a\r\n\r\n", 414);
}

TEST_F(BadInput, AnEndlessRequestLineIsAnswered414BeforeItEnds) {
  RawClient client(server_.port());
  client.send("GET /" + std::string(20000, 'x'));
  EXPECT_EQ(client.receive()->status, 414);
}

TEST_F(BadInput, BadPercentEncodingAndBadUtf8AreAnswered400) {
  for (const std::string key : {"%", "%4", "%zz", "%ff", "%c3", "%ed%a0%80", "%c0%80"}) {
    const RawResponse response =
        exchange(server_.port(), "PUT /store/" + key + " HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx");
    EXPECT_EQ(response.status, 400) << key;
  }
  EXPECT_TRUE(server_.handler().stored().empty());
}

TEST_F(BadInput, AnUnknownExpectationIsAnswered417) {
  expectRefused(put("Content-Length: 5\r\nExpect: 200-ok\r\n", "hello"), 417);
}

}  // namespace
}  // namespace clusterkit::http::test
