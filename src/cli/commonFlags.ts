import type { AnyCommand } from '../runbook/define.ts';

/** A flag of more than one command. */
export interface CommonFlag {
  /** Its heading in the help of a command. */
  readonly heading: 'Answering' | 'Planning' | 'Everywhere';
  /** In commander's syntax. */
  readonly flags: string;
  readonly help: string;
  readonly repeatable?: true;
  /** Which commands have it; all, where it is left out. */
  readonly of?: keyof typeof holders;
}

const holders = {
  asking: ({ kind }: AnyCommand) => kind === 'runbook' || kind === 'control',
  planned: (command: AnyCommand) => holders.runbook(command) || holders.plannedControl(command),
  runbook: ({ kind }: AnyCommand) => kind === 'runbook',
  plannedControl: (command: AnyCommand) => command.kind === 'control' && command.planned === true,
} as const;

const plan = 'refuse if the plan has changed (all 64 digits)';

/**
 * Every flag that commands share, in the order of help: from this table come parsing, help, completion and the
 * manual page. `--help` and `--version` are no part of it.
 */
const commonFlags: readonly CommonFlag[] = [
  {
    ...{ heading: 'Answering', of: 'asking', flags: '-y, --yes' },
    help: 'answer yes to a moderate question',
  },
  {
    ...{ heading: 'Answering', of: 'asking', flags: '--confirm <environment>' },
    help: 'answer a severe question by naming the environment',
  },
  {
    ...{ heading: 'Answering', of: 'asking', flags: '--wait <time>' },
    help: 'wait up to this long (30s, 5m) for another run to end',
  },
  {
    ...{ heading: 'Planning', of: 'planned', flags: '--dry-run' },
    help: 'run every check, print the plan and its digest, change nothing',
  },
  { heading: 'Planning', of: 'runbook', flags: '--plan <digest|file>', help: plan },
  { heading: 'Planning', of: 'plannedControl', flags: '--plan <digest>', help: plan },
  {
    ...{ heading: 'Planning', of: 'runbook', flags: '--out <file>' },
    help: 'write the plan of a dry run to a new file, for others to approve',
  },
  {
    ...{ heading: 'Planning', of: 'runbook', flags: '--override <check>', repeatable: true },
    help: 'override a check by its name (repeatable)',
  },
  {
    ...{ heading: 'Planning', of: 'runbook', flags: '--reason <text>' },
    help: 'reason for the override; kept in the audit log',
  },
  { heading: 'Everywhere', flags: '-e, --env <name>', help: 'environment to work on' },
  { heading: 'Everywhere', flags: '--config <file>', help: 'configuration file' },
  {
    ...{ heading: 'Everywhere', flags: '--set <key=value>', repeatable: true },
    help: 'one setting, as `tv config show` names it (repeatable)',
  },
  { heading: 'Everywhere', flags: '--json', help: 'machine-readable output on stdout' },
  { heading: 'Everywhere', flags: '--full', help: 'addresses and hashes in full' },
  { heading: 'Everywhere', flags: '--verbose', help: 'stack traces and timings' },
  { heading: 'Everywhere', flags: '--no-color', help: 'no colour' },
];

/** Of a command, in the order of its help. */
export function commonFlagsOf(command: AnyCommand): readonly CommonFlag[] {
  return commonFlags.filter(({ of }) => of === undefined || holders[of](command));
}

/** `-y` and `--yes` of `-y, --yes`; as they are typed on a command line without a command: those of all. */
export function commonNames(command: AnyCommand | undefined): readonly string[] {
  if (command !== undefined) return ['-h', '--help', ...commonFlagsOf(command).flatMap(namesOf)];
  return [
    '-h',
    '--help',
    '-V',
    '--version',
    ...commonFlags.filter(({ of }) => of === undefined).flatMap(namesOf),
  ];
}

/** Names of those that take a value. */
export const withValue: ReadonlySet<string> = new Set(commonFlags.filter(takesValue).flatMap(namesOf));
/** Names of those that take none. */
export const alone: ReadonlySet<string> = new Set([
  ...['-h', '--help', '-V', '--version'],
  ...commonFlags.filter((flag) => !takesValue(flag)).flatMap(namesOf),
]);

function takesValue({ flags }: CommonFlag): boolean {
  return flags.includes('<');
}

function namesOf({ flags }: CommonFlag): readonly string[] {
  return flags.replace(/ <.*/, '').split(', ');
}
