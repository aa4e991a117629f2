# shellcheck shell=sh
# For each process id: a line `pid N`, its arguments one a line (a line break inside one becomes a
# space), an empty line, its cgroups, and `end`. Of one that has ended meanwhile all but the id is empty.
# Exit code 3: a process is there and may not be read.
for pid; do
  if words=$(tr '\000\n' '\n ' <"/proc/$pid/cmdline") 2>/dev/null && groups=$(cat "/proc/$pid/cgroup" 2>/dev/null); then
    printf 'pid %s\n%s\n\n%s\nend\n' "$pid" "$words" "$groups"
  elif [ -e "/proc/$pid" ] && ! cat "/proc/$pid/cmdline" "/proc/$pid/cgroup" >/dev/null 2>&1 && [ -e "/proc/$pid" ]; then
    echo "/proc/$pid may not be read" >&2
    exit 3
  else
    printf 'pid %s\n\n\n\nend\n' "$pid"
  fi
done
