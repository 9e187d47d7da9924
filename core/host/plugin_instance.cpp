#include "host/plugin_instance.hpp"

#include <cstring>

#include "host/current_plugin.hpp"

namespace clusterkit {

namespace {

// A store's worker may be in the middle of a call to the host; anything longer than this hangs.
constexpr std::chrono::seconds closeLimit{5};

std::string describe(const PluginName& plugin, const char* function, Status status, std::string_view why) {
  std::string text = "plugin " + plugin.text() + ", " + function + ": ";
  text += why.empty() ? std::string_view("no reason was given") : why;
  return text + " (" + std::string(clusterkit::name(status)) + ")";
}

}  // namespace

PluginError::PluginError(const PluginName& plugin, const char* function, Status status, std::string_view why)
    : std::runtime_error(describe(plugin, function, status, why)), status_(status) {}

std::string_view roleOfKind(std::string_view kind) {
  constexpr std::string_view prefix = "clusterkit.";
  if (kind.starts_with(prefix)) kind.remove_prefix(prefix.size());
  return kind.substr(0, kind.find('/'));
}

PluginName nameOf(const ck_component& component, const ck_config& config) {
  return {std::string(roleOfKind(component.kind)), component.id,
          config.instance != nullptr ? config.instance : ""};
}

PluginInstance::PluginInstance(const ck_component& component, const ck_config& config, HostServices& host,
                               Log& log)
    : component_(component), host_(host), log_(log) {
  ck_error error = makeError(CK_OK, "");
  ck_status status = CK_OK;
  {
    const OnPluginStack onStack(host_.label(), "create");
    status = component_.create(host_.table(), &config, &self_, &error);
  }
  if (status != CK_OK) throw PluginError(name(), "create", toStatus(status), textOf(error));
}

PluginInstance::~PluginInstance() {
  if (!abandoned_ && host_.close(closeLimit)) {
    const OnPluginStack onStack(host_.label(), "destroy");
    component_.destroy(self_);
    return;
  }
  host_.close(Duration(0));
  log_.error("plugin_left_behind",
             {{"plugin", name().text()},
              {"why", abandoned_ ? "it did not stop" : "a call or work of it is still running"}});
}

const void* PluginInstance::table(const char* ifaceId, std::size_t size) const {
  const void* found = nullptr;
  {
    const OnPluginStack onStack(host_.label(), "iface");
    found = component_.iface(self_, ifaceId);
  }
  if (found == nullptr)
    throw PluginError(name(), "iface", Status::Unsupported, std::string("offers no table ") + ifaceId);
  std::uint32_t offered = 0;
  std::memcpy(&offered, found, sizeof offered);
  if (offered < size)
    throw PluginError(name(), "iface", Status::Unsupported,
                      std::string("its table ") + ifaceId + " has " + std::to_string(offered) + " bytes, " +
                          std::to_string(size) + " are needed");
  // Size and flags fill the first 8 bytes, then come function pointers only, none of them optional.
  for (std::size_t at = 8; at + sizeof(void*) <= size; at += sizeof(void*)) {
    const void* function = nullptr;
    std::memcpy(&function, static_cast<const char*>(found) + at, sizeof function);
    if (function == nullptr)
      throw PluginError(name(), "iface", Status::Unsupported,
                        std::string("function ") + std::to_string((at - 8) / sizeof(void*) + 1) +
                            " of its table " + ifaceId + " is null");
  }
  return found;
}

}  // namespace clusterkit
