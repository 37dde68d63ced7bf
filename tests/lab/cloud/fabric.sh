# shellcheck shell=bash
# The hosts, and the cables between them. tor1 is the switch: one bridge each for management, tunnels, and the two provider networks.

# make_host HOST: creates its namespaces, and an overlay of / as its root (host-init.sh)
make_host() {
  mkdir -p "$LAB/h/$1"/{upper,work,root}
  # "lab down" finds the host's processes by this variable, even if everything else was lost
  "${CLEAN_ENVIRONMENT[@]}" "CALIPSO_LAB_HOST=$LAB/h/$1" unshare --mount --uts --net --ipc --pid --fork --propagation private \
    setsid bash "$HERE/host-init.sh" "$LAB" "$1" >"$LAB/h/$1/init.log" 2>&1 </dev/null 9>&- &
}

make_hosts() {
  local host end=$((SECONDS + 30))
  mkdir -p "$LAB"
  mount -t tmpfs -o size=10g,mode=755 tmpfs "$LAB"
  for host in tor1 "${HOSTS[@]}"; do make_host "$host"; done
  for host in tor1 "${HOSTS[@]}"; do
    until [[ -s $LAB/h/$host/pid ]]; do
      ((SECONDS < end)) || { cat "$LAB/h/$host/init.log"; die "host $host did not start"; }
      sleep 0.05
    done
  done
}

on_switch() { nsenter -t "$(host_pid tor1)" -n "$@"; }   # enters only its network namespace, so that "netns PID" refers to this machine's PIDs

# cable HOST SWITCH-PORT BRIDGE DEVICE [ADDRESS]: a veth pair from a bridge of the switch to a host's device
cable() {
  on_switch ip link add "$2" type veth peer name "$4" netns "$(host_pid "$1")"
  on_switch ip link set "$2" master "$3" up
  [[ -z ${5:-} ]] || in_host "$1" ip address add "$5/24" dev "$4"
  in_host "$1" ip link set "$4" up
}

lay_cables() {
  local bridge host
  # bridged frames must not meet this machine's iptables; without br_netfilter there is no such setting
  on_switch sysctl -qw net.bridge.bridge-nf-call-iptables=0 net.bridge.bridge-nf-call-ip6tables=0 2>/dev/null || true
  for bridge in br-mgmt br-tunnel br-prov br-prov2; do on_switch ip link add "$bridge" up type bridge; done
  on_switch ip address add "${MGMT[tor1]}/24" dev br-mgmt
  on_switch ip address add 203.0.113.1/24 dev br-prov
  ip link add "$LINK" type veth peer name main netns "$(host_pid tor1)"
  ip address add 10.77.0.1/24 dev "$LINK"
  ip link set "$LINK" up
  on_switch ip link set main master br-mgmt up
  for host in "${HOSTS[@]}"; do cable "$host" "m-$host" br-mgmt eth0 "${MGMT[$host]}"; done
  for host in "${CHASSIS[@]}"; do
    cable "$host" "t-$host" br-tunnel eth1 "${TUN[$host]}"
    cable "$host" "p-$host" br-prov eth2
    cable "$host" "q-$host" br-prov2 eth3
    if has_bond "$host"; then cable "$host" "r-$host" br-prov2 eth4; fi
  done
}

start_hosts() {
  local host
  for host in tor1 "${HOSTS[@]}"; do
    write_host_files "$host"
    start "$host" sshd /usr/sbin/sshd -D -e
    start "$host" lldpd /usr/sbin/lldpd -d
  done
}

# Marked processes of this lab's hosts: PID 1 of each, and the unshare that waits for it
host_processes() {
  grep --files-with-matches --no-messages --null-data --fixed-strings "CALIPSO_LAB_HOST=$LAB/h/" /proc/[0-9]*/environ |
    cut -d/ -f3 || true
}

# end_hosts: every process of a host ends with its PID 1, every link with its network namespace
end_hosts() {
  local end=$((SECONDS + 20)) ended='' process
  while process=$(host_processes) && [[ -n $process ]]; do
    ended=1
    # shellcheck disable=SC2086  # one word a process
    kill -9 $process 2>/dev/null || true
    ((SECONDS < end)) || die "processes of the lab do not end: ${process//$'\n'/ }"
    sleep 0.2
  done
  while [[ -n $ended ]] && ip link show "$LINK" >/dev/null 2>&1; do
    ((SECONDS < end)) || { ip link delete "$LINK" || true; break; }
    sleep 0.2
  done
  while mountpoint -q "$LAB"; do
    umount "$LAB" 2>/dev/null || { ((SECONDS < end)) && sleep 0.5; } || umount --lazy "$LAB"
  done
  if [[ -d $LAB ]]; then rmdir --ignore-fail-on-non-empty "$LAB"; fi
}
