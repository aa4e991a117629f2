# shellcheck shell=bash
# Puts the backup $2 (a file or a folder) on disk: every file, and the folders that hold their names.
find "$2" -exec sync -- {} +
