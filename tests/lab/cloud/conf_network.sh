# shellcheck shell=bash
# Configuration of ML2, of the network agents and of libvirt, for each variant.

ml2_conf() {
  local tunnels=vxlan drivers=openvswitch,l2population
  case $VARIANT in
    lxb) drivers=linuxbridge,l2population ;;
    ovn) drivers=ovn tunnels=geneve ;;
  esac
  cat <<END
[ml2]
type_drivers = flat,vlan,$tunnels,local
tenant_network_types = $tunnels
mechanism_drivers = $drivers
extension_drivers = port_security
overlay_ip_version = 4
[ml2_type_flat]
flat_networks = physnet1,physnet2
[ml2_type_vlan]
network_vlan_ranges = physnet1,physnet2
[ml2_type_vxlan]
vni_ranges = 1:1000
[ml2_type_geneve]
vni_ranges = 1:65536
max_header_size = 38
[securitygroup]
enable_security_group = true
END
  [[ $VARIANT != ovn ]] || cat <<END
[ovn]
ovn_nb_connection = tcp:$CTL:6641
ovn_sb_connection = tcp:$CTL:6642
ovn_metadata_enabled = true
ovn_l3_scheduler = leastloaded
enable_distributed_floating_ip = $(has_distributed_floating_ips && echo true || echo false)
END
}

linuxbridge_conf() { cat <<END
[linux_bridge]
physical_interface_mappings = physnet1:$(has_bridges_in_a_row "$1" && echo eth12 || echo eth2),physnet2:eth3
[vxlan]
enable_vxlan = true
local_ip = ${TUN[$1]}
l2_population = true
[agent]
prevent_arp_spoofing = true
[securitygroup]
enable_security_group = true
firewall_driver = iptables
END
}

openvswitch_conf() { cat <<END
[ovs]
integration_bridge = br-int
tunnel_bridge = br-tun
local_ip = ${TUN[$1]}
bridge_mappings = physnet1:br-ex,physnet2:br-data
datapath_type = netdev
ovsdb_connection = unix:/run/openvswitch/db.sock
of_listen_address = 127.0.0.1
[agent]
tunnel_types = vxlan
l2_population = true
arp_responder = false
enable_distributed_routing = $([[ $VARIANT == ovs-dvr ]] && echo true || echo false)
[securitygroup]
enable_security_group = true
firewall_driver = $([[ $VARIANT == ovs-nativefw || $VARIANT == ovs-dvr ]] && echo openvswitch || echo iptables_hybrid)
END
}

# plugging_conf: the common settings of the L3 and the DHCP agent
plugging_conf() { cat <<END
[DEFAULT]
interface_driver = $([[ $VARIANT == lxb ]] && echo linuxbridge || echo openvswitch)
$1
[ovs]
ovsdb_connection = unix:/run/openvswitch/db.sock
END
}

metadata_conf() { cat <<END
[DEFAULT]
nova_metadata_host = $CTL
metadata_proxy_shared_secret = $PW
metadata_workers = 1
[ovs]
ovsdb_connection = unix:/run/openvswitch/db.sock
[ovn]
ovn_sb_connection = tcp:$CTL:6642
END
}

libvirtd_conf() { cat <<END
auth_unix_ro = "none"
auth_unix_rw = "none"
unix_sock_rw_perms = "0770"
host_uuid = "$(stable_uuid "$1")"
END
}

# No cgroups, no security driver, no further mount namespaces: the host is already in namespaces
qemu_conf() { cat <<END
user = "root"
group = "root"
security_driver = "none"
remember_owner = 0
namespaces = []
cgroup_controllers = []
stdio_handler = "file"
END
}

write_chassis_files() {
  local host
  for host in "${CHASSIS[@]}"; do
    neutron_conf "$host" | put "$host" /etc/neutron/neutron.conf
    linuxbridge_conf "$host" | put "$host" /etc/neutron/plugins/ml2/linuxbridge_agent.ini
    openvswitch_conf "$host" | put "$host" /etc/neutron/plugins/ml2/openvswitch_agent.ini
    plugging_conf "agent_mode = $(l3_mode "$host")" | put "$host" /etc/neutron/l3_agent.ini
    plugging_conf 'enable_isolated_metadata = true' | put "$host" /etc/neutron/dhcp_agent.ini
    metadata_conf | put "$host" /etc/neutron/metadata_agent.ini
    metadata_conf | put "$host" /etc/neutron/neutron_ovn_metadata_agent.ini
    [[ $VARIANT != lxb ]] || { put "$host" /usr/local/sbin/ebtables <"$HERE/ebtables.sh"; in_host "$host" chmod +x /usr/local/sbin/ebtables; }
  done
  for host in "${COMPUTE_HOSTS[@]}"; do
    nova_conf "$host" | put "$host" /etc/nova/nova.conf
    put "$host" /etc/nova/nova-compute.conf <<<'[DEFAULT]'
    libvirtd_conf "$host" | put "$host" /etc/libvirt/libvirtd.conf
    qemu_conf | put "$host" /etc/libvirt/qemu.conf
  done
}
