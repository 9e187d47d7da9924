// Collects sections and keys for a reader of a file format and refuses what is there twice. [ctl]
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/section.hpp"

namespace clusterkit {

class SectionBuilder {
 public:
  explicit SectionBuilder(std::string file) : file_(std::move(file)) {}

  // What follows belongs to this section. Throws ConfigError: a bad name, or the section is there already.
  void open(const std::string& kind, const std::string& instance, std::size_t line);
  // Throws ConfigError: no section is open, the key is no name, not lower-case, or there already.
  void add(const std::string& key, std::string value, std::size_t line);
  // The sections in their order. Throws ConfigError if there are none.
  std::vector<ConfigSection> finish();

  std::string at(std::size_t line) const { return file_ + ":" + std::to_string(line); }
  [[noreturn]] void fail(std::size_t line, const std::string& what) const;

 private:
  std::string file_;
  std::vector<ConfigSection> sections_;
};

}  // namespace clusterkit
