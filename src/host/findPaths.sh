# shellcheck shell=sh
# Prints each of the paths that is there, and then `asked`. `[ -e ]` also says no of what may not be seen: that one
# ends with exit code 1, and the reason on stderr.
export LC_ALL=C
for path; do
  if [ -e "$path" ] || [ -L "$path" ]; then
    printf '%s\n' "$path"
    continue
  fi
  said=$(stat -- "$path" 2>&1 >/dev/null) || case $said in
    *'No such file or directory' | *'Not a directory') ;;
    *) printf '%s\n' "$said" >&2; exit 1 ;;
  esac
done
echo asked
