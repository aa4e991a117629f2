import { exitCodes, TvError } from '../errors/TvError.ts';
import { buildSandbox, type UpOptions } from './build.ts';
import { sandboxDown } from './down.ts';
import { claimDirectory } from './machine/claimDirectory.ts';
import { endMachine } from './machine/endMachine.ts';
import { lastWords } from './machine/lastWords.ts';
import { defaultName, sandboxDirectory, sandboxPaths } from './paths.ts';
import { runningState, type SandboxState } from './state.ts';

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
  await sandboxDown({ dir: paths.dir });
  const release = claimDirectory(paths);
  // Whatever is at work then fails at once.
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
