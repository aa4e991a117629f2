import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const program = fileURLToPath(new URL('../support/endTestRun.ts', import.meta.url));

it('a run of the tests that is killed → what it has started ends, and its folder goes', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tv-test-'));
  writeFileSync(join(folder, 'left'), 'something');
  // Neither is a child of the run: that would be a worker of it.
  const start = (name: string, value: string, ...command: readonly string[]) =>
    spawn('sh', ['-c', '"$@" & wait', 'sh', ...command], {
      env: { PATH: process.env['PATH'], [name]: value },
      stdio: 'ignore',
      detached: true,
    });
  const inherited = start('TEST_RUN', folder, 'sleep', '600');
  const named = start('OTHER', '', 'tail', '-f', join(folder, 'left'));
  const bystander = start('OTHER', '', 'sleep', '600');
  const run = spawn(
    process.execPath,
    [
      '-e',
      `require('node:child_process').spawn(process.execPath, ${JSON.stringify([program, folder])}, {
        detached: true, stdio: ['pipe', 'ignore', 'inherit'],
      }).once('spawn', () => console.log('ready'));`,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  try {
    const ended = [inherited, named].map((child) => once(child, 'exit'));
    await once(run.stdout, 'data');
    run.kill('SIGKILL');
    await Promise.all(ended);
    await expect.poll(() => existsSync(folder)).toBe(false);
    expect(bystander.exitCode ?? bystander.signalCode).toBeNull();
  } finally {
    for (const { pid } of [inherited, named, bystander]) {
      try {
        process.kill(-(pid ?? 0), 'SIGKILL');
      } catch {
        // Ended, as it should.
      }
    }
  }
});
