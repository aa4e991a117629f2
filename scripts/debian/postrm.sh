#!/bin/sh
# After the package's files have gone (Debian Policy, 6.8). The group stays, as system groups do: TempoVault's own
# services may have it.
set -e

if [ -d /run/systemd/system ]; then systemctl --system daemon-reload >/dev/null || true; fi
if [ "$1" = purge ]; then
  # What `systemctl enable` made.
  for job in backup prune vacuum; do
    rm -f "/etc/systemd/system/timers.target.wants/tempovault-db-$job.timer"
  done
  rm -f /etc/systemd/system/multi-user.target.wants/tempovault-monitor.service
  if [ -d /var/lib/tv ] && ! rmdir /var/lib/tv 2>/dev/null; then
    echo "tempovault-tv: /var/lib/tv is kept: it holds the audit log and the journals of runs" >&2
  fi
fi
