# shellcheck shell=bash
# All that may be a backup in the folder $1, as base64 of fields that end with NUL. First one group for
# each: kind, name, manifest, marks, where `-` is no file, `!` one that this user may not read, and `+` precedes
# its text. Then an empty field, and of all that is in them: type, path, bytes, time; the type of what this user
# may not read is `!`. No program is started for one backup: there may be hundreds. Exit codes: 66 missing
# (EX_NOINPUT of sysexits.h), 20 not a folder (ENOTDIR).
set -o pipefail
shopt -s nullglob
# Names and texts are bytes here.
export LC_ALL=C IFS=
[ -e "$1" ] || {
  # Behind a folder that may not be entered it is unknown whether it is there.
  case $(stat -- "$1" 2>&1 >/dev/null) in
    *'No such file or directory' | '') exit 66 ;;
    *) cd -- "$1" || exit ;;
  esac
}
[ -d "$1" ] || exit 20
cd -- "$1" || exit
ls >/dev/null || exit
# The text of a file without starting `cat`. A NUL in it is left out, and breaks the JSON that it should be.
text_of() {
  local parts=()
  [ -f "$1" ] || { text=-; return; }
  if { mapfile -d '' parts < "$1"; } 2>/dev/null; then text=+${parts[*]}
  # Removed meanwhile, or not to be read.
  elif [ -f "$1" ]; then text=!
  else text=-; fi
}
found=()
{
  for name in *; do
    # A link is another name for a backup, and what is written to it would be written to that one.
    [ ! -L "$name" ] || continue
    case $name in
      *.partial | *.deleting) kind=leftover ;;
      *.manifest.json | *.marks.json | *.new) continue ;;
      *.sql.gz) kind=sql.gz ;;
      *.sql.xz | *.sql.zst | *.sql.bz2 | *.sql.lz4 | *.sql.zip | *.dump.gz | *.dump.xz | *.dump.zst | *.tar | *.tar.gz | *.tgz) kind=unsupported ;;
      *.sql) kind=sql ;;
      *.dump) kind=custom ;;
      *) kind=directory
         if [ -d "$name" ] && ! { [ -r "$name" ] && [ -x "$name" ]; }; then
           # Every file system of its own has this one.
           [ "$name" != lost+found ] || continue
           kind=unreadable
         fi
         [ "$kind" = unreadable ] || [ -e "$name/manifest.json" ] || [ -e "$name/data" ] || [ -e "$name/toc.dat" ] || [ -e "$name/large-tables" ] || continue ;;
    esac
    [ "$kind" = directory ] || [ "$kind" = unreadable ] || [ "$kind" = leftover ] || [ -f "$name" ] || continue
    manifest=$name.manifest.json marks=$name.marks.json
    [ "$kind" != directory ] || { manifest=$name/manifest.json marks=$name/marks.json; }
    found+=("./$name")
    printf '%s\0%s\0' "$kind" "$name"
    for file in "$manifest" "$marks"; do
      text_of "$file"
      printf '%s\0' "$text"
    done
  done
  printf '\0'
  [ "${#found[@]}" = 0 ] || printf '%s\0' "${found[@]}" |
    xargs -0 sh -c 'exec find "$@" -ignore_readdir_race \
      \( -type d \( ! -readable -o ! -executable \) -printf "!\0%p\0%s\0%T@\0" -prune \) \
      -o \( -type f ! -readable -printf "!\0%p\0%s\0%T@\0" \) -o -printf "%y\0%p\0%s\0%T@\0"' find
} | base64 -w0
