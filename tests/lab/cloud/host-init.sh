#!/bin/bash
# PID 1 of one lab host: own overlay root, /run, /proc, /sys, hostname; then tini
set -e
LAB=$1 H=$2 D=$LAB/h/$2
read -r mypid _ < /proc/self/stat
R=$D/root
mount --make-rprivate /
mount -t overlay overlay -o lowerdir=/,upperdir=$D/upper,workdir=$D/work $R
mount -t tmpfs -o mode=755 tmpfs $R/run
mount -t tmpfs tmpfs $R/tmp; chmod 1777 $R/tmp
mount --rbind /dev $R/dev
mount -t proc proc $R/proc
mount -t sysfs sysfs $R/sys
hostname $H
ip link set lo up
mkdir -p $R/run/{lock,sshd,mysqld,netns,openvswitch,libvirt,nova,neutron,keystone,glance,placement,osl,lldpd} $R/var/log/osl
chmod 1777 $R/run/lock; chown mysql $R/run/mysqld; chown _lldpd:_lldpd $R/run/lldpd
mkdir -p $R/.old; pivot_root $R $R/.old; cd /
echo $mypid > /.old$D/pid
umount -l /.old
exec </dev/null >/dev/null 2>&1
exec tini -- sleep infinity
