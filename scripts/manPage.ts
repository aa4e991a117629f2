// The manual page tv(1), from the same definitions as help: commands, flags, settings, exit codes.
import { sharedFlags } from '../src/cli/parse.ts';
import { keyNames, keyOf } from '../src/config/keys.ts';
import { type ExitCode, exitCodes } from '../src/errors/TvError.ts';
import type { AnyCommand, CommandDefinition, InputFields } from '../src/runbook/define.ts';

interface Entry {
  readonly entry: CommandDefinition;
  readonly command: AnyCommand;
}

export const meaningOf: Readonly<Record<ExitCode, string>> = {
  [exitCodes.ok]: 'Verified: the effect was read back. Of a command that only reads: it has answered.',
  [exitCodes.failed]: 'A step failed.',
  [exitCodes.usage]: 'Wrong usage. Nothing was changed.',
  [exitCodes.blocked]: 'A check before the first step blocked. Nothing was changed.',
  [exitCodes.notConfirmed]: 'Not confirmed. Nothing was changed.',
  [exitCodes.unverified]: 'Done, but not verified.',
  [exitCodes.locked]: 'Another run holds the lock.',
  [exitCodes.interrupted]: 'Interrupted. The run can be resumed, unless it says that all was rolled back.',
  [exitCodes.bug]: 'A bug in tv.',
};

/** Variables that are not those of a setting. */
const variables: readonly (readonly [name: string, text: string])[] = [
  ['TV_ENVIRONMENT', 'The environment to work on, as `--env` names it.'],
  ['TV_CONFIG', 'The configuration file, as `--config` names it.'],
  [
    'TV_NEW_ORACLE_KEY',
    'For `tv oracle rotate-key --new-address`: the new key, which is asked for without it.',
  ],
  [
    'TV_PAGER, PAGER',
    'At a terminal, a shell line that shows a text longer than the screen (default: `less`); empty or `cat`: none.',
  ],
  ['LESS', 'Flags of less (default: `FRX`).'],
  ['NO_COLOR, FORCE_COLOR', 'No colour, or colour also where the output is not a terminal.'],
  ['XDG_CONFIG_HOME, XDG_STATE_HOME, XDG_CACHE_HOME', 'Where the files of this user are.'],
];

const files: readonly (readonly [path: string, text: string])[] = [
  ['$XDG_CONFIG_HOME/tv/config.yaml', 'The configuration of this user; by default in ~/.config.'],
  ['/etc/tempovault/tv.yaml', 'The configuration of the machine.'],
  [
    keyOf('host.envFile').fallback ?? '.env',
    "TempoVault's own settings: tv takes from it what no other source sets.",
  ],
  [
    '/var/lib/tv, $XDG_STATE_HOME/tv',
    'Journals of the runs, locks and the audit log, of root and of other users; by default in ~/.local/state.',
  ],
  ['$XDG_CACHE_HOME/tv/compiled', 'Compiled code, for a quicker start. May be removed at any time.'],
];

/**
 * @param date of the page, `YYYY-MM-DD`
 * @returns roff with the macros of man(7)
 */
export async function manPage(
  registry: readonly CommandDefinition[],
  version: string,
  date: string,
): Promise<string> {
  const commands = await Promise.all(
    registry.map(async (entry) => ({ entry, command: (await entry.load()).default })),
  );
  const groups = [...new Set(registry.map(({ group }) => group))];
  return [
    `.TH TV 1 "${date}" "tv ${roff(version)}" "TempoVault"`,
    // Commands and addresses are pasted: no hyphens, and no spaces put in to fill a line.
    '.nh',
    '.ad l',
    '.SH NAME',
    `tv \\- operator CLI of TempoVault`,
    '.SH SYNOPSIS',
    '.B tv',
    `.RB [ \\-e`,
    '.IR environment ]',
    '.I command',
    '.RI [ flags ]',
    '.SH DESCRIPTION',
    ...paragraph(
      'tv turns each section of the operations runbook into one command. A command that changes something runs its checks first, shows its plan, asks, does each step once, verifies the result, and can be resumed wherever it was cut off. `tv` alone is `tv status`.',
    ),
    '.PP',
    ...paragraph(
      '`tv help COMMAND` shows one command, `tv runbook show COMMAND` also how to do the same without tv.',
    ),
    '.SH COMMON FLAGS',
    ...commonFlags(commands).flatMap(({ heading, flags }) => [
      `.SS ${roff(heading.replace(/:$/, ''))}`,
      ...flags.flatMap(({ flags: written, help }) => tagged(written, help)),
    ]),
    ...groups.flatMap((group) => [
      `.SH "${roff(group.toUpperCase())} COMMANDS"`,
      ...commands.filter(({ entry }) => entry.group === group).flatMap(commandPart),
    ]),
    '.SH "EXIT STATUS"',
    ...Object.entries(meaningOf).flatMap(([code, text]) => tagged(code, text)),
    '.PP',
    ...paragraph(
      `These follow the convention of monitoring plugins instead (0 ok, 1 warning, 2 critical, 3 unknown): ${commands
        .filter(followsPlugins)
        .map(({ entry }) => `\`tv ${entry.command}\``)
        .join(', ')}.`,
    ),
    '.SH ENVIRONMENT',
    ...[...variables, ...settingVariables()].flatMap(([name, text]) => tagged(name, text)),
    '.SH FILES',
    ...files.flatMap(([path, text]) => tagged(path, text)),
    '.SH "SEE ALSO"',
    '.BR journalctl (1),',
    '.BR psql (1),',
    '.BR systemctl (1)',
    '',
  ].join('\n');
}

function followsPlugins({ command }: Entry): boolean {
  return (command.kind === 'report' || command.kind === 'action') && command.failureExitCode !== undefined;
}

function commandPart({ entry, command }: Entry): readonly string[] {
  const fields = Object.values(command.input as InputFields);
  const aliases = entry.aliases ?? [];
  const risk = entry.risk === 'read' ? 'Only reads.' : `Risk: ${entry.risk}.`;
  const section = /^\d/.test(entry.section) ? ` Section ${entry.section} of the runbook.` : '';
  const also = aliases.length === 0 ? '' : ` Also: ${aliases.map((alias) => `\`tv ${alias}\``).join(', ')}.`;
  return [
    `.SS "tv ${roff(entry.command)}"`,
    ...paragraph(`${entry.summary}. ${risk}${section}${also}`),
    ...command.description
      .trim()
      .split(/\n{2,}/)
      .flatMap((text) => ['.PP', ...paragraph(text)]),
    ...fields.flatMap(({ flag, help }) => tagged(flag, help)),
    ...(command.examples ?? []).flatMap(({ what, line }) => [
      '.PP',
      ...paragraph(`${what}:`),
      '.PP',
      '.RS 4',
      '.nf',
      roff(line),
      '.fi',
      '.RE',
    ]),
  ];
}

/** The flags of every kind of command, once each, by their headings. */
function commonFlags(commands: readonly Entry[]) {
  const all = commands.flatMap(({ entry, command }) => sharedFlags(entry, command));
  // Of two that differ by their value, the one that takes more: `--plan <digest|file>`.
  const byName = new Map<string, (typeof all)[number]>();
  for (const one of all) {
    const name = one.flags.replace(/ .*<.*/, '');
    if (one.flags.length >= (byName.get(name)?.flags.length ?? 0)) byName.set(name, one);
  }
  const headings = [...new Set(all.map(({ heading }) => heading))];
  return headings
    .map((heading) => ({ heading, flags: [...byName.values()].filter((one) => one.heading === heading) }))
    .toSorted((a, b) => Number(b.heading.startsWith('Every')) - Number(a.heading.startsWith('Every')));
}

function settingVariables(): readonly (readonly [string, string])[] {
  return keyNames.flatMap((name) => {
    const { variable, expected } = keyOf(name);
    return variable === undefined ? [] : [[variable, `The setting \`${name}\`: ${expected}.`] as const];
  });
}

function tagged(tag: string, text: string): readonly string[] {
  return ['.TP', `.B ${roff(tag)}`, ...paragraph(text)];
}

/** Markdown's code becomes bold, as a command is in a manual page. */
function paragraph(text: string): readonly string[] {
  const line = text
    .replace(/\s*\n\s*/g, ' ')
    .split('`')
    .map((part, index) => (index % 2 === 0 ? roff(part) : `\\fB${roff(part)}\\fR`))
    .join('');
  // A sentence a line, as man-pages(7) asks; a macro begins with one of these two signs.
  return line.split(/(?<=[a-z)][.:]) (?=[A-Z\\])/).map((one) => one.replace(/^[.']/, '\\&$&'));
}

/** Text as roff shows it, in ASCII: a hyphen that can be pasted as the minus of a flag. */
function roff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('"', '\\(dq')
    .replaceAll("'", '\\(aq')
    .replaceAll('~', '\\(ti')
    .replaceAll('^', '\\(ha')
    .replace(
      /[^\x20-\x7e]/gu,
      (sign) => `\\[u${(sign.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}]`,
    );
}
