#include "fuzz/http_answers.hpp"

#include <algorithm>
#include <string>

#include "fuzz/require.hpp"
#include "http/json_body.hpp"
#include "http/query.hpp"

namespace clusterkit::fuzz {
namespace {

using http::Method;

constexpr std::string_view kErrorBody = R"({"error":{"code":")";

std::string_view takeLine(std::string_view& text) {
  const std::size_t end = text.find("\r\n");
  require(end != std::string_view::npos, "a line of an answer ends", text);
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 2);
  const auto isControl = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  require(std::none_of(line.begin(), line.end(), isControl), "a line of an answer has no control characters",
          line);
  return line;
}

int takeStatus(std::string_view& text) {
  const std::string_view line = takeLine(text);
  require(line.starts_with("HTTP/1.1 ") && line.size() > 13, "an answer begins with its status", line);
  const int status = static_cast<int>(http::parseDecimal(line.substr(9, 3)).value_or(0));
  require(status == 100 || !http::reasonPhrase(status).empty(), "a status is one of ours", line);
  return status;
}

struct Head {
  int status = 0;
  http::Headers headers;
};

Head takeHead(std::string_view& text) {
  Head head{takeStatus(text), {}};
  for (std::string_view line = takeLine(text); !line.empty(); line = takeLine(text)) {
    const std::size_t colon = line.find(": ");
    require(colon != std::string_view::npos, "a header has a name and a value", line);
    head.headers.add(line.substr(0, colon), line.substr(colon + 2));
  }
  return head;
}

void checkError(std::string_view body) {
  require(body.starts_with(kErrorBody), "a refusal says why", body);
  const http::JsonBody json(body);  // exactly one object
  const auto error = json.object("error");
  for (const char* field : {"code", "message", "outcome"}) error->requiredText(field);
}

void checkBody(const Head& head, std::string_view body) {
  if (head.status >= 400) return checkError(body);
  const std::string* type = head.headers.find("Content-Type");
  if (type != nullptr && *type == http::kJson && !body.empty())
    require(body.front() == '{' || body.front() == '[', "JSON is JSON", body);
}

}  // namespace

std::vector<std::string> readAnswers(std::string_view answered, const std::vector<Method>& methods) {
  std::vector<std::string> answers;
  for (std::size_t number = 0; !answered.empty();) {
    const std::string_view begin = answered;
    const Head head = takeHead(answered);
    if (head.status == 100) continue;  // the answer itself follows
    require(head.status != 500, "nothing that a client sends is an error of ours", begin);
    const Method method = number < methods.size() ? methods[number] : Method::other;
    ++number;
    const std::string* length = head.headers.find("Content-Length");
    // A HEAD that the parser refuses was never admitted; its answer is the last.
    const bool refusedHead = number > methods.size() && answered.empty();
    const bool bodiless = length == nullptr || method == Method::head || refusedHead;
    if (!bodiless) {
      const std::uint64_t size = http::parseDecimal(*length).value_or(answered.size() + 1);
      require(size <= answered.size(), "an answer is as long as it says", begin);
      checkBody(head, answered.substr(0, size));
      answered.remove_prefix(size);
    }
    if (length == nullptr && head.status == 200) answered = {};  // a stream, to the end of the connection
    const bool ends = head.status >= 400 && head.headers.find("Connection") != nullptr && answered.empty();
    answers.emplace_back(ends ? "refused" : begin.substr(0, begin.size() - answered.size()));
  }
  return answers;
}

}  // namespace clusterkit::fuzz
