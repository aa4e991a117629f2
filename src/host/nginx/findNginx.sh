# shellcheck shell=sh
# Prints the path of nginx, what it says of its build, a line "masters", and of each running master its id and title.
# Exit code 20: not installed.
# A master in a container is listed by ps too, and serves other files: only those of this mount namespace count.
nginx=$(command -v nginx) || nginx=/usr/sbin/nginx
[ -x "$nginx" ] || exit 20
printf '%s\n' "$nginx"
"$nginx" -V 2>&1
echo masters
here=$(readlink /proc/self/ns/mnt)
ps -ww -eo pid=,args= | while read -r pid title; do
  case $title in "nginx: master process "*) ;; *) continue ;; esac
  there=$(readlink "/proc/$pid/ns/mnt" 2>/dev/null) || there=$here
  [ "$there" != "$here" ] || printf '%s %s\n' "$pid" "$title"
done
