#!/bin/sh
# shellcheck shell=sh
# Runs a command inside the sandbox. Arguments: its process 1, the name of its control group, its directory, the PATH
# inside, and the command.
# It refuses when the sandbox is down: the process id may belong to another process now, and the command would
# run on the machine itself. It gets by without programs of its own, for tv calls it some dozen times a run.
init=$1 expected=$2 directory=$3 path=$4
shift 4
group=
while read -r line; do group=$group$line; done 2>/dev/null <"/proc/$init/cgroup"
case $group in
  *"$expected"*) ;;
  *) echo "The sandbox in $directory is not running. Next: tv sandbox up" >&2; exit 69 ;;
esac
unset DBUS_SESSION_BUS_ADDRESS XDG_RUNTIME_DIR
PATH=$path
export PATH
exec nsenter -t "$init" -m -u -i -p -C -- "$@"
