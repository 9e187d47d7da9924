// Poco's reader of INI files takes lines that are no INI, ignores case and lets the last duplicate win, all
// without line numbers; so the format is read here.
#include "daemon/config_file.hpp"
#include "daemon/section_builder.hpp"
#include "host/text.hpp"

namespace clusterkit {
namespace {

void readSection(std::string_view line, std::size_t number, SectionBuilder& out) {
  const std::size_t end = line.find(']');
  if (end == std::string_view::npos) out.fail(number, inQuotes(line) + " has no closing ]");
  if (end + 1 != line.size()) out.fail(number, inQuotes(line) + " has text behind the ]");
  const std::string_view name = line.substr(1, end - 1);
  const std::size_t dot = name.find('.');
  const std::string kind(name.substr(0, dot));
  const std::string instance(dot == std::string_view::npos ? "" : name.substr(dot + 1));
  if (dot != std::string_view::npos && instance.empty())
    out.fail(number, inQuotes(line) + " has no name behind the dot");
  out.open(kind, instance, number);
}

void readLine(std::string_view raw, std::size_t number, SectionBuilder& out) {
  const std::string_view line = trimmed(raw);
  if (line.empty() || line.front() == ';' || line.front() == '#') return;
  if (line.front() == '[') return readSection(line, number, out);
  const std::size_t equals = line.find('=');
  if (equals == std::string_view::npos)
    out.fail(number, inQuotes(line) + " is no INI; allowed: [section], key = value, a comment after ; or #");
  out.add(std::string(trimmed(line.substr(0, equals))), std::string(trimmed(line.substr(equals + 1))),
          number);
}

}  // namespace

std::vector<ConfigSection> parseIni(std::string_view text, const std::string& file) {
  SectionBuilder out(file);
  std::size_t number = 0;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    readLine(text.substr(0, end), ++number, out);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return out.finish();
}

}  // namespace clusterkit
