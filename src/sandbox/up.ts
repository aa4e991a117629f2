import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { execaSync } from 'execa';
import { exitCodes, TvError } from '../errors/TvError.ts';
import { childEnvironment } from '../host/childEnvironment.ts';
import { buildSandbox, type UpOptions } from './build.ts';
import { sandboxDown } from './down.ts';
import { claimDirectory } from './machine/claimDirectory.ts';
import { endMachine } from './machine/endMachine.ts';
import { systemdObstacle } from './machine/systemdObstacle.ts';
import { defaultName, type SandboxPaths, sandboxDirectory, sandboxPaths } from './paths.ts';
import { runningState, type SandboxState, unitNames } from './state.ts';

export interface UpResult extends SandboxState {
  /** True where it was up before. */
  readonly already: boolean;
}

/**
 * Makes a complete TempoVault: chain, database, services and their history, on units of its own
 * systemd, and tv's configuration for it. Does nothing where it is up. Remains of an earlier one are
 * removed first.
 *
 * @throws TvError with the last log lines where it cannot be made; nothing is left then
 */
export async function sandboxUp(
  options: UpOptions,
  tell: (line: string) => void,
  signal: AbortSignal = new AbortController().signal,
): Promise<UpResult> {
  const paths = sandboxPaths(sandboxDirectory(options));
  const running = runningState(paths);
  if (running !== undefined) return { ...running, already: true };
  await assertBootable();
  await sandboxDown({ dir: paths.dir });
  const release = claimDirectory(paths);
  // Every running command then fails at once.
  const interrupt = () => void endMachine(paths).catch(() => {});
  signal.addEventListener('abort', interrupt);
  try {
    const state = await buildSandbox(paths, { ...options, name: options.name ?? defaultName }, tell, signal);
    release();
    return { ...state, already: false };
  } catch (error) {
    const words = signal.aborted ? {} : lastWords(paths);
    await sandboxDown({ dir: paths.dir });
    if (signal.aborted) {
      throw new TvError(
        'tv.interrupted',
        'Interrupted: the sandbox was not made, and nothing of it is left.',
        {
          next: { tv: ['sandbox', 'up'] },
          exitCode: exitCodes.interrupted,
        },
      );
    }
    throw error instanceof TvError
      ? new TvError(error.code, error.message, {
          facts: { ...error.facts, ...words },
          next: error.next,
          exitCode: error.exitCode,
          cause: error,
        })
      : error;
  } finally {
    signal.removeEventListener('abort', interrupt);
  }
}

/**
 * The last log lines of each unit that is not active, for an error's facts; of all services where
 * every unit is, since one of them then does nothing.
 */
function lastWords(paths: SandboxPaths): Record<string, string> {
  if (!existsSync(join(paths.bin, 'journalctl'))) return {};
  const ask = (program: string, words: readonly string[]) =>
    execaSync(join(paths.bin, program), words, {
      reject: false,
      timeout: 3_000,
      env: childEnvironment(),
      extendEnv: false,
    }).stdout;
  const dead = unitNames.filter((unit) => ask('systemctl', ['is-active', unit]) !== 'active');
  const silent = dead.length > 0 ? dead : unitNames.filter((unit) => unit.startsWith('tempovault'));
  return Object.fromEntries(
    silent.flatMap((unit) => {
      const lines = ask('journalctl', ['-u', unit, '-n', '3', '-o', 'cat', '--no-pager']);
      return lines === '' ? [] : [[unit, lines.replaceAll('\n', ' | ')]];
    }),
  );
}

/** The checks of tv rest on control groups and namespaces, which have no substitute. */
async function assertBootable(): Promise<void> {
  const obstacle = await systemdObstacle();
  if (obstacle === undefined) return;
  throw new TvError('sandbox.needs-systemd', 'The sandbox cannot boot a systemd of its own here.', {
    facts: { reason: obstacle },
    next: { when: 'as root, on Linux with systemd and cgroup2', tv: ['sandbox', 'up'] },
    exitCode: exitCodes.blocked,
  });
}
