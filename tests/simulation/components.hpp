// What makes plugins fit for a node that is killed: a PluginStack that ends without being stopped leaves its
// instances behind, because real ones may have threads. These have none, so they can be destroyed afterwards.
// One thread.
#pragma once

#include <clusterkit/plugin.hpp>
#include <clusterkit/types.hpp>
#include <vector>

namespace clusterkit::sim {

// Every instance that was made while this object was the newest one; destroys those that nobody has
// destroyed. Outlives the PluginStack that made them, and ends right after it.
class Instances {
 public:
  Instances();
  ~Instances();
  Instances(const Instances&) = delete;
  Instances& operator=(const Instances&) = delete;

  struct Living {
    void* self;
    void (*destroy)(void* self) CK_NOEXCEPT;
  };
  static void born(Living instance);
  static void died(void* self);

 private:
  std::vector<Living> living_;
};

// The same component, whose instances are known to the newest Instances. `Tag` names the component.
template <class Tag>
ck_component tracked(const ck_component& component) {
  static ck_component original;
  original = component;
  ck_component out = component;
  out.create = [](const ck_host* host, const ck_config* config, void** self, ck_error* error) noexcept {
    const ck_status status = original.create(host, config, self, error);
    if (status == CK_OK) Instances::born({*self, original.destroy});
    return status;
  };
  out.destroy = [](void* self) noexcept {
    Instances::died(self);
    original.destroy(self);
  };
  return out;
}

// A ck_config whose content is one object of the test.
template <class Parts>
ck_config configOf(const Parts& parts, const char* instance) {
  ck_config config{};
  config.size = sizeof config;
  config.cx = const_cast<Parts*>(&parts);  // only read
  config.instance = instance;
  config.data_dir = "/nowhere";
  config.str = [](void*, const char*) noexcept -> const char* { return nullptr; };
  config.num = [](void* cx, const char*) noexcept -> std::int64_t {
    return reinterpret_cast<std::int64_t>(cx);
  };
  config.count = [](void*, const char*) noexcept -> std::uint64_t { return 0; };
  config.item = [](void*, const char*, std::uint64_t) noexcept -> const char* { return nullptr; };
  return config;
}
template <class Parts>
const Parts& partsOf(const Setup& setup) {
  return *reinterpret_cast<const Parts*>(setup.config.num("parts"));
}

// The options of the consensus plugin that a simulation sets; times in nanoseconds. Everything else has the
// plugin's own fallback.
struct RaftOptions {
  Duration heartbeat{50'000'000}, electionTimeout{300'000'000};
  std::int64_t snapshotEntries = 10'000, trailingEntries = 1'000, maxInflight = 64, maxAppend = 1 << 20;

  ck_config config() const;  // borrows from *this
};

// The real plugin, from its file.
const ck_component& raftComponent();

}  // namespace clusterkit::sim
