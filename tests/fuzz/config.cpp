#include "fuzz/config.hpp"

#include <algorithm>
#include <fstream>

#include "daemon/load_settings.hpp"
#include "fuzz/require.hpp"
#include "support/temp_dir.hpp"

namespace clusterkit::fuzz {
namespace {

constexpr std::size_t kLongestRefusal = 2000;

// One line that begins with the file, and names the line in it or the section.
void checkRefusal(std::string_view text, const std::string& file) {
  const auto isControl = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  require(text.size() <= kLongestRefusal, "a refusal is short", text);
  require(std::none_of(text.begin(), text.end(), isControl), "a refusal is one line", text);
  require(text.starts_with(file), "a refusal names the file", text);
  text.remove_prefix(file.size());
  const bool namesLine = text.size() > 1 && text[0] == ':' && text[1] >= '1' && text[1] <= '9';
  require(namesLine || text.find('[') != text.npos || text == ": is too large; allowed: at most 1MiB",
          "a refusal names line or section", text);
}

bool sameValues(const ConfigSection& a, const ConfigSection& b) {
  return a.kind == b.kind && a.instance == b.instance &&
         std::equal(a.values.begin(), a.values.end(), b.values.begin(), b.values.end(),
                    [](const auto& x, const auto& y) {
                      return x.first == y.first && x.second.text == y.second.text;
                    });
}

void checkSections(const std::vector<ConfigSection>& sections, Reread reread) {
  const auto again = reread(sections);
  require(std::equal(sections.begin(), sections.end(), again.begin(), again.end(), sameValues),
          "sections survive the way there and back");
}

}  // namespace

void loadConfig(std::string_view text, const std::string& ending, Parse parse, Reread reread) {
  static const test::TempDir folder;
  const std::string file = (folder.path() / ("fuzz" + ending)).string();
  std::ofstream(file, std::ios::binary) << text;
  const Environment environment{{"NAME", "value"}};
  try {
    loadSettings({file, {}, environment, "/srv"});
    // What the file's reader lets pass is text, so that it can be read without it.
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    checkSections(parse(text, file), reread);
  } catch (const ConfigError& refusal) {
    checkRefusal(refusal.what(), file);
  }
}

}  // namespace clusterkit::fuzz
