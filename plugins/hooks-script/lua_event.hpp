// The table that on_event gets.
#pragma once

#include <clusterkit/sink.hpp>
#include <lua.hpp>
#include <string>
#include <vector>

#include "event_items.hpp"

namespace clusterkit::script {

struct LuaEvent {
  explicit LuaEvent(const Event& event);  // throws Error(CK_INVALID) when its JSON is none

  const Event& event;
  std::vector<EventItem> items;
  std::string id;
};

// Pushes a table with the members of the JSON and type, seq, subject, index, epoch, attempt, id. A null is
// absent. May raise Lua errors.
void pushEvent(lua_State* lua, const LuaEvent& event);

}  // namespace clusterkit::script
