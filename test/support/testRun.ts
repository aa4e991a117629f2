import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Where sandboxes keep the pasts of their chains for each other, during one run of the tests. */
    readonly pasts: string;
  }
}

/**
 * Vitest's global setup, before the first file and after the last: one folder for all that the tests of this run
 * make, and a process that clears it away with all that was started in it, however the run ends.
 */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'tv-'));
  // The services of a sandbox have users of their own.
  await chmod(folder, 0o711);
  const pasts = join(folder, 'pasts');
  await mkdir(pasts);
  project.provide('pasts', pasts);
  // Of the workers, which are not started yet, and of what they start.
  process.env['TMPDIR'] = folder;
  process.env['TEST_RUN'] = folder;
  const end = fileURLToPath(new URL('endTestRun.ts', import.meta.url));
  // In a group of its own, so that Ctrl-C does not end it. It begins once this end of the pipe is closed.
  const cleaner = spawn(process.execPath, [end, folder], {
    env: { PATH: process.env['PATH'] ?? '' },
    stdio: ['pipe', 'ignore', 'inherit'],
    detached: true,
  });
  return async () => {
    const ended = once(cleaner, 'exit');
    cleaner.stdin?.end();
    await ended;
  };
}
