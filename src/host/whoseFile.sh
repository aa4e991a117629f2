# shellcheck shell=sh
# Whose a file is: own, foreign or unknown.
# $1 the owner's uid, $2 the file, then the units. A user without a name is shown by its number.
owner=$1
folder=$(dirname -- "$2")
shift 2
[ "$owner" != "$(id -u)" ] || { echo own; exit; }
[ "$owner" != "$(stat -L -c %u -- "$folder")" ] || { echo own; exit; }
shown=$(systemctl show --property=User -- "$@" 2>/dev/null) || { echo unknown; exit; }
for user in $(printf '%s\n' "$shown" | sed -n 's/^User=//p'); do
  case $user in *[!0-9]*) uid=$(id -u -- "$user" 2>/dev/null) ;; *) uid=$user ;; esac
  [ "$owner" != "$uid" ] || { echo own; exit; }
done
echo foreign
