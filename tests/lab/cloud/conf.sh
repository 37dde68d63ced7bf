# writes every configuration file into the hosts' own layers (sourced by up.sh)
RABBIT="rabbit://openstack:$PW@$CTL:5672/"
db() { echo "mysql+pymysql://$1:$PW@$CTL/$2?charset=utf8"; }
ksauth() { cat <<EOF
www_authenticate_uri = http://$CTL:5000
auth_url = http://$CTL:5000
auth_type = password
project_domain_name = Default
user_domain_name = Default
project_name = service
username = $1
password = $PW
region_name = RegionOne
EOF
}
notif() { cat <<EOF
[oslo_messaging_notifications]
driver = messagingv2
topics = notifications
transport_url = $RABBIT
EOF
}
nova_conf() { # host
cat <<EOF
[DEFAULT]
my_ip = ${MGMT[$1]}
host = $1
transport_url = $RABBIT
enabled_apis = osapi_compute,metadata
osapi_compute_workers = 1
metadata_workers = 1
osapi_compute_listen = 0.0.0.0
state_path = /var/lib/nova
compute_driver = libvirt.LibvirtDriver
debug = false
use_stderr = true
allow_resize_to_same_host = true
ram_allocation_ratio = 4
cpu_allocation_ratio = 32
report_interval = 5
shutdown_timeout = 5
service_down_time = 40
[api]
auth_strategy = keystone
$([ $1 = ctl ] && printf '[api_database]\nconnection = %s\n[database]\nconnection = %s\n' "$(db nova nova_api)" "$(db nova nova)")
[keystone_authtoken]
$(ksauth nova)
memcached_servers = $CTL:11211
[service_user]
send_service_user_token = true
$(ksauth nova)
[glance]
api_servers = http://$CTL:9292
[neutron]
$(ksauth neutron)
service_metadata_proxy = true
metadata_proxy_shared_secret = $PW
[placement]
$(ksauth placement)
[conductor]
workers = 1
[scheduler]
workers = 1
discover_hosts_in_cells_interval = 15
[libvirt]
virt_type = ${VIRT_TYPE:-qemu}
cpu_mode = ${CPU_MODE:-none}
num_pcie_ports = 0
[vnc]
enabled = true
server_listen = ${MGMT[$1]}
server_proxyclient_address = ${MGMT[$1]}
novncproxy_base_url = http://$CTL:6080/vnc_auto.html
[oslo_concurrency]
lock_path = /run/lock
[notifications]
notify_on_state_change = vm_and_task_state
notification_format = both
[os_vif_ovs]
ovsdb_connection = unix:/run/openvswitch/db.sock
[oslo_policy]
policy_dirs = /nonexistent
$(notif)
EOF
}
neutron_conf() { # host
cat <<EOF
[DEFAULT]
host = $1
bind_host = 0.0.0.0
transport_url = $RABBIT
core_plugin = ml2
service_plugins = router,segments
auth_strategy = keystone
api_workers = 1
rpc_workers = 1
rpc_state_report_workers = 1
notify_nova_on_port_status_changes = true
notify_nova_on_port_data_changes = true
allow_overlapping_ips = true
dhcp_agents_per_network = 1
agent_down_time = 45
state_path = /var/lib/neutron
use_stderr = true
[agent]
report_interval = 10
root_helper = sudo /usr/bin/neutron-rootwrap /etc/neutron/rootwrap.conf
root_helper_daemon = sudo /usr/bin/neutron-rootwrap-daemon /etc/neutron/rootwrap.conf
[database]
connection = $(db neutron neutron)
[keystone_authtoken]
$(ksauth neutron)
memcached_servers = $CTL:11211
[nova]
$(ksauth nova)
[placement]
$(ksauth placement)
[oslo_concurrency]
lock_path = /run/lock
[experimental]
linuxbridge = true
$(notif)
EOF
}
ml2_conf() {
cat <<EOF
[ml2]
type_drivers = flat,vlan,vxlan,gre,local
tenant_network_types = vxlan
mechanism_drivers = $([ $VARIANT = lb ] && echo linuxbridge || echo openvswitch),l2population
extension_drivers = port_security
[ml2_type_flat]
flat_networks = physnet1
[ml2_type_vlan]
network_vlan_ranges = physnet1:100:199
[ml2_type_vxlan]
vni_ranges = 1:1000
[ml2_type_gre]
tunnel_id_ranges = 1:1000
[securitygroup]
enable_security_group = true
EOF
}
lb_conf() { cat <<EOF
[linux_bridge]
physical_interface_mappings = physnet1:eth2
[vxlan]
enable_vxlan = true
local_ip = ${TUN[$1]}
l2_population = true
[agent]
prevent_arp_spoofing = true
[securitygroup]
enable_security_group = true
firewall_driver = iptables
EOF
}
ovs_conf() { cat <<EOF
[ovs]
integration_bridge = br-int
tunnel_bridge = br-tun
local_ip = ${TUN[$1]}
bridge_mappings = physnet1:br-ex
datapath_type = netdev
ovsdb_connection = unix:/run/openvswitch/db.sock
of_listen_address = 127.0.0.1
[agent]
tunnel_types = vxlan
l2_population = true
arp_responder = false
[securitygroup]
enable_security_group = true
firewall_driver = ${OVS_FW:-iptables_hybrid}
EOF
}
IFDRV() { [ $VARIANT = lb ] && echo linuxbridge || echo openvswitch; }
write_confs() {
  local h
  for h in $HOSTS; do
    { echo "127.0.0.1 localhost"; for x in $HOSTS; do echo "${MGMT[$x]} $x"; done; } | put $h /etc/hosts
    put $h /etc/sudoers.d/osl <<< 'Defaults !requiretty, !use_pty'; inhost $h chmod 440 /etc/sudoers.d/osl
    nova_conf $h | put $h /etc/nova/nova.conf
    neutron_conf $h | put $h /etc/neutron/neutron.conf
    ml2_conf | put $h /etc/neutron/plugins/ml2/ml2_conf.ini
    # sshd: key and password login as root
    inhost $h bash -c "mkdir -p /root/.ssh; chmod 700 /root/.ssh; echo root:$PW | chpasswd"
    put $h /root/.ssh/authorized_keys < $HERE/run/id_ed25519.pub
    put $h /root/.bashrc < /dev/null   # what the machine has there (pyenv, say) would run at every login
    put $h /etc/ssh/sshd_config.d/osl.conf <<< $'PermitRootLogin yes\nPasswordAuthentication yes\nUseDNS no\nUsePAM no\nMaxStartups 100\nMaxSessions 100'
    # the scan account: with the sudo rules that the documentation gives, and no more
    inhost $h bash -c "id scanner >/dev/null 2>&1 || useradd -m -s /bin/bash scanner; echo scanner:$PW | chpasswd; mkdir -p /home/scanner/.ssh; cp /root/.ssh/authorized_keys /home/scanner/.ssh/; chown -R scanner: /home/scanner/.ssh; chmod 700 /home/scanner/.ssh"
    put $h /etc/sudoers.d/scanner < $SUDOERS; inhost $h chmod 440 /etc/sudoers.d/scanner
    rc | put $h /root/openrc
  done
  for h in net1 cmp1 cmp2 cmp3; do
    lb_conf $h | put $h /etc/neutron/plugins/ml2/linuxbridge_agent.ini
    ovs_conf $h | put $h /etc/neutron/plugins/ml2/openvswitch_agent.ini
    put $h /etc/neutron/l3_agent.ini <<< "[DEFAULT]
interface_driver = $(IFDRV)
[ovs]
ovsdb_connection = unix:/run/openvswitch/db.sock"
    put $h /etc/neutron/dhcp_agent.ini <<< "[DEFAULT]
interface_driver = $(IFDRV)
enable_isolated_metadata = true
[ovs]
ovsdb_connection = unix:/run/openvswitch/db.sock"
    put $h /etc/neutron/metadata_agent.ini <<< "[DEFAULT]
nova_metadata_host = $CTL
metadata_proxy_shared_secret = $PW
metadata_workers = 1"
  done
  for h in cmp1 cmp2 cmp3; do
    put $h /etc/nova/nova-compute.conf <<< "[DEFAULT]"
    put $h /etc/libvirt/libvirtd.conf <<< "auth_unix_ro = \"none\"
auth_unix_rw = \"none\"
unix_sock_rw_perms = \"0770\"
host_uuid = \"$(printf '%s' "osl-$h" | md5sum | sed -E 's/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*/\1-\2-4\3-8\4-\5/')\""
    put $h /etc/libvirt/qemu.conf <<< 'user = "root"
group = "root"
security_driver = "none"
remember_owner = 0
namespaces = []
cgroup_controllers = []
stdio_handler = "file"'
  done
  put ctl /etc/mysql/mariadb.conf.d/99-osl.cnf <<< "[mysqld]
datadir = /var/lib/osl-mysql
socket = /run/mysqld/mysqld.sock
bind-address = 0.0.0.0
max_connections = 2000
skip-name-resolve
innodb_flush_log_at_trx_commit = 0
innodb_doublewrite = 0
innodb_flush_method = nosync
innodb_buffer_pool_size = 256M
innodb_log_file_size = 64M
performance_schema = off"
  put ctl /etc/rabbitmq/rabbitmq.conf <<< "listeners.tcp.default = 5672
loopback_users = none
default_user = openstack
default_pass = $PW
default_user_tags.administrator = true
vm_memory_high_watermark.absolute = 1GB
disk_free_limit.absolute = 10MB"
  put ctl /etc/rabbitmq/rabbitmq-env.conf <<< "NODENAME=rabbit@ctl
RABBITMQ_IO_THREAD_POOL_SIZE=8"
  put ctl /etc/keystone/keystone.conf <<< "[DEFAULT]
use_stderr = true
transport_url = $RABBIT
notification_format = basic
[database]
connection = $(db keystone keystone)
[token]
provider = fernet
[cache]
enabled = true
backend = dogpile.cache.pymemcache
memcache_servers = $CTL:11211
$(notif)"
  put ctl /etc/placement/placement.conf <<< "[api]
auth_strategy = keystone
[placement_database]
connection = $(db placement placement)
[keystone_authtoken]
$(ksauth placement)
memcached_servers = $CTL:11211"
  put ctl /etc/glance/glance-api.conf <<< "[DEFAULT]
bind_host = 0.0.0.0
workers = 1
use_stderr = true
transport_url = $RABBIT
enabled_backends = fs:file
[database]
connection = $(db glance glance)
[keystone_authtoken]
$(ksauth glance)
memcached_servers = $CTL:11211
[paste_deploy]
flavor = keystone
[glance_store]
default_backend = fs
[fs]
filesystem_store_datadir = /var/lib/glance/images
$(notif)"
}
