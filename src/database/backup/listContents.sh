# shellcheck shell=bash
# Prints the table of contents of the archive $1.
restore=$(archive_reader "$1")
"$restore" -l -- "$1"
