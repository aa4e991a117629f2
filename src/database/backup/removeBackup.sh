# shellcheck shell=sh
# Removes the backup $1 with its manifest and marks. Its name goes first, at once: what is left of a
# removal that is cut off is called `.deleting` and is not taken for a backup.
set -e
if [ -e "$1" ]; then mv -T -- "$1" "$1.deleting"; fi
rm -rf -- "$1.deleting" "$1.manifest.json" "$1.marks.json"
