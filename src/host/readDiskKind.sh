# shellcheck shell=sh
# The disk under the path $1: its folder in /sys, whether it rotates, its vendor; a line each.
# findmnt pads the device number with blanks. A partition has no queue of its own; the disk above it has.
id=$(findmnt -no MAJ:MIN -T "$1") || exit 0
# shellcheck disable=SC2086,SC2116 # echo takes the blanks off
disk=$(readlink -e "/sys/dev/block/$(echo $id)") || exit 0
[ -e "$disk/queue/rotational" ] || disk=$(dirname "$disk")
echo "$disk"
cat "$disk/queue/rotational"
cat "$disk/device/vendor" 2>/dev/null || true
