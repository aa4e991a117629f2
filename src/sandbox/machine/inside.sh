# shellcheck shell=sh
# Runs a command inside the sandbox. The lines before set: `tv_init`, its process 1; `tv_group`, the name of
# its control group; `tv_directory`; `tv_path`, the PATH inside.
# It refuses when the sandbox is down: the process id may belong to another process by then, and the command would
# run on the machine itself. It gets by without programs of its own, for tv calls it some dozen times a run.
group=
while read -r line; do group=$group$line; done 2>/dev/null <"/proc/${tv_init:?}/cgroup"
case $group in
  *"${tv_group:?}"*) ;;
  *) echo "The sandbox in ${tv_directory:?} is not running. Next: tv sandbox up" >&2; exit 69 ;;
esac
unset DBUS_SESSION_BUS_ADDRESS XDG_RUNTIME_DIR
PATH=${tv_path:?}
export PATH
exec nsenter -t "$tv_init" -m -u -i -p -C -- "$@"
