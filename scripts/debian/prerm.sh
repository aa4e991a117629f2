#!/bin/sh
# Before the package's files go (Debian Policy, 6.6).
set -e

if [ "$1" = remove ] && [ -d /run/systemd/system ]; then
  for job in backup prune vacuum; do
    deb-systemd-invoke stop "tempovault-db-$job.timer" >/dev/null || true
  done
  deb-systemd-invoke stop tempovault-monitor.service >/dev/null || true
fi
