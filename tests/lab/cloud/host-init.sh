#!/bin/bash
# host-init.sh LAB HOST: PID 1 of one host: sets up its root (an overlay of /), /run, /tmp, /proc, /sys and name; then runs tini.
set -euo pipefail
folder=$1/h/$2 host=$2
root=$folder/root
read -r pid _ </proc/self/stat          # as the calling machine numbers it: its /proc is still here
mount --make-rprivate /
mount -t overlay overlay -o "lowerdir=/,upperdir=$folder/upper,workdir=$folder/work" "$root"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
hostname "$host"
ip link set lo up
cd "$root/run"
mkdir -p sshd mysqld netns openvswitch ovn libvirt nova neutron keystone glance placement osl lldpd "$root/var/log/osl"
mkdir -p -m 1777 lock
chown mysql mysqld
chown _lldpd:_lldpd lldpd
mkdir -p "$root/.old"
pivot_root "$root" "$root/.old"
cd /
echo "$pid" >"/.old$folder/pid"
umount --lazy /.old
exec </dev/null >/dev/null 2>&1
exec tini -- sleep infinity
