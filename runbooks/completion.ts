import * as z from 'zod';
import { defineReport, field } from '../src/runbook/define.ts';

/** `tv completion bash` prints a script, which calls `tv __complete` at each key press. */
export default defineReport({
  title: 'Tab completion',
  summary: 'Print tab completion for bash, zsh or fish',
  order: 4,
  settings: 'none',
  description:
    'Prints a script that completes commands, flags, environments, pairs, runs and backups. For bash: `source <(tv completion bash)`.',
  input: { shell: field('<shell>', 'bash, zsh or fish', z.enum(['bash', 'zsh', 'fish'])) },
  collect: async (_, { shell }) => ({ shell, script: scripts[shell] }),
  render: ({ script }) => script,
});

const scripts = {
  bash: `_tv() {
  local IFS=$'\\n'
  COMPREPLY=($("\${COMP_WORDS[0]}" __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _tv tv
`,
  zsh: `#compdef tv
_tv() {
  local -a found
  found=(\${(f)"$("\${words[1]}" __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)"})
  if (( \${#found} )); then compadd -- $found; else _files; fi
}
compdef _tv tv
`,
  fish: `function __tv_complete
  set -l before (commandline -opc)
  $before[1] __complete $before[2..-1] (commandline -ct) 2>/dev/null
end
complete -c tv -f -n 'count (__tv_complete) >/dev/null' -a '(__tv_complete)'
`,
};
