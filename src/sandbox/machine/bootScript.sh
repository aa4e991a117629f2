# shellcheck shell=bash
# Becomes process 1 of the sandbox's namespaces, and then systemd.
# $1 an empty directory to mount on, $2 the control group, then pairs of what is shown where.
#
# The machine's own /tmp and /var are visible inside. So systemd is shown only the stock units named here, and no
# tmpfiles.d at all: systemd-tmpfiles would empty /tmp at boot. No generators, for they read the machine's fstab.
set -eu
[ $$ = 1 ] || exit 1
if [ "$1" != inside ]; then
  echo 0 >"$2/inner/cgroup.procs"
  exec unshare --cgroup /bin/bash "$0" inside "$@"
fi
shift
MNT=$1 STOCK=/lib/systemd/system
shift 2
# /run comes first: mount(8) writes below it.
mount -n -t tmpfs -o mode=755,nosuid,nodev tmpfs /run
mount -t proc proc /proc
for f in /proc/sys /proc/sysrq-trigger; do
  [ ! -e "$f" ] || { mount --bind "$f" "$f"; mount -o remount,bind,ro "$f"; }
done
mount -t cgroup2 cgroup2 /sys/fs/cgroup
# A /dev without console, kernel log and disks.
mount -t tmpfs -o mode=755,nosuid tmpfs "$MNT"
while read -r name major minor; do mknod -m 666 "$MNT/$name" c "$major" "$minor"; done <<'DEVICES'
null 1 3
zero 1 5
full 1 7
random 1 8
urandom 1 9
tty 5 0
DEVICES
mkdir "$MNT/pts" "$MNT/shm"
mount --rbind /dev/pts "$MNT/pts"
mount -t tmpfs -o mode=1777 tmpfs "$MNT/shm"
ln -s pts/ptmx "$MNT/ptmx"
ln -s /proc/self/fd "$MNT/fd"
ln -s /proc/self/fd/0 "$MNT/stdin"
ln -s /proc/self/fd/1 "$MNT/stdout"
ln -s /proc/self/fd/2 "$MNT/stderr"
mount --move "$MNT" /dev
for d in /usr/lib/tmpfiles.d /etc/tmpfiles.d; do
  [ ! -d "$d" ] || mount -t tmpfs -o ro tmpfs "$d"
done
# Here systemd would leave the time stamps of timers behind, on the machine itself.
[ ! -d /var/lib/systemd ] || mount -t tmpfs -o mode=755 tmpfs /var/lib/systemd
mount -t tmpfs -o mode=755 tmpfs "$MNT"
for u in basic sysinit sockets timers paths slices local-fs remote-fs swap multi-user network \
  network-online nss-lookup shutdown umount final; do
  cp -P "$STOCK/$u.target" "$MNT/"
done
for u in systemd-journald.service systemd-journald.socket systemd-journald-dev-log.socket; do
  [ ! -e "$STOCK/$u" ] || cp -P "$STOCK/$u" "$MNT/"
done
mkdir "$MNT/sysinit.target.wants" "$MNT/sockets.target.wants"
ln -s ../systemd-journald.service "$MNT/sysinit.target.wants/"
ln -s ../systemd-journald.socket ../systemd-journald-dev-log.socket "$MNT/sockets.target.wants/"
mount --move "$MNT" "$STOCK"
while [ $# -ge 2 ]; do
  if [ -d "$1" ]; then mkdir -p "$2"; else [ -e "$2" ] || { mkdir -p "${2%/*}"; : >"$2"; }; fi
  mount --bind "$1" "$2"
  shift 2
done
mkdir -p /run/lock /run/systemd/system /run/systemd/system.conf.d /run/systemd/journald.conf.d
cat >/run/systemd/system.conf.d/sandbox.conf <<'CONF'
[Manager]
DefaultTimeoutStartSec=30s
DefaultTimeoutStopSec=5s
DefaultStartLimitIntervalSec=0
CONF
cat >/run/systemd/journald.conf.d/sandbox.conf <<'CONF'
[Journal]
Storage=volatile
RuntimeMaxUse=64M
ReadKMsg=no
Audit=no
RateLimitIntervalSec=0
ForwardToWall=no
CONF
cd /
exec env -i container=tv-sandbox PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
  SYSTEMD_GENERATOR_PATH=/nonexistent SYSTEMD_ENVIRONMENT_GENERATOR_PATH=/nonexistent \
  /lib/systemd/systemd --system --unit=multi-user.target --show-status=0 --log-target=journal
