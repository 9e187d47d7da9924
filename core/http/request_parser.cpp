#include "http/request_parser.hpp"

// Beast asserts that a call brings at least five bytes of a closing chunk, which a slow sender does not do;
// without the assertion its code handles the short input rightly. This is the only file that includes Beast.
#define BOOST_DISABLE_ASSERTS
#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <limits>

#include "http/head_checks.hpp"

namespace clusterkit::http {
namespace {

namespace beast = boost::beast;
using beast::error_code;

// The longest line before a chunk's bytes, extensions included, and the longest trailer.
constexpr std::size_t kChunkLineBytes = 1024;
constexpr std::size_t kTrailerBytes = 8 * 1024;
// A head alone, however long the body it announces, makes us set aside no more than this.
constexpr std::size_t kFirstReserve = 64 * 1024;
constexpr std::string_view kEndOfHead = "\r\n\r\n";

bool hasBareLineFeed(std::string_view text, std::size_t from) {
  for (std::size_t i = text.find('\n', from); i != std::string_view::npos; i = text.find('\n', i + 1)) {
    if (i == 0 || text[i - 1] != '\r') return true;
  }
  return false;
}

// A request line whose only fault can be its version.
bool hasThreeParts(std::string_view line) {
  return std::count(line.begin(), line.end(), ' ') == 2 &&
         line.substr(line.rfind(' ') + 1).starts_with("HTTP/");
}

Method methodOf(beast::string_view name) {
  const std::string_view text(name.data(), name.size());
  for (Method m :
       {Method::get, Method::head, Method::put, Method::post, Method::del, Method::patch, Method::options}) {
    if (text == nameOf(m)) return m;
  }
  return Method::other;
}

// Collects what Beast's grammar recognises; holds no bytes of its own beside the request.
class Collector final : public beast::http::basic_parser<true> {
 public:
  Collector(Request& request, std::string& target) : request_(request), target_(target) {
    eager(true);
    header_limit(std::numeric_limits<std::uint32_t>::max());  // RequestParser enforces ours before
    body_limit(
        std::numeric_limits<std::uint64_t>::max());  // without a limit 1.74 takes any length for too long
  }

  void limit(std::size_t bytes) { limit_ = bytes; }
  bool overLimit() const { return overLimit_; }

 private:
  void on_request_impl(beast::http::verb, beast::string_view method, beast::string_view target, int version,
                       error_code&) override {
    request_.method = methodOf(method);
    request_.http11 = version == 11;
    target_.assign(target.data(), target.size());
  }
  void on_response_impl(int, beast::string_view, int, error_code&) override {}
  void on_field_impl(beast::http::field, beast::string_view name, beast::string_view value,
                     error_code& ec) override {
    if (!headDone_) return request_.headers.add({name.data(), name.size()}, {value.data(), value.size()});
    // A trailer, which nobody reads.
    trailerBytes_ += name.size() + value.size() + 4;
    if (trailerBytes_ > kTrailerBytes) ec = beast::http::error::header_limit;
  }
  void on_header_impl(error_code&) override {
    headDone_ = true;
  }  // later fields are a trailer, which nobody reads
  void on_body_init_impl(const boost::optional<std::uint64_t>& length, error_code&) override {
    if (length)
      request_.body.reserve(static_cast<std::size_t>(std::min<std::uint64_t>(*length, kFirstReserve)));
  }
  std::size_t append(beast::string_view bytes, error_code& ec) {
    if (bytes.size() > limit_ - std::min(limit_, request_.body.size())) {
      overLimit_ = true;
      ec = beast::http::error::body_limit;
      return 0;
    }
    request_.body.append(bytes.data(), bytes.size());
    return bytes.size();
  }
  std::size_t on_body_impl(beast::string_view bytes, error_code& ec) override { return append(bytes, ec); }
  void on_chunk_header_impl(std::uint64_t size, beast::string_view extensions, error_code& ec) override {
    if (extensions.size() > kChunkLineBytes) ec = beast::http::error::bad_chunk_extension;
    if (size > limit_ - std::min(limit_, request_.body.size())) {
      overLimit_ = true;
      ec = beast::http::error::body_limit;
    }
  }
  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view bytes, error_code& ec) override {
    return append(bytes, ec);
  }
  void on_finish_impl(error_code&) override {}

  Request& request_;
  std::string& target_;
  std::size_t limit_ = 0;
  bool headDone_ = false;
  bool overLimit_ = false;
  std::size_t trailerBytes_ = 0;
};

}  // namespace

class RequestParser::Beast {
 public:
  explicit Beast(const ParserLimits& limits) : limits_(limits) { reset(); }

  Step feed(std::string_view input) {
    if (error_) return {Event::failed, 0};
    return headDone_ ? feedBody(input) : feedHead(input);
  }

  void reset() {
    request_ = Request{};
    target_.clear();
    framing_ = {};
    error_.reset();
    headDone_ = started_ = false;
    searched_ = 0;
    bodyLimit_ = limits_.bodyBytes;
    collector_.emplace(request_, target_);
  }

  bool limitBody(std::size_t bytes) {
    bodyLimit_ = std::min(bodyLimit_, bytes);
    return framing_.length <= bodyLimit_;
  }

  std::size_t announcedBody() const {
    return framing_.chunked ? bodyLimit_ : static_cast<std::size_t>(framing_.length);
  }

  Request request_;
  std::optional<Error> error_;
  BodyFraming framing_;
  bool started_ = false;

 private:
  Step fail(Error error) {
    error_ = std::move(error);
    return {Event::failed, 0};
  }
  Step fail(ErrorCode code, std::string message) {
    return fail(Error{code, std::move(message), Applied::no});
  }

  Step feedHead(std::string_view input) {
    // One empty line before a request is forgiven (RFC 9112 section 2.2), more are not.
    std::size_t skipped = 0;
    if (!started_ && input.size() >= 2 && input.substr(0, 2) == "\r\n") skipped = 2;
    if (!started_ && input == "\r") return {Event::needMore, 0};
    const std::string_view rest = input.substr(skipped);
    if (rest.empty()) return {Event::needMore, skipped};
    started_ = true;
    const std::size_t from = searched_ > kEndOfHead.size() ? searched_ - kEndOfHead.size() : 0;
    const std::size_t end = rest.find(kEndOfHead, from);
    searched_ = rest.size();
    const std::size_t size = end == std::string_view::npos ? rest.size() : end + kEndOfHead.size();
    if (auto error = overHeadLimits(rest.substr(0, size))) return fail(*error);
    if (end == std::string_view::npos) {
      // A bare LF would never meet the end we look for: say so at once instead of waiting for the deadline.
      if (hasBareLineFeed(rest, from))
        return fail(ErrorCode::invalid, "a line of the head does not end with CR LF");
      return {Event::needMore, skipped};
    }
    if (auto error = checkHeadBytes(rest.substr(0, size))) return fail(*error);
    Step step = parseHead(rest.substr(0, size));
    step.consumed += skipped;
    return step;
  }

  std::optional<Error> overHeadLimits(std::string_view head) const {
    const std::size_t lineEnd = std::min(head.find("\r\n"), head.size());
    if (lineEnd > limits_.targetBytes + 64) {
      return Error{ErrorCode::targetTooLong, "the request line is too long", Applied::no};
    }
    if (head.size() - lineEnd > limits_.headerBytes + kEndOfHead.size()) {
      return Error{ErrorCode::headersTooLarge, "the headers are too large", Applied::no};
    }
    return std::nullopt;
  }

  Step parseHead(std::string_view block) {
    error_code ec;
    collector_->put(boost::asio::const_buffer(block.data(), block.size()), ec);
    if (ec == beast::http::error::bad_version && hasThreeParts(block.substr(0, block.find("\r\n")))) {
      return fail(ErrorCode::versionNotSupported, "only HTTP/1.1 and HTTP/1.0 are spoken here");
    }
    if (auto error = checkFraming(request_.headers, request_.http11, framing_)) return fail(*error);
    const bool beastWaits = !ec || ec == beast::http::error::need_more;
    if (!beastWaits || !collector_->is_header_done())
      return fail(ErrorCode::invalid, "malformed HTTP: " + ec.message());
    if (auto error = checkHead()) return fail(*error);
    request_.keepAlive = collector_->keep_alive();
    headDone_ = true;
    return {Event::head, block.size()};
  }

  std::optional<Error> checkHead() {
    if (target_.size() > limits_.targetBytes) {
      return Error{ErrorCode::targetTooLong, "the request target is too long", Applied::no};
    }
    if (request_.headers.size() > limits_.headerCount) {
      return Error{ErrorCode::headersTooLarge, "too many headers", Applied::no};
    }
    if (request_.method == Method::other) {
      return Error{ErrorCode::notImplemented, "unknown method", Applied::no};
    }
    if (auto error = checkHost(request_.headers, request_.http11)) return error;
    const std::string* expect = request_.headers.find("Expect");
    if (expect != nullptr && !equalsIgnoreCase(*expect, "100-continue")) {
      return Error{ErrorCode::expectationFailed, "only 100-continue can be expected", Applied::no};
    }
    request_.expectContinue = expect != nullptr && request_.http11;
    const bool wantsBody = request_.method == Method::put || request_.method == Method::post;
    if (wantsBody && !framing_.announced) {
      return Error{ErrorCode::lengthRequired,
                   "send Content-Length, or chunks; without a body Content-Length: 0, as curl -d '' does",
                   Applied::no};
    }
    // Both readings of the same head must agree on where the request ends.
    const auto length = collector_->content_length();
    if (collector_->chunked() != framing_.chunked || length.value_or(0) != framing_.length) {
      return Error{ErrorCode::invalid, "the length of the body is ambiguous", Applied::no};
    }
    return splitTarget(target_, request_.path, request_.query);
  }

  Step feedBody(std::string_view input) {
    if (collector_->is_done()) return {Event::complete, 0};
    if (framing_.length > bodyLimit_) return fail(ErrorCode::tooLarge, "the body is too large");
    if (input.empty()) return {Event::needMore, 0};
    collector_->limit(bodyLimit_);
    error_code ec;
    const std::size_t consumed = collector_->put(boost::asio::const_buffer(input.data(), input.size()), ec);
    if (collector_->overLimit()) return fail(ErrorCode::tooLarge, "the body is too large");
    if (ec && ec != beast::http::error::need_more)
      return fail(ErrorCode::invalid, "malformed body: " + ec.message());
    if (collector_->is_done()) return {Event::complete, consumed};
    const std::string_view left = input.substr(consumed);
    const std::size_t allowed =
        left.find("\r\n", 2) == std::string_view::npos ? kChunkLineBytes : kTrailerBytes;
    if (left.size() > allowed) return fail(ErrorCode::invalid, "a chunk's header or trailer is too long");
    return {Event::needMore, consumed};
  }

  const ParserLimits limits_;
  std::string target_;
  std::optional<Collector> collector_;
  bool headDone_ = false;
  std::size_t searched_ = 0;
  std::size_t bodyLimit_ = 0;
};

RequestParser::RequestParser(const ParserLimits& limits) : beast_(std::make_unique<Beast>(limits)) {}
RequestParser::~RequestParser() = default;

RequestParser::Step RequestParser::feed(std::string_view input) { return beast_->feed(input); }
const Request& RequestParser::request() const { return beast_->request_; }
const Error& RequestParser::error() const { return *beast_->error_; }
bool RequestParser::hasBody() const { return beast_->framing_.chunked || beast_->framing_.length > 0; }
std::size_t RequestParser::announcedBody() const { return beast_->announcedBody(); }
bool RequestParser::limitBody(std::size_t bytes) { return beast_->limitBody(bytes); }
bool RequestParser::started() const { return beast_->started_; }
Request RequestParser::take() { return std::move(beast_->request_); }
void RequestParser::reset() { beast_->reset(); }

}  // namespace clusterkit::http
