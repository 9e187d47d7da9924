#include "http/json_body.hpp"

#include <Poco/Exception.h>
#include <Poco/JSON/Array.h>
#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>

#include "host/utf8.hpp"

namespace clusterkit::http {
namespace {

[[noreturn]] void invalid(std::string message) {
  throw RequestError(ErrorCode::invalid, std::move(message), Applied::no);
}

// Poco's parser builds a tree and destroys it by recursion: what is too deep must not get that far. It also
// ignores what follows the first value.
void checkShape(std::string_view text) {
  if (!isUtf8(text)) invalid("the body is not valid UTF-8");
  std::size_t depth = 0;
  bool inString = false, ended = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (inString) {
      if (c == '\\') ++i;
      if (c == '"') inString = false;
      continue;
    }
    const bool blank = c == ' ' || c == '\t' || c == '\r' || c == '\n';
    if (ended && !blank) invalid("the body goes on after its JSON object");
    if (c == '"') inString = true;
    if ((c == '{' || c == '[') && ++depth > kMaxJsonDepth) {
      invalid("the JSON is nested deeper than " + std::to_string(kMaxJsonDepth));
    }
    if ((c == '}' || c == ']') && (depth == 0 || --depth == 0)) ended = true;
  }
  if (!ended || text.find('{') != text.find_first_not_of(" \t\r\n"))
    invalid("the body must be one JSON object");
}

Poco::JSON::Object::Ptr parseObject(std::string_view text) {
  checkShape(text);
  try {
    Poco::JSON::Parser parser;
    return parser.parse(std::string(text)).extract<Poco::JSON::Object::Ptr>();
  } catch (const Poco::Exception&) {
    invalid("the body is not valid JSON");
  }
}

std::string_view bodyOf(const Request& request) {
  const std::string* type = request.headers.find("Content-Type");
  if (type != nullptr && !request.body.empty()) {
    const std::string_view media = std::string_view(*type).substr(0, type->find(';'));
    const std::string_view trimmed = media.substr(0, media.find_last_not_of(" \t") + 1);
    if (!equalsIgnoreCase(trimmed, kJson)) {
      throw RequestError(ErrorCode::unsupportedMediaType, "the body must be application/json", Applied::no);
    }
  }
  return request.body;
}

}  // namespace

struct JsonBody::Value {
  Poco::JSON::Object::Ptr object;
  Poco::Dynamic::Var get(std::string_view name) const { return object->get(std::string(name)); }
};

JsonBody::JsonBody(const Request& request) : JsonBody(bodyOf(request)) {}

JsonBody::JsonBody(std::string_view text)
    : value_(std::make_shared<Value>(
          Value{text.empty() ? Poco::JSON::Object::Ptr(new Poco::JSON::Object) : parseObject(text)})) {}

void JsonBody::refuse(std::string_view name, const std::string& problem) const {
  invalid("field " + path_ + std::string(name) + " " + problem);
}

bool JsonBody::has(std::string_view name) const { return !value_->get(name).isEmpty(); }

std::optional<std::string> JsonBody::text(std::string_view name) const {
  const Poco::Dynamic::Var found = value_->get(name);
  if (found.isEmpty()) return std::nullopt;
  if (!found.isString()) refuse(name, "must be a string");
  return found.extract<std::string>();
}

std::optional<std::uint64_t> JsonBody::number(std::string_view name) const {
  const Poco::Dynamic::Var found = value_->get(name);
  if (found.isEmpty()) return std::nullopt;
  if (!found.isInteger() || found.isBoolean()) refuse(name, "must be a whole number");
  try {
    return found.convert<Poco::UInt64>();
  } catch (const Poco::Exception&) {
    refuse(name, "is out of range");
  }
}

std::string JsonBody::requiredText(std::string_view name) const {
  auto found = text(name);
  if (!found || found->empty()) refuse(name, "is missing");
  return *std::move(found);
}

bool JsonBody::isObject(std::string_view name) const {
  const Poco::Dynamic::Var found = value_->get(name);
  return found.type() == typeid(Poco::JSON::Object::Ptr);
}

std::optional<JsonBody> JsonBody::object(std::string_view name) const {
  if (!has(name)) return std::nullopt;
  if (!isObject(name)) refuse(name, "must be an object");
  auto inner = value_->get(name).extract<Poco::JSON::Object::Ptr>();
  return JsonBody(std::make_shared<Value>(Value{std::move(inner)}), path_ + std::string(name) + ".");
}

std::vector<JsonBody> JsonBody::objects(std::string_view name) const {
  std::vector<JsonBody> all;
  if (!has(name)) return all;
  const Poco::Dynamic::Var found = value_->get(name);
  if (found.type() != typeid(Poco::JSON::Array::Ptr)) refuse(name, "must be an array");
  const auto& array = found.extract<Poco::JSON::Array::Ptr>();
  for (unsigned i = 0; i < array->size(); ++i) {
    auto inner = array->getObject(i);
    if (inner.isNull()) refuse(name, "must be an array of objects");
    all.push_back(
        JsonBody(std::make_shared<Value>(Value{std::move(inner)}), path_ + std::string(name) + "[]."));
  }
  return all;
}

std::vector<std::string> JsonBody::texts(std::string_view name) const {
  std::vector<std::string> all;
  if (!has(name)) return all;
  const Poco::Dynamic::Var found = value_->get(name);
  if (found.type() != typeid(Poco::JSON::Array::Ptr)) refuse(name, "must be an array");
  for (const Poco::Dynamic::Var& element : *found.extract<Poco::JSON::Array::Ptr>()) {
    if (!element.isString()) refuse(name, "must be an array of strings");
    all.push_back(element.extract<std::string>());
  }
  return all;
}

std::map<std::string, std::string> JsonBody::textMap() const {
  std::map<std::string, std::string> all;
  for (const auto& [name, value] : *value_->object) {
    if (!value.isString()) refuse(name, "must be a string");
    all.emplace(name, value.extract<std::string>());
  }
  return all;
}

}  // namespace clusterkit::http
