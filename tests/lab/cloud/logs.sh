# shellcheck shell=bash
# Shows failures, and where they are logged: the hosts' logs are files in their upper layers.

# daemons HOST: the host's daemons; those that have ended are in capitals
daemons() {
  # shellcheck disable=SC2016  # for the inner shell
  in_host "$1" bash -c 'cd /run/osl; for file in *.pid; do
    [ -e "$file" ] || continue
    if kill -0 "$(cat "$file")" 2>/dev/null; then printf "%s " "${file%.pid}"; else printf "%s:ENDED " "${file%.pid}"; fi
  done'
}

# show_failures: the daemons that have ended, each log's last errors, and the last lines of the ended daemons
show_failures() {
  local host log ended
  for host in $(hosts_there); do
    if ! host_lives "$host"; then echo "--- host $host is not there"; continue; fi
    ended=$(daemons "$host" | tr ' ' '\n' | sed -n 's/:ENDED//p')
    for log in "$LAB/h/$host/upper/var/log/osl"/*.log; do
      [[ -e $log ]] || continue
      grep -E -A 15 'ERROR|CRITICAL|Traceback|\|(EMER|ERR)\|' "$log" | tail -n 20 | sed "1i --- $host $(basename "$log"): the last errors" || true
    done
    for log in $ended; do
      echo "--- $host: $log has ended; its last lines:"
      tail -n 20 "$LAB/h/$host/upper/var/log/osl/$log.log" || true
    done
  done
}

# collect_logs: puts all logs and each host's interfaces into one archive, for CI; then shows failures
collect_logs() {
  local host folder
  [[ -n $(hosts_there) ]] || die "no lab is at $LAB"
  folder=$(mktemp -d)
  for host in $(hosts_there); do
    mkdir -p "$folder/logs/$host"
    cp "$LAB/h/$host/init.log" "$folder/logs/$host/" || true
    cp -r "$LAB/h/$host/upper/var/log/." "$folder/logs/$host/" 2>/dev/null || true
    host_lives "$host" || continue
    in_host "$host" bash -c 'ps -ef; ip -d link; ip address; ip netns; ovs-vsctl show' >"$folder/logs/$host/state.txt" 2>&1 || true
  done
  cp "$RUN/lab.json" "$RUN/apt.log" "$folder/logs/" 2>/dev/null || true
  tar -C "$folder" -czf "$RUN/logs.tar.gz" logs
  rm -r "$folder"
  show_failures
  echo "all logs: $RUN/logs.tar.gz"
}
