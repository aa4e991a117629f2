import type { CommandDefinition } from '../runbook/define.ts';

/** A line of help: text, or a left column and the text beside it. */
export type HelpLine = string | readonly [left: string, text: string];

export function helpText(lines: readonly HelpLine[]): string {
  return lines.map((line) => `${typeof line === 'string' ? line : line.join('')}\n`).join('');
}

/** `tv --help`: every command, grouped as the registry is. Loads no command. */
export function rootHelp(registry: readonly CommandDefinition[], version: string): readonly HelpLine[] {
  const groups = new Map<string, CommandDefinition[]>();
  for (const entry of registry) groups.set(entry.group, [...(groups.get(entry.group) ?? []), entry]);
  return [
    `tv ${version} · operator CLI of TempoVault`,
    '',
    'Usage: tv [-e ENVIRONMENT] COMMAND [FLAGS]',
    '',
    ...[...groups].flatMap(([group, entries]) => [group, ...commands(entries), '']),
    'Everywhere',
    ['  -e, --env NAME        ', 'environment to work on (TV_ENVIRONMENT)'],
    ['  --json                ', 'machine-readable output on stdout'],
    ['  --help                ', 'what a command does, its flags and examples'],
    '',
    ['Exit codes  ', '0 verified · 1 a step failed · 2 wrong usage · 3 blocked'],
    ['            ', '4 not confirmed · 5 done but not verified · 6 locked by'],
    ['            ', 'another run · 7 interrupted, can be resumed · 70 bug'],
    ['            ', 'of status, health, doctor, monitor, scale check and'],
    ['            ', 'oracle status: 0 ok · 1 warning · 2 critical · 3 unknown'],
    '',
  ];
}

/** `tv runs --help`, `tv db schedule --help`: the commands under these words, aliases included. */
export function groupHelp(
  registry: readonly CommandDefinition[],
  words: string,
): readonly HelpLine[] | undefined {
  const entries = registry.filter(({ command, aliases = [] }) =>
    [command, ...aliases].some((name) => name.startsWith(`${words} `)),
  );
  if (entries.length === 0) return undefined;
  return [`tv ${words}`, '', ...commands(entries), '', `More: tv help ${entries[0]?.command ?? words}`];
}

function commands(entries: readonly CommandDefinition[]): readonly HelpLine[] {
  return entries.map(({ command, summary, section, risk }) => {
    const labels = [
      /^\d/.test(section) ? `§${section}` : '',
      risk === 'read' || risk === 'sandbox' ? '' : risk,
    ].filter(Boolean);
    const suffix = labels.length === 0 ? '' : ` (${labels.join(' ')})`;
    return [`  ${command.padEnd(21)} `, `${summary}${suffix}`];
  });
}
