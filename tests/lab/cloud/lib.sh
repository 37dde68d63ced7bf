# shellcheck shell=bash disable=SC2034,SC2153
# Common to all parts of the lab: its location, its hosts, and commands inside a host. Sourced by "lab".
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
RUN=$HERE/run                          # kept between commands: lab.json, the SSH key, openrc, collected logs
CACHE=$HERE/cache                      # kept between labs: the databases' empty schemas
LAB=${LAB:-/srv/oslab}                 # a tmpfs: every host's writable layer
LINK=osl-mgmt0                         # the calling machine's end of the management network
PW=${OSL_PASSWORD:-osl-secret}
SUDOERS=${SUDOERS:-$HERE/../../../docs/scan-account.sudoers}
CLEAN_ENVIRONMENT=(env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 TERM=dumb)

# name_hosts COMPUTES: fills CHASSIS (hosts that have networks), HOSTS (all but the switch), MGMT and TUN (addresses)
name_hosts() {
  local number
  declare -gA MGMT=([tor1]=10.77.0.2 [ctl]=10.77.0.10 [net1]=10.77.0.11) TUN=([net1]=10.78.0.11)
  CHASSIS=(net1)
  if has_two_network_nodes; then
    CHASSIS+=(net2) MGMT[net2]=10.77.0.12 TUN[net2]=10.78.0.12
  fi
  COMPUTE_HOSTS=()
  for ((number = 1; number <= $1; number++)); do
    COMPUTE_HOSTS+=("cmp$number")
    MGMT[cmp$number]=10.77.0.$((20 + number))
    TUN[cmp$number]=10.78.0.$((20 + number))
  done
  CHASSIS+=("${COMPUTE_HOSTS[@]}")
  HOSTS=(ctl "${CHASSIS[@]}")
  CTL=${MGMT[ctl]}
}

say() { printf '[%4ds] %s\n' "$SECONDS" "$*"; }
die() { printf 'lab: %s\n' "$*" >&2; exit 1; }

host_pid() { cat "$LAB/h/$1/pid"; }    # the host's PID 1, as this machine numbers it
host_lives() { [[ -s $LAB/h/$1/pid ]] && kill -0 "$(host_pid "$1")" 2>/dev/null; }
hosts_there() { find "$LAB/h" -mindepth 1 -maxdepth 1 -printf '%f\n' 2>/dev/null | sort || true; }

# in_host HOST COMMAND...: runs a command inside a host, with a clean environment
in_host() {
  local host=$1 pid
  shift
  pid=$(host_pid "$host")
  nsenter -t "$pid" -m -u -n -i -p -r -w -- "${CLEAN_ENVIRONMENT[@]}" "$@" 9>&-
}

# start HOST NAME COMMAND...: a background process inside; its log is /var/log/osl/NAME.log
start() {
  local host=$1 name=$2
  shift 2
  in_host "$host" bash -c 'name=$1; shift; cd /
    setsid "$@" >>"/var/log/osl/$name.log" 2>&1 </dev/null & echo $! >"/run/osl/$name.pid"' _ "$name" "$@"
}

# put HOST FILE: writes standard input to the file
put() { in_host "$1" bash -c 'mkdir -p "$(dirname "$1")"; cat >"$1"' _ "$2"; }

# wait_tcp HOST PORT [SECONDS]
wait_tcp() {
  local end=$((SECONDS + ${3:-150}))
  until (exec 3<>"/dev/tcp/${MGMT[$1]}/$2") 2>/dev/null; do
    ((SECONDS < end)) || { say "nothing listens on $1:$2 (${MGMT[$1]}) after ${3:-150} s"; return 1; }
    sleep 0.3
  done
}

# stable_uuid TEXT: the same text gives the same UUID
stable_uuid() { printf '%s' "osl-$1" | md5sum | sed -E 's/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*/\1-\2-4\3-8\4-\5/'; }

openrc() {
  echo "export OS_AUTH_URL=http://$CTL:5000/v3 OS_USERNAME=admin OS_PASSWORD=$PW OS_PROJECT_NAME=admin" \
    "OS_USER_DOMAIN_ID=default OS_PROJECT_DOMAIN_ID=default OS_IDENTITY_API_VERSION=3 OS_REGION_NAME=RegionOne"
}
