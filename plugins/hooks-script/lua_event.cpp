#include "lua_event.hpp"

#include "environment.hpp"

namespace clusterkit::script {
namespace {

using Kind = EventItem::Kind;

void pushText(lua_State* lua, std::string_view text) { lua_pushlstring(lua, text.data(), text.size()); }

void setText(lua_State* lua, const char* name, std::string_view text) {
  pushText(lua, text);
  lua_setfield(lua, -2, name);
}

void setNumber(lua_State* lua, const char* name, std::uint64_t number) {
  lua_pushinteger(lua, static_cast<lua_Integer>(number));
  lua_setfield(lua, -2, name);
}

// Puts the value on top into the object or array below it.
void attach(lua_State* lua, std::int64_t place) {
  if (place == EventItem::kInObject)
    lua_rawset(lua, -3);
  else if (place != EventItem::kOutermost)
    lua_rawseti(lua, -2, place);
}

void pushItem(lua_State* lua, const EventItem& item) {
  switch (item.kind) {
    case Kind::object:
    case Kind::array:
      luaL_checkstack(lua, 4, "the event is nested too deeply");
      lua_newtable(lua);
      return;  // attached at its end
    case Kind::key: pushText(lua, item.text); return;
    case Kind::end: break;
    case Kind::null: lua_pushnil(lua); break;
    case Kind::boolean: lua_pushboolean(lua, item.integer != 0 ? 1 : 0); break;
    case Kind::integer: lua_pushinteger(lua, item.integer); break;
    case Kind::number: lua_pushnumber(lua, item.number); break;
    case Kind::text: pushText(lua, item.text); break;
  }
  attach(lua, item.place);
}

}  // namespace

LuaEvent::LuaEvent(const Event& from)
    : event(from), items(itemsOf(std::string(from.json()))), id(idText(from)) {}

void pushEvent(lua_State* lua, const LuaEvent& from) {
  for (const EventItem& item : from.items) pushItem(lua, item);
  setText(lua, "type", from.event.type());
  setText(lua, "subject", from.event.subject());
  setText(lua, "id", from.id);
  setNumber(lua, "seq", from.event.seq());
  setNumber(lua, "index", from.event.index());
  setNumber(lua, "epoch", from.event.epoch());
  setNumber(lua, "attempt", from.event.attempt());
}

}  // namespace clusterkit::script
