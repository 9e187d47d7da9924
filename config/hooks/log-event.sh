#!/bin/sh
# A hook in its simplest form: what it prints goes into the log of the node, one line for each event.
#
#   [sink.log]
#   plugin = script
#   command = hooks/log-event.sh
#
# The event's main fields are in the environment, the whole event is one line of JSON on standard input.
# Exit code 0: done. 75: try again later. Any other: as the option on_failure says.
read -r json || exit 1
echo "event $CLUSTERKIT_EVENT_SEQ: $CLUSTERKIT_EVENT_TYPE of ${CLUSTERKIT_EVENT_SUBJECT:-the cluster}, ${#json} bytes"
