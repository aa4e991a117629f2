#!/bin/sh
# After the package was unpacked (Debian Policy, 6.5). The units stay as they are, at first disabled: which
# environment they are for is the administrator's decision.
set -e

if [ "$1" = configure ]; then
  getent group tempovault >/dev/null || groupadd --system tempovault
  # The state directory of root's tv. The group may see which files are in it; each file is root's alone.
  if [ ! -e /var/lib/tv ]; then
    mkdir -m 0750 /var/lib/tv
    chgrp tempovault /var/lib/tv
  fi
  if [ -d /run/systemd/system ]; then
    systemctl --system daemon-reload >/dev/null || true
    # An upgrade: what runs goes on with the new tv.
    [ -z "$2" ] || deb-systemd-invoke try-restart tempovault-monitor.service >/dev/null || true
  fi
fi
