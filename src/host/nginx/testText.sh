# shellcheck shell=sh
# Runs nginx ($1) -t on a configuration that is nothing but standard input within an http block.
# $2 bytes to come: a connection that breaks is read as the end of the input.
set -eu
folder=$(mktemp -d)
trap 'rm -rf -- "$folder"' EXIT
trap 'exit 1' HUP INT TERM PIPE
cat >"$folder/text.conf"
[ "$(stat -c %s -- "$folder/text.conf")" = "$2" ] ||
  { echo "nginx: [emerg] the text arrived incomplete" >&2; exit 1; }
# nginx makes these folders also for a test, below /var/lib as built, where only root may.
build=$("$1" -V 2>&1)
paths=
for module in fastcgi uwsgi scgi; do
  case $build in
    *"--without-http_${module}_module"*) ;;
    *) paths="$paths ${module}_temp_path $folder/$module;" ;;
  esac
done
cat >"$folder/nginx.conf" <<CONF
pid $folder/pid;
error_log stderr;
events {}
http {
  access_log off;
  client_body_temp_path $folder/body;
  proxy_temp_path $folder/proxy;
 $paths
  include $folder/text.conf;
}
CONF
"$1" -p "$folder" -c "$folder/nginx.conf" -t
