import type { Host } from '../runbook/context.ts';
import type { Progress } from '../runbook/events.ts';

/** Between two reads of the size, in milliseconds. */
const lookEveryMs = 1_000;

/** Reports once a second how large a file or folder of the host has become. @returns ends the watch */
export function watchSize(parameters: {
  readonly run: Host['run'];
  readonly path: string;
  readonly onProgress: ((progress: Progress) => void) | undefined;
}): () => void {
  const { run, path, onProgress } = parameters;
  if (onProgress === undefined) return () => {};
  return watch(async () => {
    const { exitCode, stdout } = await run(['du', '-sb', '--', path]);
    if (exitCode === 0) onProgress({ done: Number.parseInt(stdout, 10), unit: 'bytes' });
  });
}

/** Does something once a second, never twice at a time, whatever becomes of it. @returns ends it */
export function watch(look: () => Promise<void>): () => void {
  let looking = false;
  const timer = setInterval(async () => {
    if (looking) return;
    looking = true;
    await look().catch(() => undefined);
    looking = false;
  }, lookEveryMs);
  return () => clearInterval(timer);
}
