// One created component.
#pragma once

#include <clusterkit/plugin.h>

#include <initializer_list>
#include <stdexcept>
#include <string>

#include "host/host_services.hpp"

namespace clusterkit {

// A plugin that cannot be created or started; the text names plugin, instance and function.
class PluginError : public std::runtime_error {
 public:
  PluginError(const PluginName& plugin, const char* function, Status status, std::string_view why);
  Status status() const { return status_; }

 private:
  Status status_;
};

// "clusterkit.store/1" -> "store"
std::string_view roleOfKind(std::string_view kind);

// The name of the instance that this component makes from this section.
PluginName nameOf(const ck_component& component, const ck_config& config);

class PluginInstance {
 public:
  // Calls create. `host` and `log` must outlive the instance. Throws PluginError. [ctl]
  PluginInstance(const ck_component& component, const ck_config& config, HostServices& host, Log& log);
  // Closes the host services, then destroys the instance. When work of it is still running after a limit it
  // is left alone for ever, because freeing what a thread still uses is worse than a leak. [ctl]
  ~PluginInstance();
  PluginInstance(const PluginInstance&) = delete;
  PluginInstance& operator=(const PluginInstance&) = delete;

  void* self() const { return self_; }
  HostServices& host() const { return host_; }
  const PluginName& name() const { return host_.name(); }

  // The table of this id, with at least `size` bytes and no null function. Throws PluginError
  // otherwise.
  const void* table(const char* ifaceId, std::size_t size) const;

  // The instance did not stop in time: its threads may run on, so it will never be destroyed.
  void abandon() { abandoned_ = true; }

 private:
  const ck_component& component_;
  HostServices& host_;
  Log& log_;
  void* self_ = nullptr;
  bool abandoned_ = false;
};

}  // namespace clusterkit
