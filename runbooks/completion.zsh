#compdef tv
_tv() {
  local -a found
  found=(${(f)"$("${words[1]}" __complete "${(@)words[2,CURRENT]}" 2>/dev/null)"})
  if (( ${#found} )); then compadd -- $found; else _files; fi
}
compdef _tv tv
# As a file in fpath it is the function itself at the first completion.
if [[ ${funcstack[1]} == _tv ]]; then _tv; fi
