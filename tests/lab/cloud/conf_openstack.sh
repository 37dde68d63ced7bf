# shellcheck shell=bash
# Configuration of the controller's services, and of Nova and Neutron on every host.

rabbit_url() { echo "rabbit://openstack:$PW@$CTL:5672/"; }
database_url() { echo "mysql+pymysql://$1:$PW@$CTL/$2?charset=utf8"; }   # USER DATABASE

# login USER: how a service logs in to Keystone
login() { cat <<END
www_authenticate_uri = http://$CTL:5000
auth_url = http://$CTL:5000
auth_type = password
project_domain_name = Default
user_domain_name = Default
project_name = service
username = $1
password = $PW
region_name = RegionOne
END
}

# tokens USER: how a service checks tokens
tokens() { printf '[keystone_authtoken]\n%s\nmemcached_servers = %s:11211\n' "$(login "$1")" "$CTL"; }

notifications() { cat <<END
[oslo_messaging_notifications]
driver = messagingv2
topics = notifications
transport_url = $(rabbit_url)
END
}

# privileged SECTION...: one thread for each of a service's privileged helpers. With more threads, two that answer at the
# same moment deadlock in an eventlet lock ("cannot switch to a different thread"), and the service waits forever:
# this happened to Neutron's DHCP agent in one of ten labs (oslo_privsep/comm.py, ServerChannel.wlock).
privileged() { printf '[%s]\nthread_pool_size = 1\n' "$@"; }

nova_conf() { cat <<END
[DEFAULT]
my_ip = ${MGMT[$1]}
host = $1
transport_url = $(rabbit_url)
enabled_apis = osapi_compute,metadata
osapi_compute_workers = 1
metadata_workers = 1
osapi_compute_listen = 0.0.0.0
state_path = /var/lib/nova
compute_driver = libvirt.LibvirtDriver
use_stderr = true
allow_resize_to_same_host = true
ram_allocation_ratio = 4
cpu_allocation_ratio = 32
report_interval = 5
service_down_time = 40
# a guest without an operating system never answers ACPI
shutdown_timeout = 5
[api]
auth_strategy = keystone
$(tokens nova)
[service_user]
send_service_user_token = true
$(login nova)
[glance]
api_servers = http://$CTL:9292
[neutron]
$(login neutron)
service_metadata_proxy = true
metadata_proxy_shared_secret = $PW
[placement]
$(login placement)
[conductor]
workers = 1
[scheduler]
workers = 1
discover_hosts_in_cells_interval = 15
[libvirt]
virt_type = ${VIRT_TYPE:-qemu}
cpu_mode = none
num_pcie_ports = 0
[vnc]
server_listen = ${MGMT[$1]}
server_proxyclient_address = ${MGMT[$1]}
[oslo_concurrency]
lock_path = /run/lock
[notifications]
notify_on_state_change = vm_and_task_state
notification_format = both
[os_vif_ovs]
ovsdb_connection = unix:/run/openvswitch/db.sock
$(privileged nova_sys_admin vif_plug_ovs_privileged vif_plug_linux_bridge_privileged privsep_osbrick)
[oslo_policy]
policy_dirs = /nonexistent
$(notifications)
END
  [[ $1 != ctl ]] ||      # a compute must not have them
    printf '[api_database]\nconnection = %s\n[database]\nconnection = %s\n' "$(database_url nova nova_api)" "$(database_url nova nova)"
}

neutron_conf() { cat <<END
[DEFAULT]
host = $1
bind_host = 0.0.0.0
transport_url = $(rabbit_url)
core_plugin = ml2
service_plugins = $([[ $VARIANT == ovn ]] && echo ovn-router || echo router),segments$([[ $VARIANT == lxb ]] || echo ,trunk)
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
connection = $(database_url neutron neutron)
$(tokens neutron)
[nova]
$(login nova)
[placement]
$(login placement)
[oslo_concurrency]
lock_path = /run/lock
$(privileged privsep privsep_dhcp_release privsep_ovs_vsctl privsep_namespace privsep_conntrack privsep_link)
[experimental]
# Zed wants this word for the Linux bridge driver
linuxbridge = true
$(notifications)
END
}

keystone_conf() { cat <<END
[DEFAULT]
use_stderr = true
transport_url = $(rabbit_url)
notification_format = basic
[database]
connection = $(database_url keystone keystone)
[token]
provider = fernet
[cache]
enabled = true
backend = dogpile.cache.pymemcache
memcache_servers = $CTL:11211
$(notifications)
END
}

placement_conf() { cat <<END
[api]
auth_strategy = keystone
[placement_database]
connection = $(database_url placement placement)
$(tokens placement)
END
}

glance_conf() { cat <<END
[DEFAULT]
bind_host = 0.0.0.0
workers = 1
use_stderr = true
transport_url = $(rabbit_url)
enabled_backends = fs:file
[database]
connection = $(database_url glance glance)
$(tokens glance)
[paste_deploy]
flavor = keystone
[glance_store]
default_backend = fs
[fs]
filesystem_store_datadir = /var/lib/glance/images
$(notifications)
END
}

# The database exists for minutes only: its data need not survive a crash
mariadb_conf() { cat <<END
[mysqld]
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
performance_schema = off
END
}

rabbitmq_conf() { cat <<END
listeners.tcp.default = 5672
loopback_users = none
default_user = openstack
default_pass = $PW
default_user_tags.administrator = true
vm_memory_high_watermark.absolute = 1GB
disk_free_limit.absolute = 10MB
END
}

write_controller_files() {
  nova_conf ctl | put ctl /etc/nova/nova.conf
  neutron_conf ctl | put ctl /etc/neutron/neutron.conf
  ml2_conf | put ctl /etc/neutron/plugins/ml2/ml2_conf.ini
  keystone_conf | put ctl /etc/keystone/keystone.conf
  placement_conf | put ctl /etc/placement/placement.conf
  glance_conf | put ctl /etc/glance/glance-api.conf
  mariadb_conf | put ctl /etc/mysql/mariadb.conf.d/99-osl.cnf
  rabbitmq_conf | put ctl /etc/rabbitmq/rabbitmq.conf
  put ctl /etc/rabbitmq/rabbitmq-env.conf <<<$'NODENAME=rabbit@ctl\nRABBITMQ_IO_THREAD_POOL_SIZE=8'
}
