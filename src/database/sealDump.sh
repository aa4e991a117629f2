# shellcheck shell=bash
# Puts the dump $1 on disk, for its owner alone. Prints its size in bytes and its SHA-256.
chmod 600 -- "$1"
sync -- "$1"
stat -c %s -- "$1"
sha256sum < "$1"
