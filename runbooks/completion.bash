_tv() {
  local word
  COMPREPLY=()
  while IFS= read -r word; do
    [ -z "$word" ] || COMPREPLY+=("$word")
  done <<<"$("${COMP_WORDS[0]}" __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)"
}
complete -o default -F _tv tv
