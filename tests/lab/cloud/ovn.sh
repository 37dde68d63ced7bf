# shellcheck shell=bash
# OVN: two databases and northd on the controller, ovn-controller on every chassis, net1 and net2 the gateways.

start_ovn_central() {
  local short root schema port
  in_host ctl bash -euc 'mkdir -p /var/lib/ovn; cd /var/lib/ovn; rm -f ./*.db
    for short in nb sb; do ovsdb-tool create ovn${short}_db.db /usr/share/ovn/ovn-$short.ovsschema; done'
  for short in nb:NB_Global:OVN_Northbound:6641 sb:SB_Global:OVN_Southbound:6642; do
    IFS=: read -r short root schema port <<<"$short"
    start ctl "ovn$short" ovsdb-server "/var/lib/ovn/ovn${short}_db.db" "--remote=punix:/run/ovn/ovn${short}_db.sock" \
      "--remote=db:$schema,$root,connections" "--unixctl=/run/ovn/ovn${short}_db.ctl" "--pidfile=/run/ovn/ovn${short}_db.pid"
    wait_socket ctl "/run/ovn/ovn${short}_db.sock"
    in_host ctl "ovn-${short}ctl" init
    # gateways must not move because cores are busy: a chassis counts as dead after 15 s of silence, not after 5
    [[ $short != nb ]] || in_host ctl ovn-nbctl set NB_Global . options:bfd-mult=15
    in_host ctl "ovn-${short}ctl" set-connection "ptcp:$port:0.0.0.0" -- set connection . inactivity_probe=60000
    wait_tcp ctl "$port" 20
  done
  start ctl ovn-northd ovn-northd --ovnnb-db=unix:/run/ovn/ovnnb_db.sock --ovnsb-db=unix:/run/ovn/ovnsb_db.sock \
    --pidfile=/run/ovn/ovn-northd.pid
  in_host ctl /usr/bin/python3 - <"$HERE/ovn_compat.py"
}

start_ovn_controller() {
  local settings=(
    "external_ids:system-id=$(stable_uuid "chassis-$1")"
    "external_ids:ovn-remote=tcp:$CTL:6642"
    external_ids:ovn-remote-probe-interval=60000
    external_ids:ovn-encap-type=geneve
    "external_ids:ovn-encap-ip=${TUN[$1]}"
    external_ids:ovn-bridge=br-int
    external_ids:ovn-bridge-datapath-type=netdev
    "external_ids:ovn-bridge-mappings=physnet1:br-ex,physnet2:br-data"
  )
  [[ $1 != net* ]] || settings+=(external_ids:ovn-cms-options=enable-chassis-as-gw)
  in_host "$1" ovs-vsctl set Open_vSwitch . "${settings[@]}"
  start "$1" ovn-controller ovn-controller unix:/run/openvswitch/db.sock --pidfile=/run/ovn/ovn-controller.pid
  # os-vif 3.0 sets br-int's datapath_type to "system" at every plug when Neutron names none, and Zed's ML2/OVN names none
  [[ $1 == net* ]] || in_host "$1" bash -euc 'file=/usr/lib/python3/dist-packages/vif_plug_ovs/ovs.py
    sed -i "s/datapath=constants.OVS_DATAPATH_SYSTEM)/datapath=constants.OVS_DATAPATH_NETDEV)/" "$file"
    grep -q "datapath=constants.OVS_DATAPATH_NETDEV)" "$file" || { echo "$file is not as expected"; exit 1; }'
}

# wait_ovn_ports: waits until every port of a running server is up on the server's host
wait_ovn_ports() {
  local end=$((SECONDS + 60)) down
  while down=$(in_host ctl ovn-sbctl --bare --columns=logical_port find Port_Binding 'type=""' 'chassis!=[]' up=false) && [[ -n $down ]]; do
    ((SECONDS < end)) || { say "ports that OVN does not have up:" "$down"; return 1; }
    sleep 1
  done
}
