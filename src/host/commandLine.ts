import { basename } from 'node:path';
import { TvError } from '../errors/TvError.ts';
import { quoteForShell } from '../text/shellLine.ts';

/** What is really started for one host command. */
export interface CommandLine {
  readonly file: string;
  readonly arguments: readonly string[];
  /** Goes to standard input before the command's own input: one secret a line. */
  readonly inputHead: string;
}

export interface CommandLineParameters {
  readonly prefix: readonly string[];
  readonly command: readonly string[];
  readonly secrets?: Readonly<Record<string, string>>;
  /** Seconds after which the command is ended where it runs. Only of use with a prefix for which `outlives` holds. */
  readonly limitSeconds?: number | undefined;
}

/** A process that these start is not their child: it goes on where they are killed or lose their connection. */
const detaching = new Set([
  ...['ssh', 'docker', 'podman', 'nerdctl', 'kubectl', 'oc', 'lxc', 'incus', 'machinectl'],
]);

/** Whether a command may outlive the process that this prefix starts here. */
export function outlives(prefix: readonly string[]): boolean {
  return prefix.some((word) => detaching.has(basename(word)));
}

/** timeout(1) of coreutils, where the host has it; TERM, and KILL two seconds later. */
const limited = 'command -v timeout >/dev/null 2>&1 && exec timeout -k 2 "$@"; shift; exec "$@"';

/**
 * Set for every host command, so that what it prints can be parsed on any machine: English
 * messages, and times in UTC (systemctl prints local time with a zone name that is ambiguous).
 */
export const parsableEnvironment = { LC_ALL: 'C.UTF-8', TZ: 'UTC' } as const;

/**
 * Builds the argument list that runs `command` through `prefix`. Only ssh hands its arguments to a
 * shell, so only there they are quoted; everything else passes them on as they are.
 * @throws TvError where a secret cannot travel (a line break in it, or a name no shell takes)
 */
export function buildCommandLine(parameters: CommandLineParameters): CommandLine {
  const { prefix, command, secrets = {}, limitSeconds } = parameters;
  const names = Object.keys(secrets);
  const wrapped = names.length === 0 ? command : [...secretReader(names), ...command];
  const limit = limitSeconds === undefined ? [] : ['sh', '-c', limited, 'tv', String(limitSeconds)];
  const ssh = prefix.findIndex((word) => basename(word) === 'ssh');
  const [file, ...rest] =
    ssh === -1
      ? [...prefix, ...limit, ...wrapped]
      : [
          ...prefix.slice(0, ssh + 1),
          // Without a terminal no one can answer ssh's questions: fail instead of waiting.
          '-o',
          'BatchMode=yes',
          ...prefix.slice(ssh + 1),
          ...limit.map(quoteForShell),
          'env',
          ...Object.entries(parsableEnvironment).map(([name, value]) => `${name}=${value}`),
          ...wrapped.map(quoteForShell),
        ];
  if (file === undefined) throw new TvError('host.malformed-command', 'There is no command to run.');
  return { file, arguments: rest, inputHead: names.map((name) => secretLine(name, secrets[name])).join('') };
}

/**
 * A shell that takes the secrets from its standard input into its environment and then becomes the
 * command. POSIX `read` takes single bytes from what cannot be rewound, so it leaves the rest of
 * the input to the command.
 */
function secretReader(names: readonly string[]): string[] {
  const script = names.map((name) => `IFS= read -r ${name} && export ${name} || exit 125`).join('; ');
  return ['sh', '-c', `${script}; exec "$@"`, 'sh'];
}

function secretLine(name: string, value = ''): string {
  if (!/^[A-Za-z_]\w*$/.test(name)) {
    throw new TvError('host.malformed-command', `"${name}" is not a name for an environment variable.`);
  }
  if (/[\r\n\0]/.test(value)) {
    throw new TvError(
      'host.malformed-command',
      `The secret ${name} contains a line break and cannot be handed to a command.`,
    );
  }
  return `${value}\n`;
}
