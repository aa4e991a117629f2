# shellcheck shell=bash
# Puts every file of the backup $2 (a file or a folder) on disk.
find "$2" -type f -exec sync -- {} +
