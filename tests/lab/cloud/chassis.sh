# shellcheck shell=bash
# The hosts that have virtual networks: net1 (net2 as well with OVN) and the computes. Open vSwitch, libvirt, and the agents of the variant.
AGENT_FILES=(--config-file /etc/neutron/neutron.conf)

# start_openvswitch HOST: without the kernel module, so every bridge has the userspace datapath ("netdev")
start_openvswitch() {
  in_host "$1" bash -euc 'mkdir -p /etc/openvswitch; rm -f /etc/openvswitch/conf.db
    ovsdb-tool create /etc/openvswitch/conf.db /usr/share/openvswitch/vswitch.ovsschema'
  start "$1" ovsdb-server ovsdb-server /etc/openvswitch/conf.db --remote=punix:/run/openvswitch/db.sock \
    --remote=db:Open_vSwitch,Open_vSwitch,manager_options --pidfile=/run/openvswitch/ovsdb-server.pid
  wait_socket "$1" /run/openvswitch/db.sock
  in_host "$1" ovs-vsctl --no-wait init -- set Open_vSwitch . "external_ids:hostname=$1" "external_ids:system-id=osl-$1" \
    ovs_version="$(dpkg-query -W -f '${Version}' openvswitch-switch | cut -d- -f1)"
  start "$1" ovs-vswitchd ovs-vswitchd unix:/run/openvswitch/db.sock --pidfile=/run/openvswitch/ovs-vswitchd.pid
  # the way to the provider network: one bridge; on net1 a chain of two
  if has_bridges_in_a_row "$1"; then
    in_host "$1" ovs-vsctl add-br br-ex -- set bridge br-ex datapath_type=netdev \
      -- add-br br-prov -- set bridge br-prov datapath_type=netdev -- add-port br-prov eth2 \
      -- add-port br-ex ex-to-prov -- set interface ex-to-prov type=patch options:peer=prov-to-ex \
      -- add-port br-prov prov-to-ex -- set interface prov-to-ex type=patch options:peer=ex-to-prov
  else
    in_host "$1" ovs-vsctl add-br br-ex -- set bridge br-ex datapath_type=netdev -- add-port br-ex eth2
  fi
  if has_bond "$1"; then
    in_host "$1" ovs-vsctl add-br br-data -- set bridge br-data datapath_type=netdev \
      -- add-bond br-data bond-data eth3 eth4 "bond_mode=$(bond_mode)"
  else
    in_host "$1" ovs-vsctl add-br br-data -- set bridge br-data datapath_type=netdev -- add-port br-data eth3
  fi
  in_host "$1" ip link set br-ex up
  # userspace tunnels need their address on a netdev bridge that contains the interface, not on the interface; if a Linux
  # bridge has the address, the tunnels exist, too, but carry nothing
  has_bridge_under_tunnels "$1" || in_host "$1" bash -euc '
    ovs-vsctl add-br br-vtep -- set bridge br-vtep datapath_type=netdev "other-config:hwaddr=$(cat /sys/class/net/eth1/address)" \
      -- add-port br-vtep eth1
    ip address flush dev eth1
    ip address add "$1/24" dev br-vtep
    ip link set br-vtep up' _ "${TUN[$1]}"
}

# Differences between hosts, and between clouds. With OVN there are none, because its tunnels must work.
has_two_network_nodes() { [[ $VARIANT == ovn || $VARIANT == ovs-dvr ]]; }   # two gateway chassis; two L3 agents for every HA router
has_bridges_in_a_row() { [[ $1 == net1 && $VARIANT != ovn ]]; }
has_bridge_under_tunnels() { [[ $1 == cmp[246] && $VARIANT != ovn ]]; }
has_bond() { [[ $1 == cmp1 && $VARIANT != lxb ]]; }     # eth3 and eth4, in br-data
bond_mode() { (( $(number_of_seed) / 2 % 2 )) && echo active-backup || echo balance-slb; }
number_of_seed() { cksum <<<"$SEED" | cut -d' ' -f1; }
has_distributed_floating_ips() { (( $(number_of_seed) % 2 )); }   # with OVN; with ovs-dvr on the last compute, too
# l3_mode HOST: with ovs-dvr, in half of the clouds the last compute has no way to the outside
l3_mode() {
  case $VARIANT:$1 in
    ovs-dvr:net*) echo dvr_snat ;;
    "ovs-dvr:cmp$COMPUTES") has_distributed_floating_ips && echo dvr || echo dvr_no_external ;;
    ovs-dvr:*) echo dvr ;;
    *) echo legacy ;;
  esac
}

# lay_bridges HOST: Linux bridges that are not part of OpenStack: br-mesh with eth1 and the tunnels' address, and br-vlan
# with eth2 and one end of a veth pair, whose other end is eth12
lay_bridges() {
  if has_bridge_under_tunnels "$1"; then
    in_host "$1" bash -euc 'ip address flush dev eth1; ip link add br-mesh up type bridge; ip link set eth1 master br-mesh
      ip address add "$1/24" dev br-mesh' _ "${TUN[$1]}"
  fi
  if [[ $VARIANT == lxb ]] && has_bridges_in_a_row "$1"; then
    in_host "$1" bash -euc 'ip link add br-vlan up type bridge; ip link set eth2 master br-vlan
      ip link add eth12 up type veth peer name br-vlan-veth; ip link set br-vlan-veth master br-vlan up'
  fi
}

# wait_socket HOST PATH
wait_socket() {
  # shellcheck disable=SC2016  # for the inner shell
  in_host "$1" bash -c 'for _ in {1..100}; do [ -S "$1" ] && exit 0; sleep 0.1; done; echo "$1: no such socket after 10 s"; exit 1' _ "$2"
}

start_virtual_switches() {
  local host
  for host in "${CHASSIS[@]}"; do
    lay_bridges "$host"
    [[ $VARIANT == lxb ]] || start_openvswitch "$host"
    [[ $VARIANT != ovn ]] || start_ovn_controller "$host"
  done
  for host in "${COMPUTE_HOSTS[@]}"; do
    start "$host" virtlogd virtlogd
    start "$host" libvirtd libvirtd
  done
}

start_agents() {
  local host agent=openvswitch plugging
  [[ $VARIANT != lxb ]] || agent=linuxbridge
  plugging=/etc/neutron/plugins/ml2/${agent}_agent.ini
  for host in "${COMPUTE_HOSTS[@]}"; do
    start "$host" nova-compute nova-compute --config-file /etc/nova/nova.conf --config-file /etc/nova/nova-compute.conf
    [[ $VARIANT != ovn ]] || start "$host" neutron-ovn-metadata-agent neutron-ovn-metadata-agent "${AGENT_FILES[@]}" \
      --config-file /etc/neutron/neutron_ovn_metadata_agent.ini
  done
  [[ $VARIANT != ovn ]] || return 0
  for host in "${CHASSIS[@]}"; do
    start "$host" "neutron-$agent-agent" "neutron-$agent-agent" "${AGENT_FILES[@]}" --config-file "$plugging"
  done
  if [[ $VARIANT == ovs-dvr ]]; then
    for host in net1 net2; do calm_notifier "$host"; done
    for host in net2 "${COMPUTE_HOSTS[@]}"; do start_agent "$host" l3 "$plugging"; done
  fi
  for agent in l3 dhcp metadata; do start_agent net1 "$agent" "$plugging"; done
}

# calm_notifier HOST: the program that reports changes of keepalived to Neutron logs every event of a router from several
# threads, and sometimes two of them wait forever for eventlet's lock of the log
calm_notifier() {
  in_host "$1" bash -euc 'file=/usr/lib/python3/dist-packages/neutron/agent/l3/keepalived_state_change.py
    sed -i "s/conf.set_override(.debug., True)/conf.set_override(\"debug\", False)/" "$file"
    grep -q "\"debug\", False" "$file" || { echo "$file is not as expected"; exit 1; }'
}

# start_agent HOST l3|dhcp|metadata PLUGGING-FILE
start_agent() {
  start "$1" "neutron-$2-agent" "neutron-$2-agent" "${AGENT_FILES[@]}" --config-file "/etc/neutron/$2_agent.ini" --config-file "$3"
}

# unwired HOST: ports of br-int with a plugged-in device to which the agent has not given their network's tag yet, each with
# its Neutron id
unwired() {
  # shellcheck disable=SC2016  # for the inner shell
  in_host "$1" bash -euc 'for port in $(ovs-vsctl list-ports br-int); do
    mapfile -t told < <(ovs-vsctl --if-exists get Port "$port" tag -- --if-exists get Interface "$port" ofport external_ids:iface-id)
    [[ -z ${told[2]:-} || ${told[1]} == -1 || ( ${told[0]} =~ ^[0-9]+$ && ${told[0]} != 4095 ) ]] || echo "$port ${told[2]//\"/}"
  done'
}

# wait_wired: when a server was stopped and started, port and server are ACTIVE before the agent has wired the new tap; and
# the agent may have missed that a port was bound to its host (announcing.py)
wait_wired() {
  local host ports end=$((SECONDS + 180)) announced=$SECONDS
  for host in "${CHASSIS[@]}"; do
    while ports=$(unwired "$host") && [[ -n $ports ]]; do
      ((SECONDS < end)) || { say "ports of $host that its agent does not wire:" "$ports"; return 1; }
      if ((SECONDS >= announced + 30)); then
        announced=$SECONDS
        say "$host does not wire" "${ports//$'\n'/, }"
        # shellcheck disable=SC2046  # one word a port
        /usr/bin/python3 "$HERE/announcing.py" "$CTL" "$PW" $(awk '{print $2}' <<<"$ports")
      fi
      sleep 1
    done
  done
}

# raise_taps: sometimes a running server's tap is off, with PROMISC set, because ovs-vswitchd has opened it, although Neutron
# and Nova report the port as active. Presumably the userspace datapath reads the flags before libvirt switches the tap on,
# and writes them back afterwards.
raise_taps() {
  local host raised
  for host in "${COMPUTE_HOSTS[@]}"; do
    # shellcheck disable=SC2016  # for the inner shell
    raised=$(in_host "$host" bash -euc 'for path in /sys/class/net/tap*; do
      if [[ -e $path ]] && (( ($(<"$path/flags") & 1) == 0 )); then ip link set "${path##*/}" up; echo "${path##*/}"; fi
    done')
    [[ -z $raised ]] || say "$host: switched on the taps of running servers that were off:" "${raised//$'\n'/ }"
  done
}
