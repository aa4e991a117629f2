# shellcheck shell=sh
# Counts failed logins in the journal of sshd since $1 (seconds since 1970) with the awk program $2, and prints
# `begins`, the time of the journal's oldest entry. What journalctl says about itself stays on stderr.
begins=$(journalctl -q -o short-unix --no-pager 2>/dev/null | head -n 1 | cut -d ' ' -f 1)
printf 'begins %s\n' "$begins"
{
  journalctl -t sshd -t sshd-session -t sshd-auth --since="@$1" -o cat --no-pager || printf 'exit code %s\n' "$?" >&2
} | LC_ALL=C awk "$2"
