# shellcheck shell=sh
# Prints mode, owner and content of the file $1. Exit code 22: not a regular file.
# The content in base64, since a host command's output is text, and text that is not UTF-8 would
# change unseen.
[ ! -e "$1" ] || [ -f "$1" ] || exit 22
stat -L --printf '%a %u %g\n%U\n%G\n' -- "$1" && base64 -- "$1"
