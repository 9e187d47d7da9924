#!/bin/sh
# A hook that lives on: it reads one event after the other and answers each on descriptor 3.
#
#   [sink.follow]
#   plugin = script
#   mode = stream
#   command = hooks/follow.sh
#
# "SEQ" or "ok SEQ": done. "retry SEQ text", "reject SEQ text". Nothing is done until it is answered.
while read -r json; do
  seq=${json#*\"seq\":}
  seq=${seq%%[!0-9]*}
  echo "event $seq"
  echo "ok $seq" >&3
done
