#include "tidy/source_tree.hpp"

#include <algorithm>
#include <fstream>
#include <regex>
#include <set>

namespace fs = std::filesystem;

namespace clusterkit::tidy {
namespace {

const fs::path kRoot = CLUSTERKIT_SOURCE_DIR;

bool isSource(const fs::path& file) {
  static const std::set<std::string> kinds = {".h", ".hpp", ".c", ".cpp"};
  return kinds.contains(file.extension().string());
}

// The line without strings, characters and comments, so that braces in them do not count.
std::string code(const std::string& line) {
  std::string out;
  char quote = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quote != 0) {
      if (c == '\\')
        ++i;
      else if (c == quote)
        quote = 0;
    } else if (c == '"' ||
               (c == '\'' && (i == 0 || !std::isalnum(static_cast<unsigned char>(line[i - 1]))))) {
      quote = c;
    } else if (c == '/' && i + 1 < line.size() && line[i + 1] == '/') {
      break;
    } else {
      out += c;
    }
  }
  return out;
}

// "template <class R(A)> class F<R(A)>" -> "template class F".
std::string withoutAngles(const std::string& text) {
  std::string out;
  int depth = 0;
  for (const char c : text) {
    if (c == '<')
      ++depth;
    else if (c == '>' && depth > 0)
      --depth;
    else if (depth == 0)
      out += c;
  }
  return out;
}

// A scope that may hold functions: everything else that opens a brace is a body.
bool opensScope(const std::string& head) {
  static const std::regex scope(
      R"(^\s*(template\s+)?(inline\s+)?(typedef\s+)?(namespace|extern|class|struct|enum|union)\b)");
  const std::string plain = withoutAngles(head);
  return std::regex_search(plain, scope) && plain.find('(') == std::string::npos;
}

// Block comments become spaces; `inside` carries over from line to line.
std::string withoutBlockComments(const std::string& line, bool& inside) {
  std::string out;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (!inside && line.compare(i, 2, "/*") == 0) inside = true;
    if (!inside)
      out += line[i];
    else if (line.compare(i, 2, "*/") == 0) {
      inside = false;
      ++i;
    }
  }
  return out;
}

}  // namespace

std::vector<Include> SourceFile::includes() const {
  static const std::regex include(R"(^\s*#\s*include\s*[<"]([^>"]+)[>"])");
  std::vector<Include> out;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    std::smatch match;
    if (std::regex_search(lines[i], match, include)) out.push_back({match[1], static_cast<int>(i) + 1});
  }
  return out;
}

std::vector<Function> SourceFile::functions() const {
  std::vector<Function> out;
  std::vector<bool> scopes;  // true = namespace or type
  std::string head;
  int bodyStart = -1;
  std::size_t bodyDepth = 0;
  bool macro = false;
  bool comment = false;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const bool directive = !macro && lines[i].starts_with("#");
    const bool skip = macro || directive;
    macro = (macro || directive) && lines[i].ends_with("\\");
    if (skip) continue;
    for (const char c : code(withoutBlockComments(lines[i], comment))) {
      if (c == '{') {
        const bool scope = bodyStart < 0 && opensScope(head);
        if (bodyStart < 0 && !scope) {
          bodyStart = static_cast<int>(i);
          bodyDepth = scopes.size();
        }
        scopes.push_back(scope);
        head.clear();
      } else if (c == '}') {
        if (!scopes.empty()) scopes.pop_back();
        if (bodyStart >= 0 && scopes.size() == bodyDepth) {
          out.push_back({lines[static_cast<std::size_t>(bodyStart)], bodyStart + 1,
                         static_cast<int>(i) - bodyStart + 1});
          bodyStart = -1;
        }
        head.clear();
      } else if (c == ';') {
        head.clear();
      } else {
        head += c;
      }
    }
    head += ' ';
  }
  return out;
}

std::string SourceFile::folder() const {
  auto part = path.begin();
  const std::string top = (part++)->string();
  return part == path.end() ? top : top + "/" + part->string();
}

std::vector<SourceFile> sourcesBelow(const std::vector<std::string>& folders) {
  std::vector<SourceFile> out;
  for (const std::string& folder : folders) {
    if (!fs::exists(kRoot / folder)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(kRoot / folder)) {
      if (!entry.is_regular_file() || !isSource(entry.path())) continue;
      SourceFile file{fs::relative(entry.path(), kRoot), {}};
      std::ifstream in(entry.path());
      for (std::string line; std::getline(in, line);) file.lines.push_back(line);
      out.push_back(std::move(file));
    }
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  return out;
}

std::vector<fs::path> foldersBelow(const std::vector<std::string>& folders) {
  std::set<fs::path> out;
  for (const std::string& folder : folders) {
    if (!fs::exists(kRoot / folder)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(kRoot / folder))
      if (entry.is_regular_file()) out.insert(fs::relative(entry.path().parent_path(), kRoot));
  }
  return {out.begin(), out.end()};
}

}  // namespace clusterkit::tidy
