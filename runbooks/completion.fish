function __tv_complete
  set -l before (commandline -opc)
  $before[1] __complete $before[2..-1] (commandline -ct) 2>/dev/null
end
complete -c tv -f -n 'count (__tv_complete) >/dev/null' -a '(__tv_complete)'
