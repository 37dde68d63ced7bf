#!/bin/sh
# Prints facts of one host, a line each, for oracle.py; run as root through ssh.
set -e
for path in /sys/class/net/*; do
  name=$(basename $path); master=; [ -e $path/master ] && master=$(basename $(readlink -f $path/master))
  [ -e $path/ifindex ] && echo "device $name $(cat $path/ifindex) $(cat $path/iflink) ${master:--}"
done
ip -o -4 address show | while read -r _ name _ cidr _; do echo "address $name ${cidr%/*}"; done
ip -d -o link show type vxlan 2>/dev/null | sed -nE 's/^[0-9]+: ([^:@]+).* vxlan id ([0-9]+) .*local ([0-9.]+) dev ([^ ]+) .*/vxlan \1 \2 \3 \4/p'
bridge fdb show 2>/dev/null | sed -nE 's/^[^ ]+ dev ([^ ]+) dst ([0-9.]+) .*/remote \1 \2/p' | sort -u
if command -v virsh >/dev/null && [ -S /run/libvirt/libvirt-sock ]; then
  for domain in $(virsh -c qemu:///system list --all --uuid); do
    virsh -c qemu:///system domiflist $domain | awk -v d=$domain 'NR>2 && NF {print "domain", d, $1, $5}'
  done
fi
if [ -S /run/openvswitch/db.sock ]; then
  for bridge in $(ovs-vsctl list-br); do for port in $(ovs-vsctl list-ports $bridge); do
    echo "ovs $port $bridge $(ovs-vsctl get port $port tag) $(ovs-vsctl get interface $port type)"; done; echo "ovs $bridge $bridge [] internal"; done
  for port in $(ovs-vsctl --bare --columns=name find interface type=vxlan); do
    echo "tunnel $port $(ovs-vsctl get interface $port options:local_ip options:remote_ip | tr -d '"' | tr '\n' ' ' | sed 's/ $//')"
  done
fi
lldpcli -f keyvalue show neighbors 2>/dev/null | sed -nE 's/^lldp\.(eth[0-9]+)\.(chassis\.name|port\.descr)=(.*)/lldp \1 \2 \3/p'
for ns in $(ip netns list | cut -d' ' -f1); do
  ip netns exec $ns sh -c 'ip -o link show' | sed -nE "s/^[0-9]+: ([^:@]+)(@if([0-9]+))?:.* link\/ether ([0-9a-f:]+) .*/inside $ns \1 \4 \3/p"
done
cat /etc/neutron/plugins/ml2/openvswitch_agent.ini 2>/dev/null | sed -nE 's/^bridge_mappings = ([^:]+):(.+)/mapping \1 \2/p'
