// docs/raft-scenarios.md and the tests are one: every scenario has a test, every test named there is where it
// says, and every test that carries a scenario's number stands in its row.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <regex>

#include "tidy/source_tree.hpp"

namespace clusterkit::tidy {
namespace {

constexpr int kScenarios = 120;
constexpr int kIncidents = 66;

// "Suite.Name" -> the file that defines it.
using Tests = std::multimap<std::string, std::string>;

const Tests& allTests() {
  static const Tests all = [] {
    static const std::regex head(R"(TEST(?:_F|_P)?\((\w+),\s+(\w+)\))");
    Tests found;
    for (const SourceFile& file : sourcesBelow({"tests"})) {
      std::string text;
      for (const std::string& line : file.lines) text += line + "\n";
      for (std::sregex_iterator m(text.begin(), text.end(), head), end; m != end; ++m)
        found.emplace(m->str(1) + "." + m->str(2), file.path.generic_string());
    }
    return found;
  }();
  return all;
}

bool isThere(const std::string& test, const std::string& file) {
  const auto [first, last] = allTests().equal_range(test);
  return std::any_of(first, last, [&](const auto& found) { return found.second == file; });
}

// The rows of the tables below this heading, number and rest; a number that comes twice is a failure.
std::map<int, std::string> rowsBelow(const std::string& heading) {
  std::ifstream in(CLUSTERKIT_SOURCE_DIR "/docs/raft-scenarios.md");
  static const std::regex row(R"(^\| (\d+) \|(.*)$)");
  std::map<int, std::string> rows;
  bool inside = false;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("## ")) inside = line == "## " + heading;
    std::smatch m;
    if (!inside || !std::regex_match(line, m, row)) continue;
    EXPECT_TRUE(rows.emplace(std::stoi(m.str(1)), m.str(2)).second) << heading << " " << m.str(1) << " twice";
  }
  return rows;
}

void expectNumbers(const std::map<int, std::string>& rows, int last) {
  for (int n = 1; n <= last; ++n) EXPECT_TRUE(rows.contains(n)) << "no row " << n;
  EXPECT_EQ(rows.size(), static_cast<std::size_t>(last));
}

TEST(RaftScenarios, EachHasATestThatIsWhereTheDocumentSays) {
  // One or more tests, then a link to their file in brackets.
  static const std::regex group(R"(((?:\w+\.\w+(?:, )?)+) \(\[\w+\]\(\.\./(tests/[\w./-]+)\)\))");
  static const std::regex test(R"(\w+\.\w+)");
  const auto rows = rowsBelow("Scenarios");
  expectNumbers(rows, kScenarios);
  for (const auto& [number, text] : rows) {
    int named = 0;
    for (std::sregex_iterator g(text.begin(), text.end(), group), end; g != end; ++g) {
      const std::string names = g->str(1);
      for (std::sregex_iterator t(names.begin(), names.end(), test); t != end; ++t, ++named)
        EXPECT_TRUE(isThere(t->str(), g->str(2)))
            << "scenario " << number << ": " << t->str() << " is not in " << g->str(2);
    }
    EXPECT_GT(named, 0) << "scenario " << number << " has no test";
  }
}

TEST(RaftScenarios, EachTestWithANumberStandsInTheRowOfIt) {
  static const std::regex carried(R"(S(\d{3})_)");
  const auto rows = rowsBelow("Scenarios");
  for (const auto& [test, file] : allTests())
    for (std::sregex_iterator n(test.begin(), test.end(), carried), end; n != end; ++n) {
      const auto row = rows.find(std::stoi(n->str(1)));
      const bool stands = row != rows.end() && row->second.find(test) != std::string::npos &&
                          row->second.find(file) != std::string::npos;
      EXPECT_TRUE(stands) << test << " of " << file << " is missing in row " << n->str(1);
    }
}

TEST(RaftScenarios, EachIncidentIsCoveredByScenariosThereAre) {
  static const std::regex numbers(R"(^[^|]*\|[^|]*\| ([\d, to]+) \|)");
  static const std::regex number(R"(\d+)");
  const auto rows = rowsBelow("Incidents");
  expectNumbers(rows, kIncidents);
  for (const auto& [incident, text] : rows) {
    std::smatch cell;
    ASSERT_TRUE(std::regex_search(text, cell, numbers)) << "incident " << incident << " names no scenario";
    const std::string list = cell.str(1);
    for (std::sregex_iterator n(list.begin(), list.end(), number), end; n != end; ++n) {
      EXPECT_GE(std::stoi(n->str()), 1) << "incident " << incident;
      EXPECT_LE(std::stoi(n->str()), kScenarios) << "incident " << incident;
    }
  }
}

}  // namespace
}  // namespace clusterkit::tidy
