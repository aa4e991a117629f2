import { z } from 'zod';
import { defineReport, field } from '../src/runbook/define.ts';
import type { Entry } from '../src/runbook/entry.ts';

/** `tv completion bash`: the command words, from the shelf. */
export default defineReport({
  title: 'Tab completion',
  intent: 'Prints a script that completes the commands of tv. For bash: `source <(tv completion bash)`.',
  input: { shell: field('<shell>', 'bash, zsh or fish', z.enum(['bash', 'zsh', 'fish'])) },
  collect: async ({ shelf }, { shell }) => ({ shell, script: scripts[shell](shelf) }),
  render: ({ script }) => script,
});

/** First words, and for each noun its verbs. */
function words(shelf: readonly Entry[]): ReadonlyMap<string, readonly string[]> {
  const nouns = new Map<string, string[]>();
  for (const { command, aliases = [] } of shelf) {
    for (const name of [command, ...aliases]) {
      const [noun = '', verb] = name.split(' ');
      nouns.set(noun, [...(nouns.get(noun) ?? []), ...(verb === undefined ? [] : [verb])]);
    }
  }
  return nouns;
}

const scripts = {
  bash: (shelf: readonly Entry[]) => `_tv() {
  local cur=\${COMP_WORDS[COMP_CWORD]} noun=\${COMP_WORDS[1]}
  if [ "$COMP_CWORD" -le 1 ]; then
    COMPREPLY=($(compgen -W '${[...words(shelf).keys()].join(' ')}' -- "$cur"))
    return
  fi
  case $noun in
${cases(shelf, (noun, verbs) => `    ${noun}) COMPREPLY=($(compgen -W '${verbs}' -- "$cur")) ;;`)}
  esac
}
complete -o default -F _tv tv
`,
  zsh: (shelf: readonly Entry[]) => `#compdef tv
_tv() {
  if (( CURRENT == 2 )); then
    compadd -- ${[...words(shelf).keys()].join(' ')}
    return
  fi
  case $words[2] in
${cases(shelf, (noun, verbs) => `    ${noun}) compadd -- ${verbs} ;;`)}
  esac
}
compdef _tv tv
`,
  fish: (shelf: readonly Entry[]) =>
    [...words(shelf)]
      .flatMap(([noun, verbs]) => [
        `complete -c tv -n __fish_use_subcommand -f -a ${noun}`,
        ...verbs.map((verb) => `complete -c tv -n '__fish_seen_subcommand_from ${noun}' -f -a ${verb}`),
      ])
      .join('\n')
      .concat('\n'),
};

function cases(shelf: readonly Entry[], line: (noun: string, verbs: string) => string): string {
  return [...words(shelf)]
    .filter(([, verbs]) => verbs.length > 0)
    .map(([noun, verbs]) => line(noun, verbs.join(' ')))
    .join('\n');
}
