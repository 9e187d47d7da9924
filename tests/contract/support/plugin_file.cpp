#include "contract/support/plugin_file.hpp"

#include <dlfcn.h>

#include <sstream>
#include <stdexcept>

namespace clusterkit::contract {

std::int64_t parseNumber(const std::string& text) {
  if (text == "true" || text == "yes") return 1;
  if (text.empty() || text == "false" || text == "no") return 0;
  static const std::map<std::string, std::int64_t> units = {
      {"", 1},  {"ns", 1},     {"us", 1'000},        {"ms", 1'000'000},           {"s", 1'000'000'000},
      {"B", 1}, {"KiB", 1024}, {"MiB", 1024 * 1024}, {"GiB", 1024 * 1024 * 1024}, {"m", 60'000'000'000}};
  std::size_t used = 0;
  const std::int64_t n = std::stoll(text, &used);
  return n * units.at(text.substr(used));
}

FakeConfig::FakeConfig(const ck_component& component, std::filesystem::path dataDir,
                       std::map<std::string, std::string> values)
    : instance_("contract"), dataDir_(dataDir.string()) {
  for (const ck_option* row = component.options; row != nullptr && row->name != nullptr; ++row) {
    if (row->fallback != nullptr) values_[row->name] = row->fallback;
    if (const auto set = values.find(row->name); set != values.end()) {
      values_[row->name] = set->second;
      values.erase(set);
    }
  }
  if (!values.empty()) throw std::runtime_error("the component has no option " + values.begin()->first);
  table_.size = sizeof table_;
  table_.cx = this;
  table_.instance = instance_.c_str();
  table_.data_dir = dataDir_.c_str();
  table_.str = [](void* cx, const char* name) noexcept -> const char* {
    const auto& all = static_cast<FakeConfig*>(cx)->values_;
    const auto found = all.find(name);
    return found == all.end() ? nullptr : found->second.c_str();
  };
  table_.num = [](void* cx, const char* name) noexcept -> std::int64_t {
    const auto& all = static_cast<FakeConfig*>(cx)->values_;
    const auto found = all.find(name);
    return found == all.end() ? 0 : parseNumber(found->second);
  };
  for (const ck_option* row = component.options; row != nullptr && row->name != nullptr; ++row) {
    if (row->type != CK_TYPE_LIST || !values_.contains(row->name)) continue;
    std::istringstream items(values_[row->name]);
    for (std::string item; std::getline(items, item, ',');) lists_[row->name].push_back(item);
  }
  table_.count = [](void* cx, const char* name) noexcept -> std::uint64_t {
    const auto& all = static_cast<FakeConfig*>(cx)->lists_;
    const auto found = all.find(name);
    return found == all.end() ? 0 : found->second.size();
  };
  table_.item = [](void* cx, const char* name, std::uint64_t i) noexcept -> const char* {
    return static_cast<FakeConfig*>(cx)->lists_.at(name).at(i).c_str();
  };
}

PluginFile::PluginFile(const std::filesystem::path& file, const std::string& componentId) {
  void* handle = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (handle == nullptr) throw std::runtime_error(dlerror());
  entry_ = static_cast<const ck_entry*>(dlsym(handle, CK_ENTRY_SYMBOL));
  if (entry_ == nullptr) throw std::runtime_error(file.string() + " has no " CK_ENTRY_SYMBOL);
  for (const ck_component* const* c = entry_->components; *c != nullptr; ++c)
    if (componentId == (*c)->id) component_ = *c;
  if (component_ == nullptr) throw std::runtime_error(file.string() + " has no component " + componentId);
}

PluginInstance::PluginInstance(const PluginFile& file, const ck_host* host,
                               const std::filesystem::path& dataDir,
                               std::map<std::string, std::string> values)
    : component_(file.component()) {
  const FakeConfig config(component_, dataDir, std::move(values));
  ck_error error{};
  error.size = sizeof error;
  if (component_.create(host, config.table(), &self_, &error) != CK_OK) throw std::runtime_error(error.msg);
}

PluginInstance::~PluginInstance() { component_.destroy(self_); }

}  // namespace clusterkit::contract
