# shellcheck shell=sh
# When the file $1 was last changed, in seconds; then for each process id that follows, the environment that it
# was started with: `PID BASE64`. One that has exited, or may not be read, has no line.
stat -L -c %Y -- "$1" || exit
shift
for pid; do
  [ -r "/proc/$pid/environ" ] || continue
  words=$(base64 -w 0 -- "/proc/$pid/environ" 2>/dev/null) || continue
  printf '%s %s\n' "$pid" "$words"
done
