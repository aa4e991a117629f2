import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What the supervisor understands of a `.service` file. */
export interface UnitFile {
  readonly name: string;
  readonly path: string;
  readonly description: string;
  readonly command: readonly string[];
  readonly before: readonly string[] | undefined;
  readonly user: string | undefined;
  readonly workingDirectory: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly restart: string;
  readonly restartMs: number;
  readonly stopMs: number;
  readonly stopSignal: NodeJS.Signals;
}

/** Names of all units in a directory, with `.service`. */
export function unitNames(directory: string): readonly string[] {
  return readdirSync(directory)
    .filter((name) => name.endsWith('.service'))
    .sort();
}

/** Reads `<name>` and its `<name>.d/*.conf`; undefined where there is no such unit. */
export function readUnitFile(directory: string, name: string): UnitFile | undefined {
  const path = join(directory, name);
  if (!existsSync(path)) return undefined;
  const dropIns = existsSync(`${path}.d`) ? readdirSync(`${path}.d`).sort() : [];
  const text = [path, ...dropIns.map((file) => join(`${path}.d`, file))]
    .map((file) => readFileSync(file, 'utf8'))
    .join('\n');
  const entries = text.split('\n').flatMap((line): readonly (readonly [string, string])[] => {
    const match = /^(\w+)=(.*)$/.exec(line.trim());
    return match?.[1] === undefined ? [] : [[match[1], match[2] ?? '']];
  });
  const all = (key: string) => entries.filter(([name]) => name === key).map(([, value]) => value);
  const last = (key: string) => all(key).at(-1);
  const before = last('ExecStartPre');
  const environmentFile = last('EnvironmentFile');
  return {
    name,
    path,
    description: last('Description') ?? name,
    command: words(last('ExecStart') ?? ''),
    before: before === undefined ? undefined : words(before),
    user: last('User'),
    workingDirectory: last('WorkingDirectory') ?? '/',
    environment: {
      ...Object.fromEntries(all('Environment').flatMap(words).map(assignment)),
      ...(environmentFile === undefined ? {} : readEnvironmentFile(environmentFile)),
    },
    restart: last('Restart') ?? 'no',
    restartMs: Number(last('RestartSec') ?? '0.1') * 1000,
    stopMs: Number(last('TimeoutStopSec') ?? '5') * 1000,
    stopSignal: (last('KillSignal') ?? 'SIGTERM') as NodeJS.Signals,
  };
}

/** Splits as systemd does: double quotes hold blanks together, `%%` is `%` and `$$` is `$`. */
function words(line: string): readonly string[] {
  return [...line.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)].map(([, quoted, plain]) =>
    (quoted?.replaceAll(/\\(.)/g, '$1') ?? plain ?? '').replaceAll('%%', '%').replaceAll('$$', '$'),
  );
}

function assignment(text: string): readonly [string, string] {
  const at = text.indexOf('=');
  return [text.slice(0, at), text.slice(at + 1)];
}

function readEnvironmentFile(path: string): Record<string, string> {
  const values: Record<string, string> = {};
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    const match = /^\s*(\w+)\s*=\s*(.*?)\s*$/.exec(line);
    if (match?.[1] === undefined) continue;
    const value = match[2] ?? '';
    if (/^".*"$/.test(value)) values[match[1]] = value.slice(1, -1).replaceAll(/\\(["\\`$])/g, '$1');
    else if (/^'.*'$/.test(value)) values[match[1]] = value.slice(1, -1);
    else values[match[1]] = value;
  }
  return values;
}
