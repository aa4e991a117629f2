import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { acquireFileLock, fileLockHolder } from '../../src/journal/fileLock.ts';
import { isRunning, thisOperator } from '../../src/journal/operator.ts';
import type { Operator } from '../../src/runbook/events.ts';

const modules = fileURLToPath(new URL('../../src/journal/', import.meta.url));

/**
 * A tv in a container that shares this machine's name and the state directory. Prints who it is and what it finds of
 * the lock, then waits.
 */
async function inContainer(directory: string): Promise<{
  readonly operator: Operator;
  readonly found: string;
  end(): Promise<void>;
}> {
  const program = `
    const { acquireFileLock } = await import('${modules}fileLock.ts');
    const { thisOperator } = await import('${modules}operator.ts');
    const operator = thisOperator();
    const answer = acquireFileLock(process.argv[1], { operator, what: 'inside', since: new Date().toISOString() });
    console.log(JSON.stringify({ operator, found: answer.held ? 'free' : answer.by.what }));
    process.stdin.resume();`;
  const child = spawn(
    'unshare',
    [
      ...['--pid', '--fork', '--kill-child', '--mount-proc'],
      ...[process.execPath, '--input-type=module', '-e', program, directory],
    ],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  const [line] = (await once(createInterface({ input: child.stdout as Readable }), 'line')) as [string];
  return {
    ...JSON.parse(line),
    end: async () => {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

describe('a run in another PID namespace of this machine', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'tv-test-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it('in a container → its lock holds while it runs, and is free once it was killed', async () => {
    const other = await inContainer(directory);
    try {
      expect(other.found).toBe('free');
      expect(other.operator.pid).not.toBe(thisOperator().pid);
      expect(isRunning(other.operator)).toBe(true);
      expect(fileLockHolder(directory)?.what).toBe('inside');
    } finally {
      await other.end();
    }
    await expect.poll(() => isRunning(other.operator)).toBe(false);
    expect(fileLockHolder(directory)).toBeUndefined();
  });

  it('around the container, where it cannot be seen → its lock is respected inside', async () => {
    const holder = { operator: thisOperator(), what: 'outside', since: new Date().toISOString() };
    const answer = acquireFileLock(directory, holder);
    expect(answer.held).toBe(true);
    const other = await inContainer(directory);
    try {
      expect(other.found).toBe('outside');
      if (answer.held) await answer.assertHeld?.();
    } finally {
      await other.end();
    }
  });
});
