# common definitions of the OpenStack lab (sourced)
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
LAB=${LAB:-/srv/oslab}                 # a tmpfs: every host's writable layer
VARIANT=${VARIANT:-lb}                 # lb | ovs
PW=${OSL_PASSWORD:-osl-secret}
SUDOERS=${SUDOERS:-$HERE/../../../docs/scan-account.sudoers}
HOSTS="ctl net1 cmp1 cmp2 cmp3"
declare -A MGMT=([ctl]=10.77.0.10 [net1]=10.77.0.11 [cmp1]=10.77.0.21 [cmp2]=10.77.0.22 [cmp3]=10.77.0.23)
declare -A TUN=([net1]=10.78.0.11 [cmp1]=10.78.0.21 [cmp2]=10.78.0.22 [cmp3]=10.78.0.23)
CTL=${MGMT[ctl]}
CLEANENV="env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 TERM=dumb"
say() { printf '%s [%4ds] %s\n' "$(date +%T)" "$SECONDS" "$*"; }
hpid() { cat "$LAB/h/$1/pid"; }
inhost() { local h=$1; shift; nsenter -t "$(hpid "$h")" -m -u -n -i -p -r -w -- $CLEANENV "$@"; }
# start HOST NAME COMMAND...  : a background process in that host, log in /var/log/osl/NAME.log
start() { local h=$1 n=$2; shift 2
  inhost "$h" bash -c 'n=$1; shift; mkdir -p /run/osl /var/log/osl; cd /
    setsid "$@" >>/var/log/osl/$n.log 2>&1 </dev/null & echo $! >/run/osl/$n.pid' _ "$n" "$@"; }
put() { inhost "$1" bash -c 'mkdir -p "$(dirname "$1")"; cat > "$1"' _ "$2"; }   # stdin -> file in host
wait_tcp() { local h=$1 port=$2 t=${3:-120}; local end=$((SECONDS+t))
  until (exec 3<>/dev/tcp/${MGMT[$h]}/$port) 2>/dev/null; do [ $SECONDS -lt $end ] || { say "TIMEOUT waiting for $h:$port"; return 1; }; sleep 0.3; done; }
rc() { cat <<EOF
export OS_AUTH_URL=http://$CTL:5000/v3 OS_USERNAME=admin OS_PASSWORD=$PW OS_PROJECT_NAME=admin OS_USER_DOMAIN_ID=default OS_PROJECT_DOMAIN_ID=default OS_IDENTITY_API_VERSION=3 OS_REGION_NAME=RegionOne
EOF
}
hostuuid() { printf '%s' "osl-$1" | md5sum | sed -E 's/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*/\1-\2-4\3-8\4-\5/'; }
