// Waits until a run of the tests has exited, be it by SIGKILL, and clears away what it has left: sandboxes, other
// processes and its folder. Usage: node endTestRun.ts FOLDER, with a pipe from the run as standard input.
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { sandboxDown } from '../../src/sandbox/down.ts';

const [, , folder = ''] = process.argv;
const run = process.ppid;
if (folder === '') throw new Error('no folder given');
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
for await (const _ of process.stdin);
// Workers and what they started first: they could keep creating resources.
for (let round = 0; round < 100 && endProcesses() > 0; round++) await delay(50);
for (const home of readdirSync(folder)) {
  const sandboxes = join(folder, home, 'sandbox');
  for (const name of existsSync(sandboxes) ? readdirSync(sandboxes) : [])
    await sandboxDown({ dir: join(sandboxes, name) }).catch((error: unknown) => {
      process.stderr.write(`${join(sandboxes, name)} was not taken down: ${String(error)}\n`);
    });
}
rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });

/**
 * Ends those that name the folder in their command line or have inherited it, but for workers of a run that is still
 * there and ends them itself.
 * @returns how many there were
 */
function endProcesses(): number {
  const theirs = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) =>
      [`/proc/${pid}/cmdline`, `/proc/${pid}/environ`].some((file) => read(file).includes(folder)),
    )
    .filter((pid) => !new RegExp(`^PPid:\\s+${run}$`, 'm').test(read(`/proc/${pid}/status`)));
  for (const pid of theirs) {
    try {
      process.kill(Number(pid), 'SIGKILL');
    } catch {
      // Gone meanwhile.
    }
  }
  return theirs.length;
}

/** Empty where it cannot be read: the process is gone, or that of another user. */
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
