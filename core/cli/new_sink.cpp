#include "cli/new_sink.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <stdexcept>

#include "cli/commands.hpp"

namespace clusterkit::cli {
namespace {

namespace fs = std::filesystem;

// The name becomes that of a folder, a CMake target and a plugin.
void checkName(const std::string& name) {
  const auto allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  if (name.empty() || name.size() > 32 || name.starts_with('-') ||
      !std::all_of(name.begin(), name.end(), allowed))
    throw UsageError("new sink '" + name + "': allowed is a name of 1 to 32 of a-z, 0-9 and -, not - first");
  static constexpr std::array<std::string_view, 7> targets = {"all",     "clean",      "help", "install",
                                                              "package", "preinstall", "test"};
  if (std::find(targets.begin(), targets.end(), name) != targets.end())
    throw UsageError("new sink '" + name + "': CMake keeps that name for itself; choose another");
  static constexpr std::array<std::string_view, 2> shipped = {"script", "webhook"};
  if (std::find(shipped.begin(), shipped.end(), name) != shipped.end())
    throw UsageError("new sink '" + name + "': a sink of that name comes with ClusterKit; choose another");
}

std::string renamed(std::string_view text, std::string_view placeholder, const std::string& name) {
  std::string out(text);
  for (std::size_t at = 0; (at = out.find(placeholder, at)) != std::string::npos; at += name.size())
    out.replace(at, placeholder.size(), name);
  return out;
}

}  // namespace

std::vector<std::string> writeSinkProject(const SinkTemplate& project, const std::string& name,
                                          const fs::path& parent) {
  checkName(name);
  const fs::path folder = parent / name;
  if (fs::exists(fs::symlink_status(folder)))
    throw UsageError("new sink '" + name + "': " + folder.string() + " exists already");
  fs::create_directory(folder);
  std::vector<std::string> written;
  for (const TemplateFile& file : project.files) {
    written.push_back(renamed(file.name, project.placeholder, name));
    const fs::path path = folder / written.back();
    std::ofstream out(path, std::ios::binary);
    out << renamed(file.text, project.placeholder, name) << std::flush;
    if (!out) throw std::runtime_error(path.string() + ": cannot be written");
  }
  return written;
}

}  // namespace clusterkit::cli
