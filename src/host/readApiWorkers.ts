import { posix } from 'node:path';
import type { Host } from '../runbook/context.ts';
import { FileError, readTextFile } from './readTextFile.ts';
import { assertUnitName } from './readUnits.ts';

export type ApiWorkers = {
  /** Null where it is unknown without running the server. */
  readonly workers: number | null;
  /** Where that is set, or why it is unknown. */
  readonly from: string;
};

interface UnitCommand {
  readonly words: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly directory: string;
}

/**
 * How many worker processes the API's unit asks for: gunicorn's and uvicorn's flags, then the file
 * that gunicorn's command line names, then `WEB_CONCURRENCY`, as gunicorn itself ranks them.
 */
export async function readApiWorkers(host: Host, { unit }: { readonly unit: string }): Promise<ApiWorkers> {
  assertUnitName(unit);
  const properties = '--property=ExecStart,Environment,WorkingDirectory';
  const { stdout } = await host.run(['systemctl', 'show', '--no-pager', properties, unit]);
  const command = parseUnitCommand(stdout);
  const flag = workersFlag(command.words);
  if (flag !== undefined) return { workers: flag, from: `ExecStart of ${unit}` };
  const file = gunicornFile(command);
  const written = file === undefined ? undefined : await workersIn(host, file);
  if (written !== undefined) return written;
  const concurrency = Number(command.environment['WEB_CONCURRENCY'] ?? Number.NaN);
  if (Number.isInteger(concurrency)) return { workers: concurrency, from: `WEB_CONCURRENCY of ${unit}` };
  return { workers: null, from: `not visible in ${unit}` };
}

/** The output of `systemctl show` for the three properties. */
export function parseUnitCommand(output: string): UnitCommand {
  const line = (name: string) =>
    output
      .split('\n')
      .find((text) => text.startsWith(`${name}=`))
      ?.slice(name.length + 1) ?? '';
  const command = /argv\[\]=(.*?) ; /.exec(line('ExecStart'))?.[1] ?? '';
  const assignments = line('Environment').matchAll(/(?:^| )"?(\w+)=([^" ]*)/g);
  return {
    words: command.split(' ').filter((word) => word !== ''),
    environment: Object.fromEntries([...assignments].map(([, key = '', value = '']) => [key, value])),
    directory: line('WorkingDirectory').replace(/^[!~-]+/, '') || '/',
  };
}

/** `--workers 5`, `--workers=5`, `-w 5`, `-w5`. */
export function workersFlag(words: readonly string[]): number | undefined {
  const found = words.flatMap((word, index) => {
    const text = /^(?:--workers|-w)$/.test(word)
      ? words[index + 1]
      : /^(?:--workers=|-w)(\d+)$/.exec(word)?.[1];
    return text !== undefined && /^\d+$/.test(text) ? [Number(text)] : [];
  });
  return found.at(-1);
}

function gunicornFile({ words, directory }: UnitCommand): string | undefined {
  if (!words.some((word) => /(^|\/)gunicorn$/.test(word))) return undefined;
  const place = words.findIndex((word) => word === '-c' || word === '--config');
  const named =
    place === -1 ? words.find((word) => word.startsWith('--config='))?.slice(9) : words[place + 1];
  // gunicorn's own default (settings reference, "config").
  return posix.resolve(directory, (named ?? 'gunicorn.conf.py').replace(/^file:/, ''));
}

async function workersIn(host: Host, path: string): Promise<ApiWorkers | undefined> {
  try {
    const { text } = await readTextFile(host, { path });
    const written = /^\s*workers\s*=\s*([^#\n]+)/m.exec(text)?.[1]?.trim();
    if (written === undefined) return undefined;
    return /^\d+$/.test(written)
      ? { workers: Number(written), from: path }
      : { workers: null, from: `${path}: workers = ${written}` };
  } catch (error) {
    if (error instanceof FileError) return undefined;
    throw error;
  }
}
