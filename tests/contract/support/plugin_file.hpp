// A plugin's file, entered through its one symbol, and one configured instance of a component in it.
#pragma once

#include <clusterkit/plugin.hpp>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace clusterkit::contract {

// The values of one section; what is not set has the fallback of the component's own option row.
class FakeConfig {
 public:
  FakeConfig(const ck_component& component, std::filesystem::path dataDir,
             std::map<std::string, std::string> values);
  FakeConfig(const FakeConfig&) = delete;
  FakeConfig& operator=(const FakeConfig&) = delete;
  const ck_config* table() const { return &table_; }

 private:
  std::string instance_, dataDir_;
  std::map<std::string, std::string> values_;
  std::map<std::string, std::vector<std::string>> lists_;
  ck_config table_{};
};

// "250ms", "32MiB", "8000", "true" as the host would read it.
std::int64_t parseNumber(const std::string& text);

class PluginFile {
 public:
  // Throws std::runtime_error when the file, the symbol or the component is not there.
  PluginFile(const std::filesystem::path& file, const std::string& componentId);
  const ck_component& component() const { return *component_; }
  const ck_entry& entry() const { return *entry_; }

 private:
  const ck_entry* entry_ = nullptr;
  const ck_component* component_ = nullptr;
};

// Destroyed with this object.
class PluginInstance {
 public:
  PluginInstance(const PluginFile& file, const ck_host* host, const std::filesystem::path& dataDir,
                 std::map<std::string, std::string> values = {});
  PluginInstance(const PluginInstance&) = delete;
  PluginInstance& operator=(const PluginInstance&) = delete;
  ~PluginInstance();

  void* self() const { return self_; }
  template <class Table>
  const Table* iface(const char* id) const {
    return static_cast<const Table*>(component_.iface(self_, id));
  }

 private:
  const ck_component& component_;
  void* self_ = nullptr;
};

}  // namespace clusterkit::contract
