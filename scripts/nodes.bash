# Functions of scripts that run real nodes on this machine; sourced. Expects `build` to be set; sets `folder` and `base`, and
# ends every node it started when the script ends.
folder=$(mktemp -d "${TMPDIR:-/tmp}/clusterkit-XXXXXX")
base=$((12000 + $$ % 8000))
declare -A pids
writer=

cleanup() {
  local status=$?
  trap - EXIT
  for pid in "${pids[@]}" $writer; do kill -9 "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
  if [ $status -ne 0 ]; then
    echo "FAILED; the ends of the logs:" >&2
    tail -n 15 "$folder"/*.log >&2 || true
  fi
  rm -rf "$folder"
  exit $status
}
trap cleanup EXIT

now() { date +%s%3N; }
address() { echo "127.0.0.1:$((base + $1))"; }
get() { curl -sS --max-time 2 "http://$(address "$1")$2"; }
fail() { echo "NOT SO: $*" >&2; exit 1; }

start() {  # start N [seed-node]
  {
    printf '[node]\nid = node-%d\ndata_dir = %s/node%d\n' "$1" "$folder" "$1"
    printf '[http]\nlisten = %s\n[transport]\nlisten = 127.0.0.1:%d\n' "$(address "$1")" $((base + 1000 + $1))
    [ -z "${2:-}" ] || printf '[cluster]\nseeds = %s\n' "$(address "$2")"
  } >"$folder/node$1.ini"
  "$build/bin/clusterkitd" --config "$folder/node$1.ini" >>"$folder/node$1.log" 2>&1 &
  pids[$1]=$!
}

# until_true SECONDS "what" command...: asks again every 10 ms.
until_true() {
  local limit=$(($(now) + $1 * 1000)) what=$2
  shift 2
  until "$@" 2>/dev/null; do
    [ "$(now)" -lt "$limit" ] || fail "$what"
    sleep 0.01
  done
}

is_ready() { [ "$(curl -s -o /dev/null -w '%{http_code}' --max-time 1 "http://$(address "$1")/ready")" = 200 ]; }
active_count() { get "$1" /nodes | jq '[.nodes[] | select(.status == "active")] | length'; }
has_active() { [ "$(active_count "$1")" = "$2" ]; }
owners() { get "$1" /partitions | jq -r '.partitions[] | "\(.id) \(.primary_node) \(if .replica_nodes == [] then "-" else .replica_nodes | join(",") end)"'; }
copies_of() { get "$1" /partitions | jq --arg n "$2" '[.partitions[] | select(.primary_node == $n or (.replica_nodes | index($n)))] | length'; }
has_copies() { [ "$(copies_of "$1" "$2")" -gt 0 ]; }
# Every partition has min(3, $2) owners and they are spread within one partition.
is_balanced() {
  get "$1" /partitions | jq -e --argjson n "$2" '
    [.partitions[] | [.primary_node] + .replica_nodes] as $all
    | ($all | flatten | group_by(.) | map(length)) as $copies
    | ($copies | length) == $n and ($copies | max) - ($copies | min) <= 1
      and all($all[]; length == ([3, $n] | min) and length == (unique | length))' >/dev/null
}
spread() {
  get "$1" /partitions/stats | jq -r '.partitions_per_node as $p | .replicas_per_node as $r
    | [$p, $r | keys[]] | unique | map("\(.): \($p[.] // 0) primaries, \($r[.] // 0) replicas") | join("; ")'
}
leader_of() { get "$1" /consensus/leader | jq -r '.leader_id // empty'; }
# node_is ASKED NODE "status status ...": one of these.
node_is() {
  local status
  status=$(get "$1" /nodes | jq -r --arg n "$2" '.nodes[] | select(.id == $n) | .status')
  case " $3 " in *" $status "*) [ -n "$status" ] ;; *) false ;; esac
}
