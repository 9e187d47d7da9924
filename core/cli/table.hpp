// Rows of text under a heading, columns as wide as their widest cell. Pure.
#pragma once

#include <string>
#include <vector>

namespace clusterkit::cli {

class Table {
 public:
  explicit Table(std::vector<std::string> heading) : rows_{std::move(heading)} {}
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  // One line per row, two spaces between columns, no blanks at the ends. Columns are counted in characters.
  std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace clusterkit::cli
