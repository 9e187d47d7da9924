#include "host/option_value.hpp"

#include <algorithm>
#include <optional>
#include <stdexcept>

#include "host/text.hpp"
#include "host/units.hpp"

namespace clusterkit {
namespace {

[[noreturn]] void refuse(const std::string& what, const ck_option& row) {
  throw std::invalid_argument(what + "; allowed: " + allowedText(row));
}

bool hasRange(const ck_option& row) { return row.min != 0 || row.max != 0; }

std::string numberText(const ck_option& row, std::int64_t number) {
  if (row.type == CK_TYPE_DURATION) return formatDuration(Duration(number));
  if (row.type == CK_TYPE_SIZE) return formatSize(number);
  return std::to_string(number);
}

std::string rangeText(const ck_option& row) {
  if (!hasRange(row)) return "";
  if (row.max == INT64_MAX) return numberText(row, row.min) + " or more";
  return numberText(row, row.min) + " to " + numberText(row, row.max);
}

std::string inRange(const ck_option& row) { return hasRange(row) ? ", " + rangeText(row) : ""; }

std::optional<std::int64_t> parseNumber(const ck_option& row, const std::string& text) {
  switch (row.type) {
    case CK_TYPE_INT: return parseInteger(text);
    case CK_TYPE_SIZE: return parseSize(text);
    case CK_TYPE_BOOL:
      if (const auto flag = parseBoolean(text)) return *flag ? 1 : 0;
      return std::nullopt;
    default:
      if (const auto duration = parseDuration(text)) return duration->count();
      return std::nullopt;
  }
}

void readNumber(const ck_option& row, OptionValue& value) {
  const auto number = parseNumber(row, value.text);
  if (!number) {
    const char* name = row.type == CK_TYPE_INT    ? "is no number"
                       : row.type == CK_TYPE_SIZE ? "is no size"
                       : row.type == CK_TYPE_BOOL ? "is neither true nor false"
                                                  : "is no duration";
    refuse(name, row);
  }
  if (hasRange(row) && (*number < row.min || *number > row.max)) refuse("is out of range", row);
  value.number = *number;
}

void readChoice(const ck_option& row, const OptionValue& value) {
  const auto choices = choicesOf(row);
  if (std::find(choices.begin(), choices.end(), value.text) != choices.end()) return;
  const auto nearest = nearestName(value.text, choices);
  refuse(nearest.empty() ? "is unknown" : "is unknown, did you mean " + inQuotes(nearest) + "?", row);
}

// The item in quotes at the start of `rest`, which then starts after it.
std::string takeQuoted(std::string_view& rest) {
  std::string item;
  rest.remove_prefix(1);
  while (!rest.empty() && rest.front() != '"') {
    if (rest.front() == '\\' && rest.size() > 1 && (rest[1] == '"' || rest[1] == '\\')) rest.remove_prefix(1);
    item += rest.front();
    rest.remove_prefix(1);
  }
  if (rest.empty()) throw std::invalid_argument("has a list item without its closing quote");
  rest.remove_prefix(1);
  return item;
}

}  // namespace

std::vector<std::string> choicesOf(const ck_option& row) {
  return splitTrimmed(row.choices != nullptr ? row.choices : "", '|');
}

std::vector<std::string> parseList(const std::string& text) {
  std::vector<std::string> items;
  std::string_view rest = trimmed(text);
  if (rest.empty()) return items;
  for (;;) {
    rest = trimmed(rest);
    if (!rest.empty() && rest.front() == '"') {
      items.push_back(takeQuoted(rest));
      rest = trimmed(rest);
      if (!rest.empty() && rest.front() != ',')
        throw std::invalid_argument("has text between a closing quote and the next comma");
    } else {
      const auto item = trimmed(rest.substr(0, rest.find(',')));
      if (item.empty()) throw std::invalid_argument("has an empty list item; write \"\" if it is meant");
      items.emplace_back(item);
      rest.remove_prefix(std::min(rest.find(','), rest.size()));
    }
    if (rest.empty()) return items;
    rest.remove_prefix(1);
  }
}

std::string allowedText(const ck_option& row) {
  switch (row.type) {
    case CK_TYPE_INT: return "a whole number" + inRange(row);
    case CK_TYPE_BOOL: return "true or false";
    case CK_TYPE_DURATION: return "a duration with unit (ns, us, ms, s, m, h)" + inRange(row);
    case CK_TYPE_SIZE: return "a size with unit (B, KiB, MiB, GiB, kB, MB, GB)" + inRange(row);
    case CK_TYPE_ENUM: return "one of " + joined(choicesOf(row));
    case CK_TYPE_PATH: return "a path, relative to the folder of the config file";
    case CK_TYPE_SECRET: return std::string("a secret, also from a file by ") + row.name + "_file";
    case CK_TYPE_LIST: return "a comma-separated list";
    default: return "text";
  }
}

std::string allowedHint(const ck_option& row) {
  switch (row.type) {
    case CK_TYPE_ENUM: return joined(choicesOf(row));
    case CK_TYPE_LIST: return "comma-separated";
    case CK_TYPE_SECRET: return std::string("secret; or ") + row.name + "_file";
    default: return rangeText(row);
  }
}

OptionValue parseOption(const ck_option& row, const std::string& text,
                        const std::filesystem::path& baseFolder) {
  OptionValue value;
  value.text = text;
  switch (row.type) {
    case CK_TYPE_INT:
    case CK_TYPE_BOOL:
    case CK_TYPE_DURATION:
    case CK_TYPE_SIZE: readNumber(row, value); break;
    case CK_TYPE_ENUM: readChoice(row, value); break;
    case CK_TYPE_LIST: value.items = parseList(text); break;
    case CK_TYPE_PATH:
      if (text.empty()) refuse("is empty", row);
      value.text = (baseFolder / text).lexically_normal().string();
      break;
    case CK_TYPE_SECRET:
      if (text.empty()) refuse("is empty", row);
      break;
    default: break;
  }
  return value;
}

}  // namespace clusterkit
