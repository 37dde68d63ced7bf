#!/bin/bash
# Brings up the lab: VARIANT=lb (Linux bridge agents, kernel VXLAN) or VARIANT=ovs (Open vSwitch agents, userspace
# datapath; OVS_FW=iptables_hybrid, the default, or openvswitch). See README.md.
set -u
. "$(dirname "$0")/lib.sh"; . "$HERE/conf.sh"
SECONDS=0; mkdir -p $HERE/run $HERE/cache
MEM0=$(awk '/MemAvailable/{print int($2/1024)}' /proc/meminfo)
# ---------- packages
if ! dpkg -s $(cat $HERE/packages.txt) tini >/dev/null 2>&1; then
  say "installing packages"
  export DEBIAN_FRONTEND=noninteractive
  [ -e /usr/sbin/policy-rc.d ] || { printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d; chmod +x /usr/sbin/policy-rc.d; }
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=600 -o Dpkg::Options::=--force-confold \
     -o Dpkg::Options::=--force-unsafe-io $(cat $HERE/packages.txt) tini > $HERE/run/apt.log 2>&1 || { tail $HERE/run/apt.log; exit 1; }
  say "packages installed"
fi
T_INSTALL=$SECONDS
[ -e $HERE/run/id_ed25519 ] || ssh-keygen -q -t ed25519 -N '' -f $HERE/run/id_ed25519
# ---------- hosts
if mountpoint -q $LAB; then say "lab already up? run down.sh first"; exit 1; fi
mkdir -p $LAB; mount -t tmpfs -o size=10g,mode=755 tmpfs $LAB
# tor1 plays the switch of the lab: three bridges (management, tunnel, provider); it speaks LLDP as a real one does
newhost() { mkdir -p $LAB/h/$1/{upper,work,root}
  unshare --mount --uts --net --ipc --pid --fork --propagation private setsid bash $HERE/host-init.sh $LAB $1 >$LAB/h/$1/init.log 2>&1 & }
for h in tor1 $HOSTS; do newhost $h; done
for h in tor1 $HOSTS; do
  for i in $(seq 200); do [ -s $LAB/h/$h/pid ] && break; sleep 0.05; done
  [ -s $LAB/h/$h/pid ] || { echo "host $h did not start"; cat $LAB/h/$h/init.log; exit 1; }
done
TP=$(hpid tor1); F="inhost tor1"
$F sysctl -qw net.bridge.bridge-nf-call-iptables=0 net.bridge.bridge-nf-call-ip6tables=0 2>/dev/null
for b in br-mgmt br-tunnel br-prov; do $F ip link add $b type bridge; $F ip link set $b up; done
$F ip addr add 10.77.0.2/24 dev br-mgmt; $F ip addr add 203.0.113.1/24 dev br-prov
ip link add osl-mgmt0 type veth peer name main netns $TP || exit 1
ip addr add 10.77.0.1/24 dev osl-mgmt0; ip link set osl-mgmt0 up
$F ip link set main master br-mgmt up
for h in $HOSTS; do
  p=$(hpid $h)
  $F ip link add m-$h type veth peer name xeth0; $F ip link set m-$h master br-mgmt up; nsenter -t $TP -n ip link set xeth0 netns $p name eth0
  inhost $h ip addr add ${MGMT[$h]}/24 dev eth0; inhost $h ip link set eth0 up; inhost $h ip route add default via 10.77.0.1
  if [ $h != ctl ]; then
    $F ip link add t-$h type veth peer name xeth1; $F ip link set t-$h master br-tunnel up; nsenter -t $TP -n ip link set xeth1 netns $p name eth1
    $F ip link add p-$h type veth peer name xeth2; $F ip link set p-$h master br-prov up; nsenter -t $TP -n ip link set xeth2 netns $p name eth2
    inhost $h ip addr add ${TUN[$h]}/24 dev eth1; inhost $h ip link set eth1 up; inhost $h ip link set eth2 up
  fi
done
write_confs
say "hosts made"
for h in $HOSTS; do start $h sshd /usr/sbin/sshd -D -e; done
for h in tor1 $HOSTS; do start $h lldpd /usr/sbin/lldpd -d; done
# ---------- database, message bus
inhost ctl bash -c 'mkdir -p /var/lib/osl-mysql; chown mysql: /var/lib/osl-mysql; mariadb-install-db --user=mysql --datadir=/var/lib/osl-mysql --auth-root-authentication-method=socket --skip-test-db >/var/log/osl/mysql-install.log 2>&1'
start ctl mariadb /usr/sbin/mariadbd --user=mysql
start ctl memcached memcached -u memcache -m 64 -l 0.0.0.0
inhost ctl bash -c 'rm -rf /var/lib/rabbitmq/mnesia; chown -R rabbitmq: /var/lib/rabbitmq'
start ctl rabbitmq /usr/sbin/rabbitmq-server
wait_tcp ctl 3306 || exit 1
for d in keystone:keystone placement:placement glance:glance nova_api:nova nova:nova nova_cell0:nova neutron:neutron; do
  echo "CREATE DATABASE IF NOT EXISTS ${d%:*} CHARACTER SET utf8; GRANT ALL ON ${d%:*}.* TO '${d#*:}'@'%' IDENTIFIED BY '$PW';"
done | inhost ctl mariadb
echo "CREATE USER IF NOT EXISTS 'scan'@'%' IDENTIFIED BY '$PW'; GRANT SELECT ON *.* TO 'scan'@'%';" | inhost ctl mariadb
say "mariadb up"
# ---------- schemas (from the cache when one of the same package versions is there)
VER=$(dpkg-query -W -f '${Version}\n' keystone nova-api neutron-common placement-api glance-api mariadb-server | { cat; echo "$PW$CTL"; } | md5sum | cut -c1-12)
DUMP=$HERE/cache/schema-$VER.sql.gz
if [ -s $DUMP ] && [ -z "${NOCACHE:-}" ]; then
  zcat $DUMP | inhost ctl mariadb; say "schemas loaded from the cache"
else
  ( inhost ctl keystone-manage db_sync; inhost ctl placement-manage db sync; inhost ctl glance-manage db_sync; say "keystone placement glance schemas" ) >$LAB/sync1.log 2>&1 &
  s1=$!
  ( inhost ctl nova-manage api_db sync; inhost ctl nova-manage cell_v2 map_cell0 --database_connection "$(db nova nova_cell0)"
    inhost ctl nova-manage cell_v2 create_cell --name=cell1 --verbose; inhost ctl nova-manage db sync; say "nova schemas" ) >$LAB/sync2.log 2>&1 &
  s2=$!
  inhost ctl neutron-db-manage --config-file /etc/neutron/neutron.conf --config-file /etc/neutron/plugins/ml2/ml2_conf.ini upgrade heads >$LAB/sync3.log 2>&1 || tail -3 $LAB/sync3.log
  wait $s1 $s2
  say "schemas made"
  inhost ctl mariadb-dump --databases keystone placement glance nova_api nova nova_cell0 neutron --skip-comments | gzip > $DUMP
fi
# ---------- keystone
inhost ctl bash -c 'keystone-manage fernet_setup --keystone-user root --keystone-group root; keystone-manage credential_setup --keystone-user root --keystone-group root' >$LAB/fernet.log 2>&1
inhost ctl keystone-manage bootstrap --bootstrap-password $PW --bootstrap-admin-url http://$CTL:5000/v3/ --bootstrap-internal-url http://$CTL:5000/v3/ --bootstrap-public-url http://$CTL:5000/v3/ --bootstrap-region-id RegionOne >$LAB/bootstrap.log 2>&1
UW=(uwsgi --plugins python3 --master --die-on-term --buffer-size 65535 --thunder-lock --lazy-apps --enable-threads --post-buffering 65535 --add-header 'Connection: close' --processes)
start ctl keystone "${UW[@]}" 2 --http-socket :5000 --wsgi-file /usr/bin/keystone-wsgi-public
wait_tcp ctl 5000; wait_tcp ctl 5672 || exit 1
for i in $(seq 60); do curl -so /dev/null http://$CTL:5000/v3 && break; sleep 0.5; done
say "keystone and rabbitmq up"
/usr/bin/python3 $HERE/bootstrap.py $CTL $PW || exit 1
say "users and endpoints made"
# ---------- the other controllers' services
start ctl placement "${UW[@]}" 1 --http-socket :8778 --wsgi-file /usr/bin/placement-api
start ctl nova-conductor nova-conductor
start ctl neutron-server neutron-server --config-file /etc/neutron/neutron.conf --config-file /etc/neutron/plugins/ml2/ml2_conf.ini
start ctl nova-api nova-api
start ctl glance-api glance-api
start ctl nova-scheduler nova-scheduler
# ---------- network and compute hosts
for h in net1 cmp1 cmp2 cmp3; do
  if [ $VARIANT = ovs ]; then
    inhost $h bash -c 'rm -f /etc/openvswitch/conf.db; mkdir -p /etc/openvswitch; ovsdb-tool create /etc/openvswitch/conf.db /usr/share/openvswitch/vswitch.ovsschema'
    start $h ovsdb-server ovsdb-server /etc/openvswitch/conf.db --remote=punix:/run/openvswitch/db.sock --remote=db:Open_vSwitch,Open_vSwitch,manager_options --pidfile=/run/openvswitch/ovsdb-server.pid
    inhost $h bash -c 'for i in $(seq 50); do [ -S /run/openvswitch/db.sock ] && break; sleep 0.1; done; ovs-vsctl --no-wait init -- set Open_vSwitch . external_ids:hostname=$(hostname) external_ids:system-id=osl-$(hostname) ovs_version=3.1.0 db_version=8.3.1'
    start $h ovs-vswitchd ovs-vswitchd unix:/run/openvswitch/db.sock --pidfile=/run/openvswitch/ovs-vswitchd.pid
    inhost $h bash -c "ovs-vsctl add-br br-ex -- set bridge br-ex datapath_type=netdev -- add-port br-ex eth2; ip link set br-ex up
      ovs-vsctl add-br br-vtep -- set bridge br-vtep datapath_type=netdev other-config:hwaddr=\$(cat /sys/class/net/eth1/address) -- add-port br-vtep eth1
      ip addr flush dev eth1; ip addr add ${TUN[$h]}/24 dev br-vtep; ip link set br-vtep up"
  fi
  case $h in cmp*) start $h virtlogd virtlogd; start $h libvirtd libvirtd;; esac
done
wait_tcp ctl 9696 180
say "neutron-server listens"
for h in net1 cmp1 cmp2 cmp3; do
  if [ $VARIANT = lb ]; then start $h neutron-linuxbridge-agent neutron-linuxbridge-agent --config-file /etc/neutron/neutron.conf --config-file /etc/neutron/plugins/ml2/linuxbridge_agent.ini
  else start $h neutron-openvswitch-agent neutron-openvswitch-agent --config-file /etc/neutron/neutron.conf --config-file /etc/neutron/plugins/ml2/openvswitch_agent.ini; fi
  case $h in cmp*) start $h nova-compute nova-compute --config-file /etc/nova/nova.conf --config-file /etc/nova/nova-compute.conf;; esac
done
L2INI=/etc/neutron/plugins/ml2/$([ $VARIANT = lb ] && echo linuxbridge || echo openvswitch)_agent.ini
start net1 neutron-l3-agent neutron-l3-agent --config-file /etc/neutron/neutron.conf --config-file /etc/neutron/l3_agent.ini --config-file $L2INI
start net1 neutron-dhcp-agent neutron-dhcp-agent --config-file /etc/neutron/neutron.conf --config-file /etc/neutron/dhcp_agent.ini --config-file $L2INI
start net1 neutron-metadata-agent neutron-metadata-agent --config-file /etc/neutron/neutron.conf --config-file /etc/neutron/metadata_agent.ini
wait_tcp ctl 8774; wait_tcp ctl 9292; wait_tcp ctl 8778
say "APIs listen"
/usr/bin/python3 $HERE/waitready.py $CTL $PW 3 || exit 1
inhost ctl nova-manage cell_v2 discover_hosts --by-service >$LAB/discover.log 2>&1
rc > $HERE/run/openrc
MEM1=$(awk '/MemAvailable/{print int($2/1024)}' /proc/meminfo)
say "UP variant=$VARIANT install=${T_INSTALL}s start=$((SECONDS-T_INSTALL))s memory=$((MEM0-MEM1))MB layer=$(du -sm $LAB/h/*/upper 2>/dev/null | awk '{s+=$1}END{print s}')MB"
