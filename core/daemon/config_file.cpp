#include "daemon/config_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "host/text.hpp"
#include "host/utf8.hpp"

namespace clusterkit {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLargestFile = 1024 * 1024;

[[noreturn]] void fail(const std::string& file, const std::string& what) {
  throw ConfigError(file + ": " + what);
}

std::string errnoText() { return std::generic_category().message(errno); }

// At most one byte more than is allowed, so that a file that grows without end is no trouble.
std::string readOpen(int fd, const std::string& file) {
  std::string text(kLargestFile + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t n = ::read(fd, text.data() + size, text.size() - size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail(file, "cannot be read: " + errnoText());
    if (n == 0) break;
    size += static_cast<std::size_t>(n);
  }
  if (size > kLargestFile) fail(file, "is too large; allowed: at most 1MiB");
  text.resize(size);
  return text;
}

std::string readText(const fs::path& path, const std::string& file) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) fail(file, "cannot be opened: " + errnoText());
  struct Closer {
    int fd;
    ~Closer() { ::close(fd); }
  } const closer{fd};
  struct stat st {};
  if (::fstat(fd, &st) != 0) fail(file, "cannot be examined: " + errnoText());
  if (S_ISDIR(st.st_mode)) fail(file, "is a folder, not a configuration file");
  if (!S_ISREG(st.st_mode)) fail(file, "is no regular file");
  return readOpen(fd, file);
}

bool isControl(char c) {
  const auto u = static_cast<unsigned char>(c);
  return (u < 0x20 && c != '\t' && c != '\r' && c != '\n') || u == 0x7F;
}

// Refuses bytes that no text editor would show, and names the line they are in.
void checkText(std::string_view text, const std::string& file) {
  if (trimmed(text).empty()) fail(file, "is empty; [node] and [http] are needed");
  std::size_t number = 0;
  for (std::size_t at = 0; at < text.size(); ++number) {
    const std::string_view line = text.substr(at, text.find('\n', at) - at);
    const std::string where = file + ":" + std::to_string(number + 1);
    if (line.find('\0') != std::string_view::npos) fail(where, "holds a zero byte; allowed: text in UTF-8");
    if (!isUtf8(line)) fail(where, "is not UTF-8: " + inQuotes(line));
    if (std::any_of(line.begin(), line.end(), isControl))
      fail(where, "holds a control character: " + inQuotes(line));
    at += line.size() + 1;
  }
}

}  // namespace

Environment processEnvironment() {
  Environment out;
  for (char** at = environ; at != nullptr && *at != nullptr; ++at) {
    const std::string_view entry(*at);
    const std::size_t equals = entry.find('=');
    if (equals != std::string_view::npos) out.emplace(entry.substr(0, equals), entry.substr(equals + 1));
  }
  return out;
}

std::string substituteEnvironment(const std::string& value, const Environment& environment,
                                  const std::string& where) {
  static constexpr std::string_view opening = "${env:";
  std::string out;
  std::size_t at = 0;
  for (;;) {
    const std::size_t start = value.find(opening, at);
    if (start == std::string::npos) return out + value.substr(at);
    out += value.substr(at, start - at);
    if (!out.empty() && start > at && out.back() == '$') {  // $${env: stands for itself
      out.pop_back();
      out += opening;
      at = start + opening.size();
      continue;
    }
    const std::size_t end = value.find('}', start);
    if (end == std::string::npos) throw ConfigError(where + ": ${env: without its closing }");
    const std::string name = value.substr(start + opening.size(), end - start - opening.size());
    const auto found = environment.find(name);
    if (found == environment.end())
      throw ConfigError(where + ": environment variable " + inQuotes(name) + " is not set");
    out += found->second;
    at = end + 1;
  }
}

std::vector<ConfigSection> readConfigFile(const fs::path& path, const Environment& environment) {
  const std::string file = oneLine(path.string());
  const std::string ending = path.extension().string();
  if (ending != ".ini" && ending != ".xml")
    fail(file, "has the ending " + inQuotes(ending) + "; allowed: .ini or .xml");
  const std::string content = readText(path, file);
  std::string_view text = content;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  checkText(text, file);
  auto sections = ending == ".ini" ? parseIni(text, file) : parseXml(text, file);
  for (auto& section : sections) {
    for (auto& [key, value] : section.values) {
      const std::string where = value.origin + ": [" + section.kind +
                                (section.instance.empty() ? "" : "." + section.instance) + "] " + key;
      value.text = substituteEnvironment(value.text, environment, where);
    }
  }
  return sections;
}

}  // namespace clusterkit
