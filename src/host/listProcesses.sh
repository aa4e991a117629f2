# shellcheck shell=sh
# For each process id: a line `pid N`, its arguments one a line (a line break inside one becomes a
# space), an empty line, its cgroups, and `end`.
for pid; do
  words=$(tr '\000\n' '\n ' <"/proc/$pid/cmdline" 2>/dev/null) || continue
  groups=$(cat "/proc/$pid/cgroup" 2>/dev/null) || continue
  printf 'pid %s\n%s\n\n%s\nend\n' "$pid" "$words" "$groups"
done
