import { UnavailableError } from '../errors/TvError.ts';
import type { Host } from '../runbook/context.ts';
import { lastLine } from './explainFailure.ts';
import script from './readEnvFileUse.sh';

export interface EnvFileUse {
  readonly changedAt: Date;
  /** The environment that a process was started with, by its id. Secret. One that may not be read is absent. */
  readonly started: ReadonlyMap<number, ReadonlyMap<string, string>>;
}

/**
 * When a `.env` file was last changed, and what processes were started with. A program that reads `.env` itself
 * shows nothing of it there: `/proc/PID/environ` is what `execve` gave it (proc_pid_environ(5)).
 * @throws UnavailableError where the file is away
 */
export async function readEnvFileUse(
  host: Host,
  { path, pids }: { readonly path: string; readonly pids: readonly number[] },
): Promise<EnvFileUse> {
  const { exitCode, stdout, stderr } = await host.run(['sh', '-c', script, 'sh', path, ...pids.map(String)]);
  const [first = '', ...lines] = stdout.split('\n');
  if (exitCode !== 0 || !/^\d+$/.test(first)) {
    throw new UnavailableError('host.unreadable-answer', `When ${path} was changed cannot be read.`, {
      facts: { reason: lastLine(stderr) || 'stat printed no time' },
    });
  }
  const started = lines.flatMap((line): [number, ReadonlyMap<string, string>][] => {
    const [, pid, words] = /^(\d+) (\S*)$/.exec(line) ?? [];
    return pid === undefined || words === undefined ? [] : [[Number(pid), parseEnviron(words)]];
  });
  return { changedAt: new Date(Number(first) * 1000), started: new Map(started) };
}

function parseEnviron(base64: string): ReadonlyMap<string, string> {
  const entries = Buffer.from(base64, 'base64').toString('utf8').split('\0');
  return new Map(
    entries
      .filter((entry) => entry.includes('='))
      .map((entry): [string, string] => {
        const at = entry.indexOf('=');
        return [entry.slice(0, at), entry.slice(at + 1)];
      }),
  );
}
