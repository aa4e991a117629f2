import type { CommandDefinition } from '../runbook/define.ts';

/** `tv --help`: every command, grouped as the registry is. Loads no command. */
export function rootHelp(registry: readonly CommandDefinition[], version: string): string {
  const groups = new Map<string, CommandDefinition[]>();
  for (const entry of registry) groups.set(entry.group, [...(groups.get(entry.group) ?? []), entry]);
  const sections = [...groups].map(([group, entries]) => `${group}\n${lines(entries)}`);
  return [
    `tv ${version} · operator CLI of TempoVault`,
    'Usage: tv [-e ENVIRONMENT] COMMAND [FLAGS]',
    ...sections,
    `Everywhere
  -e, --env NAME        environment to work on (TV_ENVIRONMENT)
  --json                machine-readable output on stdout
  --help                what a command does, its flags and its risk

Exit codes  0 verified · 1 a step failed · 2 wrong usage · 3 blocked
            4 not confirmed · 5 done but not verified · 6 locked by
            another operator · 7 interrupted, can be resumed · 70 bug`,
    '',
  ].join('\n\n');
}

/** `tv runs --help`, `tv db schedule --help`: the commands under these words, aliases included. */
export function groupHelp(registry: readonly CommandDefinition[], words: string): string | undefined {
  const entries = registry.filter(({ command, aliases = [] }) =>
    [command, ...aliases].some((name) => name.startsWith(`${words} `)),
  );
  if (entries.length === 0) return undefined;
  return `tv ${words}\n\n${lines(entries)}\n\nMore: tv ${entries[0]?.command ?? words} --help\n`;
}

function lines(entries: readonly CommandDefinition[]): string {
  return entries
    .map(({ command, summary, section, risk }) => {
      const marks = [
        /^\d/.test(section) ? `§${section}` : '',
        risk === 'read' || risk === 'sandbox' ? '' : risk,
      ]
        .filter(Boolean)
        .join(' ');
      return `  ${command.padEnd(21)} ${summary}${marks === '' ? '' : ` (${marks})`}`;
    })
    .join('\n');
}
