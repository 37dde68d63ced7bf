#!/bin/sh
# Prints the facts of one host that hosts.py reads: one per line, words separated by tabs. Runs as root inside the host.
set -eu

# devices of a namespace ("" is the host's own): index, index of the other or lower end, master, bridge or not, MAC, ARP
# type, state, flags
# shellcheck disable=SC2016  # for the inner shell
DEVICES='
for path in /sys/class/net/*; do
  [ -e "$path/ifindex" ] || continue
  read -r index <"$path/ifindex"; read -r link <"$path/iflink"; read -r mac <"$path/address" || mac=; read -r type <"$path/type"
  read -r state <"$path/operstate"; read -r flags <"$path/flags"
  master=; [ ! -e "$path/master" ] || { master=$(readlink "$path/master"); master=${master##*/}; }
  bridge=; [ ! -d "$path/bridge" ] || bridge=bridge
  printf "device\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n" \
    "$1" "${path##*/}" "$index" "$link" "$master" "$bridge" "$mac" "$type" "$state" "$flags"
done
ip -o address show | while read -r _ name family cidr _; do printf "address\t%s\t%s\t%s\t%s\n" "$1" "$name" "$family" "$cidr"; done'

sh -c "$DEVICES" _ ""
for namespace in $(ls /run/netns 2>/dev/null || true); do
  printf 'namespace\t%s\n' "$namespace"
  ip netns exec "$namespace" sh -c "$DEVICES" _ "$namespace"
done

# veth NAME PEER NSID NAMESPACE: the peer's name if it is in this namespace, else its namespace, by number or by name
ip -o link show type veth | awk '{
  split($2, ends, "[@:]"); nsid = ""; namespace = ""
  for (i = 3; i < NF; i++) { if ($i == "link-netnsid") nsid = $(i + 1); if ($i == "link-netns") namespace = $(i + 1) }
  printf "veth\t%s\t%s\t%s\t%s\n", ends[1], ends[2], nsid, namespace
}'
ip netns list-id | sed -nE 's/^nsid ([0-9]+).*name: ([^)]+)\).*/nsid\t\1\t\2/p'

# VXLAN devices of the kernel, and their destinations
ip -d -o link show type vxlan | sed -nE 's/^[0-9]+: ([^:@]+).* vxlan id ([0-9]+) .*local ([0-9.]+) dev ([^ ]+) .*/vxlan\t\1\t\2\t\3\t\4/p'
bridge fdb show | sed -nE 's/^[^ ]+ dev ([^ ]+) dst ([0-9.]+) .*/remote\t\1\t\2/p' | sort -u

if command -v virsh >/dev/null && [ -S /run/libvirt/libvirt-sock ]; then
  for domain in $(virsh -c qemu:///system list --all --uuid); do
    printf 'domain\t%s\t%s\n' "$domain" "$(virsh -c qemu:///system domstate "$domain" | head -1)"
    virsh -c qemu:///system domiflist "$domain" | awk -v d="$domain" 'NR > 2 && NF {printf "nic\t%s\t%s\t%s\n", d, $1, $5}'
  done
fi

if [ -S /run/openvswitch/db.sock ]; then
  printf 'ovs\n'
  set --      # nine lines for every interface, in one call; a missing value, such as the tag of a bond's member, is empty
  for bridge in $(ovs-vsctl list-br); do
    printf 'port\t%s\t%s\tinternal\t\t\t\t\t\t\n' "$bridge" "$bridge"
    ports=" $(ovs-vsctl list-ports "$bridge" | tr '\n' ' ')"
    for port in $(ovs-vsctl list-ifaces "$bridge"); do
      tag="Interface $port external_ids:none" # a member of a bond, which is not a port
      case $ports in *" $port "*) tag="Port $port tag" ;; esac
      set -- "$@" -- get Interface "$port" name -- iface-to-br "$port"
      for value in "Interface $port type" "$tag" "Interface $port external_ids:iface-id" \
        "Interface $port options:peer" "Interface $port options:local_ip" "Interface $port options:remote_ip" \
        "Interface $port external_ids:ovn-installed"; do
        # shellcheck disable=SC2086  # table, record, column
        set -- "$@" -- --if-exists get $value
      done
    done
  done
  told=$([ $# = 0 ] || ovs-vsctl "$@")
  [ -z "$told" ] || printf '%s\n' "$told" | tr -d '"' | paste -d '\t' - - - - - - - - - | sed 's/^/port\t/'
  for key in ovn-encap-ip ovn-bridge-mappings system-id; do
    printf 'setting\tovs\t%s\t%s\n' "$key" "$(ovs-vsctl --if-exists get Open_vSwitch . "external_ids:$key" | tr -d '"')"
  done
  for bond in $(ovs-appctl bond/list | awk -F '\t' 'NR > 1 {print $1}'); do      # member, and whether it carries frames
    ovs-appctl bond/show "$bond" | sed -nE 's/^bond_mode: (.*)/mode\t\1/p; s/^member ([^:]+): (.*)/member\t\1\t\2/p
      s/^ +active member$/active/p' | sed "s/^/bond\t$bond\t/"
  done
fi

# floating IPs that Neutron's routers translate, or that are routed to a router
for namespace in $(ls /run/netns 2>/dev/null || true); do
  case $namespace in
    qrouter-* | snat-*) ip netns exec "$namespace" iptables-save -t nat |
      sed -nE "s/^-A neutron-l3-agent-PREROUTING -d ([0-9.]+)\/32 .*-j DNAT.*/floating\t$namespace\t\1/p" ;;
    fip-*) ip -n "$namespace" -4 route show | sed -nE "s/^([0-9.]+) via [0-9.]+ dev fpr-.*/floating\t$namespace\t\1/p" ;;
  esac
done

for agent in openvswitch linuxbridge; do
  sed -nE "s/^(local_ip|bridge_mappings|physical_interface_mappings) = (.+)/setting\t$agent\t\1\t\2/p" \
    "/etc/neutron/plugins/ml2/${agent}_agent.ini" 2>/dev/null || true
done

# the neighbours of this host's lldpd, and its own announcement
lldpcli -f keyvalue show neighbors | sed -nE 's/^lldp\.([^.]+)\.(chassis\.name|port\.descr)=(.*)/heard\t\1\t\2\t\3/p'
lldpcli -f keyvalue show chassis | sed -nE 's/^local-chassis\.chassis\.(name|mac)=(.*)/chassis\t\1\t\2/p'
