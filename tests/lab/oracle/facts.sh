#!/bin/sh
# Prints the facts of one host that hosts.py reads: a line each, words parted by tabs. Runs as root inside the host.
set -eu

# devices of a namespace ("" is the host's own): index, index of the other or lower end, master, bridge or not, MAC, ARP
# type, state, flags
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

# veth NAME PEER NSID: the peer's name when it is in this namespace, else the id of the namespace that it is in
ip -o link show type veth | sed -nE 's/^[0-9]+: ([^@:]+)@([^:]+):(.*)$/\1\t\2\t\3/p' | while IFS="$(printf '\t')" read -r name peer rest; do
  nsid=$(printf '%s' "$rest" | sed -nE 's/.* link-netnsid ([0-9]+).*/\1/p')
  nsname=$(printf '%s' "$rest" | sed -nE 's/.* link-netns ([^ ]+).*/\1/p')
  printf 'veth\t%s\t%s\t%s\t%s\n' "$name" "$peer" "$nsid" "$nsname"
done
ip netns list-id | sed -nE 's/^nsid ([0-9]+).*name: ([^)]+)\).*/nsid\t\1\t\2/p'

# VXLAN devices of the kernel, and where they send to
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
  for bridge in $(ovs-vsctl list-br); do
    printf 'port\t%s\t%s\tinternal\t\t\t\t\t\t\n' "$bridge" "$bridge"
    for port in $(ovs-vsctl list-ports "$bridge"); do
      # one call a port, in which what is not there is an empty line
      ovs-vsctl --if-exists get Interface "$port" type -- --if-exists get Port "$port" tag \
        -- --if-exists get Interface "$port" external_ids:iface-id -- --if-exists get Interface "$port" options:peer \
        -- --if-exists get Interface "$port" options:local_ip -- --if-exists get Interface "$port" options:remote_ip \
        -- --if-exists get Interface "$port" external_ids:ovn-installed |
        tr -d '"' | paste -s | sed "s/^/port\t$port\t$(ovs-vsctl port-to-br "$port")\t/"
    done
  done
  for key in ovn-encap-ip ovn-bridge-mappings system-id; do
    printf 'setting\tovs\t%s\t%s\n' "$key" "$(ovs-vsctl --if-exists get Open_vSwitch . "external_ids:$key" | tr -d '"')"
  done
fi

for agent in openvswitch linuxbridge; do
  sed -nE "s/^(local_ip|bridge_mappings|physical_interface_mappings) = (.+)/setting\t$agent\t\1\t\2/p" \
    "/etc/neutron/plugins/ml2/${agent}_agent.ini" 2>/dev/null || true
done

# what the lldpd of this host hears, and what it says of itself
lldpcli -f keyvalue show neighbors | sed -nE 's/^lldp\.([^.]+)\.(chassis\.name|port\.descr)=(.*)/heard\t\1\t\2\t\3/p'
lldpcli -f keyvalue show chassis | sed -nE 's/^local-chassis\.chassis\.(name|mac)=(.*)/chassis\t\1\t\2/p'
