import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import type { Readable } from 'node:stream';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { acquireFileLock, fileLockHolder } from '../../src/journal/fileLock.ts';
import { isRunning, thisOperator } from '../../src/journal/operator.ts';
import type { LockHolder } from '../../src/runbook/events.ts';
import { deadOperator, temporaryState } from '../support/fakes.ts';
import { buildTestPrograms } from '../support/testPrograms.ts';

const me: LockHolder = { operator: thisOperator(), what: 'reindex', since: '2026-11-23T03:12:00.000Z' };
const dead: LockHolder = { ...me, operator: deadOperator() };

let state: ReturnType<typeof temporaryState>;
let lock: string;

beforeEach(() => {
  state = temporaryState();
  lock = join(state.directory, 'locks', 'production');
});
afterEach(() => state.remove());

/** A lock left by a process that has exited, `number` takings after the first. */
function leaveDeadLock(directory: string, number: number, holder: LockHolder = dead): void {
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, `claim-${number}`), JSON.stringify(holder));
}

describe('the lock on this machine', () => {
  it('is held by one, reported to the second, and free after release', () => {
    const first = acquireFileLock(lock, me);
    expect(first.held).toBe(true);
    expect(acquireFileLock(lock, me)).toEqual({ held: false, by: me });
    expect(fileLockHolder(lock)).toEqual(me);
    if (first.held) first.release();
    expect(fileLockHolder(lock)).toBeUndefined();
    expect(acquireFileLock(lock, me).held).toBe(true);
  });

  it('is free where it was never taken', () => {
    expect(fileLockHolder(lock)).toBeUndefined();
    expect(existsSync(lock)).toBe(false);
  });

  it('of a dead process is taken over', () => {
    leaveDeadLock(lock, 7);
    expect(fileLockHolder(lock)).toBeUndefined();
    expect(acquireFileLock(lock, me).held).toBe(true);
    expect(acquireFileLock(lock, me).held).toBe(false);
  });

  it('of a process on another machine is never taken over', () => {
    const elsewhere = { ...dead, operator: { ...dead.operator, host: 'another-machine' } };
    leaveDeadLock(lock, 1, elsewhere);
    expect(acquireFileLock(lock, me)).toEqual({ held: false, by: elsewhere });
  });

  it('of a process whose id was given to another one since is taken over', () => {
    const reused = { ...me, operator: { ...me.operator, mark: '1' } };
    expect(isRunning(me.operator)).toBe(true);
    expect(isRunning(reused.operator)).toBe(false);
    leaveDeadLock(lock, 1, reused);
    expect(acquireFileLock(lock, me).held).toBe(true);
  });

  it('that a crash of the machine has emptied is taken over', () => {
    leaveDeadLock(lock, 3);
    writeFileSync(join(lock, 'claim-3'), '');
    expect(acquireFileLock(lock, me).held).toBe(true);
  });

  it('leaves one small file behind, however often it was taken', () => {
    for (let round = 0; round < 20; round++) {
      const answer = acquireFileLock(lock, me);
      if (answer.held) answer.release();
    }
    const [only, ...others] = readdirSync(lock);
    expect(others).toEqual([]);
    expect(readFileSync(join(lock, only ?? ''), 'utf8').length).toBeLessThan(300);
  });
});

describe('a killed process', () => {
  it('counts as gone also before its parent has collected it', async () => {
    // Its parent is `sleep`, which never waits for a child: it stays a zombie. A shell that is one still
    // might collect it, so the child ends only once the shell has become `sleep`.
    const shell = spawn('sh', ['-c', 'cat <&3 >/dev/null & echo $!; exec sleep 60 3<&-'], {
      stdio: ['ignore', 'pipe', 'ignore', 'pipe'],
    });
    try {
      const [line] = (await once(createInterface({ input: shell.stdout as Readable }), 'line')) as [string];
      const pid = Number(line);
      await expect.poll(() => readStatus(shell.pid ?? 0), { timeout: 10_000 }).toMatch(/^Name:\s+sleep$/m);
      shell.stdio[3]?.destroy();
      await expect.poll(() => readStatus(pid), { timeout: 10_000 }).toContain('Z (zombie)');
      expect(isRunning({ ...me.operator, pid, mark: null })).toBe(false);
    } finally {
      shell.kill('SIGKILL');
      await once(shell, 'exit');
    }
  });
});

function readStatus(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return '';
  }
}

describe('several processes that find the same dead lock', () => {
  interface Contender {
    readonly child: ChildProcess;
    readonly pid: number;
    readonly lines: AsyncIterator<string>;
  }

  let programs: Awaited<ReturnType<typeof buildTestPrograms>>;
  const contenders: Contender[] = [];

  beforeAll(async () => {
    programs = await buildTestPrograms('contendForLock');
    for (let index = 0; index < 3; index++) {
      const child = spawn(process.execPath, [programs.path('contendForLock')], {
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      const reader: Interface = createInterface({ input: child.stdout });
      const lines = reader[Symbol.asyncIterator]();
      const { value } = await lines.next();
      contenders.push({ child, pid: Number(String(value).replace('ready ', '')), lines });
    }
  });
  afterAll(async () => {
    for (const { child } of contenders) {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    }
    programs.remove();
  });

  it('are never two holders, and the others report who it is', async () => {
    const winners = new Set<number>();
    for (let round = 0; round < 300; round++) {
      const directory = join(state.directory, `race-${round}`);
      leaveDeadLock(directory, 1 + (round % 5));
      // The first one to report it changes from round to round.
      const start = round % contenders.length;
      for (const { child } of [...contenders.slice(start), ...contenders.slice(0, start)]) {
        child.stdin?.write(`${directory}\n`);
      }
      const answers = await Promise.all(contenders.map(async ({ lines }) => (await lines.next()).value));
      const won = contenders.filter((_, index) => answers[index] === 'won');
      expect(won, `round ${round}: ${answers.join(', ')}`).toHaveLength(1);
      const [winner] = won;
      winners.add(winner?.pid ?? 0);
      expect(answers.filter((answer) => answer !== 'won')).toEqual([
        ...[`lost ${winner?.pid}`, `lost ${winner?.pid}`],
      ]);
    }
    // A race that always ends the same way would not be one.
    expect(winners.size).toBeGreaterThan(1);
  });
});
