# shellcheck shell=sh
# Asks the URL $1 from this host: status line, headers, an empty line, and at most 64 KiB of the body.
# $2 limit in seconds, $3 value of the Host header, or nothing. Exit code 20: no curl.
# Proxies of the environment are for the way out, not for servers of the operator's own.
command -v curl >/dev/null || exit 20
url=$1 limit=$2 name=$3
set -- -gsS --noproxy '*' --max-time "$limit" -D - -o -
[ -z "$name" ] || set -- "$@" -H "Host: $name"
curl "$@" -- "$url" | head -c 65536
