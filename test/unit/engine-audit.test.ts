import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { appendFileSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { AuditLog } from '../../src/journal/audit.ts';
import { acquireFileLock } from '../../src/journal/fileLock.ts';
import { thisOperator } from '../../src/journal/operator.ts';
import { RedactingWriter } from '../../src/output/redactingWriter.ts';
import { Secrets } from '../../src/output/secrets.ts';
import type { AuditRecord } from '../../src/runbook/audit.ts';
import { DrivenClock, temporaryState } from '../support/fakes.ts';
import { buildTestPrograms } from '../support/testPrograms.ts';

const record: AuditRecord = {
  command: 'reindex',
  environment: 'production',
  operator: thisOperator(),
  input: { fromBlock: 5 },
  run: null,
  plan: '7f3a91c2',
  outcome: 'verified',
  exitCode: 0,
  reason: null,
  overrides: [],
};

let state: ReturnType<typeof temporaryState>;
let log: AuditLog;

beforeEach(async () => {
  state = temporaryState();
  log = newLog(new Secrets());
  for (const exitCode of [0, 3, 4, 0, 1]) await log.append({ ...record, exitCode });
});
afterEach(() => state.remove());

function newLog(secrets: Secrets): AuditLog {
  return new AuditLog(state.directory, new RedactingWriter(secrets), new DrivenClock(Date.UTC(2026, 10, 23)));
}

function change(edit: (lines: string[]) => readonly string[]): void {
  const lines = readFileSync(log.file, 'utf8').split('\n').slice(0, -1);
  writeFileSync(
    log.file,
    edit(lines)
      .map((line) => `${line}\n`)
      .join(''),
  );
}

/** An entry as a user who can write the file would change it: its hash fits its new content. */
function forged(line: string, changes: Readonly<Record<string, unknown>>): string {
  const { hash: _, ...body } = { ...JSON.parse(line), ...changes };
  const hash = createHash('sha256').update(sorted(body)).digest('hex');
  return JSON.stringify({ ...body, hash });
}

/** JSON with its keys in order, as the log's format has it. */
function sorted(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(sorted).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const keys = Object.keys(value).sort();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${sorted(Reflect.get(value, key))}`).join(',')}}`;
}

describe('the audit log', () => {
  it('is a chain that fits, in files of its user alone', () => {
    expect(log.verify()).toEqual({ entries: 5, intact: true, problems: [] });
    expect(log.entries().map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5]);
    expect(log.entries()[0]?.previous).toBe('0'.repeat(64));
    for (const file of [log.file, `${log.file}.head`]) expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('that does not exist yet is intact', () => {
    rmSync(log.file);
    rmSync(`${log.file}.head`);
    expect(log.verify()).toEqual({ entries: 0, intact: true, problems: [] });
  });

  const followsNot = (line: number) =>
    `line ${line} does not follow the line before it: entries were removed, added or moved`;
  const cutOff = () => `the end of the log does not fit ${log.file}.head: entries were cut off`;

  it.each<[string, (lines: string[]) => readonly string[], () => readonly string[]]>([
    [
      'a changed entry',
      (lines) =>
        lines.map((line, index) => (index === 1 ? line.replace('"exitCode":3', '"exitCode":0') : line)),
      () => ['line 2 was changed after it was written'],
    ],
    [
      'a changed entry whose own hash was made to fit again',
      (lines) => lines.with(1, forged(lines[1] ?? '', { exitCode: 0 })),
      () => [followsNot(3)],
    ],
    [
      'a changed last entry whose own hash was made to fit again',
      (lines) => lines.with(4, forged(lines[4] ?? '', { exitCode: 0 })),
      () => [cutOff()],
    ],
    [
      'an entry put in, with a number and a hash that fit',
      (lines) => lines.toSpliced(4, 1, forged(lines[4] ?? '', { previous: 'f'.repeat(64) })),
      () => [followsNot(5), cutOff()],
    ],
    ['a removed entry', (lines) => lines.toSpliced(2, 1), () => [followsNot(3)]],
    ['a removed first entry', (lines) => lines.slice(1), () => [followsNot(1)]],
    [
      'two entries in another order',
      ([a = '', b = '', ...rest]) => [b, a, ...rest],
      () => [followsNot(1), followsNot(2), followsNot(3)],
    ],
    ['an entry put in twice', (lines) => lines.toSpliced(3, 0, lines[2] ?? ''), () => [followsNot(4)]],
    ['a cut-off end', (lines) => lines.slice(0, -1), () => [cutOff()]],
    ['a cut-off end of several entries', (lines) => lines.slice(0, 2), () => [cutOff()]],
    ['all entries gone', () => [], () => [cutOff()]],
    [
      'a line that is no entry',
      (lines) => lines.with(3, 'rubbish'),
      () => ['line 4 is not an audit entry', followsNot(5)],
    ],
  ])('shows %s', (_, edit, problems) => {
    change(edit);
    const verdict = log.verify();
    expect(verdict.intact).toBe(false);
    expect(verdict.problems).toEqual(problems());
  });

  it('shows a removed head', () => {
    rmSync(`${log.file}.head`);
    expect(log.verify().problems).toEqual([cutOff()]);
  });

  it.each<[string, (lines: string[]) => readonly string[]]>([
    ['a cut-off end', (lines) => lines.slice(0, 3)],
    ['all entries gone', () => []],
    ['a last line that is no entry', (lines) => lines.with(4, '"rubbish"')],
    ['a line in the middle that is no entry', (lines) => lines.with(1, '{')],
  ])('takes new entries after %s, and goes on showing it', async (_, edit) => {
    change(edit);
    const entry = await log.append(record);
    expect(entry.seq).toBe(6);
    expect(log.entries().at(-1)).toEqual(entry);
    await log.append(record);
    expect(log.verify().intact).toBe(false);
  });

  it('loses a torn last line, and fits again', async () => {
    appendFileSync(log.file, '{"command":"reindex","environment":"pro');
    expect(log.verify().intact).toBe(true);
    await log.append(record);
    expect(log.verify()).toEqual({ entries: 6, intact: true, problems: [] });
  });

  it('is intact after a kill between the first entry and its head', async () => {
    change((lines) => lines.slice(0, 1));
    rmSync(`${log.file}.head`);
    expect(log.verify().intact).toBe(true);
    await log.append(record);
    expect(log.verify()).toEqual({ entries: 2, intact: true, problems: [] });
  });

  it('is intact after a kill between entry and head', async () => {
    const head = readFileSync(`${log.file}.head`, 'utf8');
    await log.append(record);
    writeFileSync(`${log.file}.head`, head);
    expect(log.verify().intact).toBe(true);
    await log.append(record);
    expect(log.verify()).toEqual({ entries: 7, intact: true, problems: [] });
  });

  it('holds no secret, and fits all the same', async () => {
    const secrets = new Secrets();
    secrets.add('correct horse "battery"');
    await newLog(secrets).append({ ...record, reason: 'the password is correct horse "battery"' });
    expect(log.entries().at(-1)?.reason).toBe('the password is ***');
    expect(log.verify().intact).toBe(true);
  });
});

describe('while another process writes', () => {
  const holder = { operator: thisOperator(), what: 'audit', since: '2026-11-23T00:00:00.000Z' };

  it('waits for half a minute, as on a slow disk with many of them', async () => {
    const lock = acquireFileLock(`${log.file}.lock`, holder);
    if (!lock.held) throw new Error('not held');
    const clock = new DrivenClock(Date.UTC(2026, 10, 23));
    const until = clock.now().getTime() + 25_000;
    vi.spyOn(clock, 'sleep').mockImplementation(async (ms) => {
      clock.advance(ms);
      if (clock.now().getTime() > until) lock.release();
    });
    const patient = new AuditLog(state.directory, new RedactingWriter(new Secrets()), clock);
    await patient.append(record);
    expect(log.verify()).toEqual({ entries: 6, intact: true, problems: [] });
  });

  it('says so where it never ends, and writes nothing', async () => {
    const lock = acquireFileLock(`${log.file}.lock`, holder);
    await expect(newLog(new Secrets()).append(record)).rejects.toThrow(
      expect.objectContaining({ code: 'audit.unusable' }),
    );
    if (lock.held) lock.release();
    expect(log.verify()).toEqual({ entries: 5, intact: true, problems: [] });
  });
});

describe('several processes at once', () => {
  let programs: Awaited<ReturnType<typeof buildTestPrograms>>;
  beforeAll(async () => {
    programs = await buildTestPrograms('appendAudit');
  });
  afterAll(() => programs.remove());

  it('keep one chain without a gap', async () => {
    const children = Array.from({ length: 4 }, () =>
      spawn(process.execPath, [programs.path('appendAudit'), state.directory, '15'], { stdio: 'inherit' }),
    );
    const ended = Promise.all(children.map(async (child) => (await once(child, 'exit'))[0] as number));
    let isWriting = true;
    ended.finally(() => {
      isWriting = false;
    });
    // Whoever reads meanwhile finds nothing wrong.
    const seen = new Set<string>();
    while (isWriting) {
      for (const problem of log.verify().problems) seen.add(problem);
      await new Promise(setImmediate);
    }
    const codes = await ended;
    expect([...seen]).toEqual([]);
    expect(codes).toEqual([0, 0, 0, 0]);
    expect(log.verify()).toEqual({ entries: 65, intact: true, problems: [] });
    const pids = new Set(
      log
        .entries()
        .slice(5)
        .map(({ operator }) => operator.pid),
    );
    expect(pids).toEqual(new Set(children.map(({ pid }) => pid)));
  });
});
