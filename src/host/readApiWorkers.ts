import { posix } from 'node:path';
import { answer } from '../errors/answer.ts';
import type { Host } from '../runbook/context.ts';
import { readDetails } from './listProcesses.ts';
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
  /** Below the root of the hierarchy; empty where the unit does not run. */
  readonly controlGroup: string;
  /** 0 where none runs. */
  readonly mainPid: number;
}

/**
 * How many worker processes the API's unit asks for: gunicorn's and uvicorn's flags, then the file
 * that gunicorn's command line names, then `WEB_CONCURRENCY`, as gunicorn itself ranks them. Where none of them
 * shows it, its running workers are counted.
 */
export async function readApiWorkers(host: Host, { unit }: { readonly unit: string }): Promise<ApiWorkers> {
  assertUnitName(unit);
  const properties = '--property=ExecStart,Environment,WorkingDirectory,ControlGroup,MainPID';
  const { stdout } = await host.run(['systemctl', 'show', '--no-pager', properties, unit]);
  const command = parseUnitCommand(stdout);
  const flag = workersFlag(command.words);
  if (flag !== undefined) return { workers: flag, from: `ExecStart of ${unit}` };
  const file = gunicornFile(command);
  const written = file === undefined ? undefined : await workersIn(host, file);
  if (written !== undefined && written.workers !== null) return written;
  const concurrency = Number(command.environment['WEB_CONCURRENCY'] ?? Number.NaN);
  if (written === undefined && Number.isInteger(concurrency))
    return { workers: concurrency, from: `WEB_CONCURRENCY of ${unit}` };
  const running = await countWorkers(host, command);
  return running === undefined
    ? (written ?? { workers: null, from: `not visible in ${unit}` })
    : { workers: running, from: `the processes of ${unit}` };
}

/**
 * The workers among the processes of the unit's control group: forks of its main process, or those that
 * multiprocessing of Python has started. Undefined where the group, or what one of its processes is, is unknown.
 */
async function countWorkers(
  host: Host,
  { controlGroup, mainPid }: Pick<UnitCommand, 'controlGroup' | 'mainPid'>,
): Promise<number | undefined> {
  if (controlGroup === '' || mainPid === 0) return undefined;
  const pids = await readGroup(host, controlGroup);
  if (!pids.includes(mainPid)) return undefined;
  const details = await answer(readDetails(host, { pids }));
  if (!details.known) return undefined;
  const main = details.value.get(mainPid)?.argv.join(' ') ?? '';
  const others = pids
    .filter((pid) => pid !== mainPid)
    .map((pid) => details.value.get(pid)?.argv.join(' ').trim() ?? '')
    // One that has ended meanwhile, and the helper of multiprocessing.
    .filter((words) => words !== '' && !/\bmultiprocessing\.resource_tracker\b/.test(words));
  const isWorker = (words: string) =>
    words === main || /\bmultiprocessing\.(spawn|forkserver)\b|^gunicorn: worker\b/.test(words);
  if (main === '' || !others.every(isWorker)) return undefined;
  // A server with workers also has the process that starts them.
  return Math.max(1, others.length);
}

/** Ids of the processes of a control group, in the hierarchy that systemd manages; none where it is unknown. */
async function readGroup(host: Host, group: string): Promise<readonly number[]> {
  for (const root of ['/sys/fs/cgroup', '/sys/fs/cgroup/systemd']) {
    const { exitCode, stdout } = await host.run(['cat', `${root}${group}/cgroup.procs`]);
    if (exitCode === 0)
      return stdout
        .split('\n')
        .filter((line) => /^\d+$/.test(line))
        .map(Number);
  }
  return [];
}

/** The output of `systemctl show` for these properties. */
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
    controlGroup: line('ControlGroup'),
    mainPid: /^\d+$/.test(line('MainPID')) ? Number(line('MainPID')) : 0,
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
    if (!(error instanceof FileError)) throw error;
    // One that is there outranks the environment, whatever it sets.
    return error.problem === 'missing'
      ? undefined
      : { workers: null, from: error.message.replace(/\.$/, '') };
  }
}
