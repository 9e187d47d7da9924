-- A hook that runs inside the node and keeps something from event to event: how many there were of each type.
--
--   [sink.count]
--   plugin = script
--   mode = lua
--   script = hooks/count.lua
--
-- Return true or nothing: done. "retry": try again later. "reject": to the dead letters. An error: as the option
-- on_failure says. What print writes goes into the log.
local seen = {}

function on_event(event)
  seen[event.type] = (seen[event.type] or 0) + 1
  print(("%s number %d, event %d"):format(event.type, seen[event.type], event.seq))
end
