# shellcheck shell=bash
# Reports what the machine lacks before anything is changed.
MEMORY_BASE_MB=3600 MEMORY_COMPUTE_MB=1000   # README.md has the measurements

# check_machine: needs no package of the lab
check_machine() {
  local needed=$((MEMORY_BASE_MB + COMPUTES * MEMORY_COMPUTE_MB)) there folder
  [[ $(id -u) == 0 ]] || die "must run as root: it creates namespaces, mounts and network links"
  [[ -x /usr/bin/apt-get ]] || die "this machine has no apt-get: the lab consists of Debian 12's packages (Ubuntu's may work)"
  [[ -x /usr/bin/python3 ]] || die "/usr/bin/python3 is missing: apt-get install python3"
  command -v unshare nsenter >/dev/null || die "unshare and nsenter are missing: apt-get install util-linux"
  unshare --mount --uts --net --ipc --pid --fork true 2>/dev/null ||
    die "this machine does not allow new namespaces (unshare --mount --uts --net --ipc --pid failed); in a container: run it privileged"
  { [[ -c /dev/net/tun ]] && (exec 3<>/dev/net/tun) 2>/dev/null; } ||
    die "/dev/net/tun cannot be opened: the servers' interfaces and Open vSwitch need it (modprobe tun; in a container: --device /dev/net/tun)"
  unshare --mount bash -c 'set -e; mount -t tmpfs tmpfs /mnt; mkdir /mnt/{upper,work,root}
    mount -t overlay overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work /mnt/root' 2>/dev/null ||
    die "no overlay of / on a tmpfs can be mounted, which the hosts use as file systems (modprobe overlay; in a container: run it privileged)"
  for folder in /etc /usr /var; do
    ! mountpoint -q "$folder" || die "$folder is a separate file system: the hosts, which are overlays of /, would not see its contents"
  done
  there=$(awk '/^MemAvailable/ {print int($2 / 1024)}' /proc/meminfo)
  ((there >= needed)) || die "$there MB of memory are available, COMPUTES=$COMPUTES needs about $needed MB"
}

# check_kernel: needs iproute2
check_kernel() {
  local kind
  for kind in "veth peer name other" bridge; do
    # shellcheck disable=SC2086  # words of a command
    unshare --net ip link add probe type $kind 2>/dev/null || die "this kernel cannot create ${kind%% *} links (modprobe ${kind%% *})"
  done
  [[ $VARIANT != lxb ]] || unshare --net ip link add probe type vxlan id 1 dstport 4789 2>/dev/null ||
    die "this kernel cannot create vxlan links; VARIANT=lxb needs them (modprobe vxlan), the other variants do not"
  ! ip link show "$LINK" >/dev/null 2>&1 || die "there is a link $LINK already: another lab is up in this network namespace (LAB=… names it)"
}

# install_packages: the missing packages of packages.txt; no service is started
install_packages() {
  local packages missing ours=
  mapfile -t packages < <(tr -s ' ' '\n' <"$HERE/packages.txt")
  missing=$(dpkg-query -W -f '${db:Status-Status}\n' "${packages[@]}" 2>&1 | grep -v '^installed$' || true)
  [[ -z $missing ]] || {
    say "installing Debian packages (log: $RUN/apt.log)"
    [[ -e /usr/sbin/policy-rc.d ]] || { ours=1; printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d; chmod +x /usr/sbin/policy-rc.d; }
    if ! { DEBIAN_FRONTEND=noninteractive apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
      --no-install-recommends -o DPkg::Lock::Timeout=600 -o Dpkg::Options::=--force-confold \
      -o Dpkg::Options::=--force-unsafe-io "${packages[@]}"; } >"$RUN/apt.log" 2>&1; then
      [[ -z $ours ]] || rm /usr/sbin/policy-rc.d
      tail -n 15 "$RUN/apt.log" >&2
      die "the Debian packages could not be installed (these were the last lines of $RUN/apt.log)"
    fi
    [[ -z $ours ]] || rm /usr/sbin/policy-rc.d
    say "Debian packages installed"
  }
}
