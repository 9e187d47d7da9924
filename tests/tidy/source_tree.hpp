// The repository as text: files, includes, function lengths.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace clusterkit::tidy {

struct Include {
  std::string header;
  int line;
};

struct Function {
  std::string firstLine;
  int line;
  int length;
};

struct SourceFile {
  std::filesystem::path path;  // relative to the repository
  std::vector<std::string> lines;

  std::vector<Include> includes() const;
  // Braced bodies that open at a line which looks like the head of a function; lambdas count with what holds
  // them.
  std::vector<Function> functions() const;
  // "core/cluster" or "plugins/store-sqlite": the unit of the include rules.
  std::string folder() const;
};

// Sources (.h .hpp .c .cpp) below these folders, without build output.
std::vector<SourceFile> sourcesBelow(const std::vector<std::string>& folders);

// Every folder that holds a source or a script, below these.
std::vector<std::filesystem::path> foldersBelow(const std::vector<std::string>& folders);

}  // namespace clusterkit::tidy
