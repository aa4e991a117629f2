# shellcheck shell=bash
# All that may be a backup in the folder $1, one line each: kind, name, time, manifest, marks, files;
# what may hold anything as base64. Exit codes: 66 missing (EX_NOINPUT of sysexits.h), 20 not a folder
# (ENOTDIR).
shopt -s nullglob
[ -e "$1" ] || exit 66
[ -d "$1" ] || exit 20
cd -- "$1" || exit
ls >/dev/null || exit
encode() { if [ -f "$1" ]; then base64 -w0 -- "$1"; else printf -; fi; }
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
       [ -e "$name/manifest.json" ] || [ -e "$name/data" ] || [ -e "$name/toc.dat" ] || continue ;;
  esac
  [ "$kind" = directory ] || [ "$kind" = leftover ] || [ -f "$name" ] || continue
  manifest=$name.manifest.json marks=$name.marks.json
  [ "$kind" != directory ] || { manifest=$name/manifest.json marks=$name/marks.json; }
  # A folder's own time changes with every mark that is put into it.
  dated=$name
  for toc in "$name/toc.dat" "$name/data/toc.dat"; do [ ! -f "$toc" ] || dated=$toc; done
  printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$kind" "$(printf %s "$name" | base64 -w0)" \
    "$(stat -c %.3Y -- "$dated")" "$(encode "$manifest")" "$(encode "$marks")" \
    "$(find "./$name" -type f -printf '%P\t%s\n' | base64 -w0)"
done
