import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readOldKeys } from '../../src/chain/oracle/oldKeys.ts';
import { AuditLog, ChecklistLog } from '../../src/journal/audit.ts';
import { lockRecords } from '../../src/journal/lockRecords.ts';
import { readRecords } from '../../src/observe/checklist/judge.ts';
import { readPast } from '../../src/observe/monitor/history.ts';
import { historyFile } from '../../src/observe/monitor/monitor.ts';
import { isAbsent } from '../../src/output/durableFile.ts';
import { RedactingWriter } from '../../src/output/redactingWriter.ts';
import { Secrets } from '../../src/output/secrets.ts';
import type { Context } from '../../src/runbook/context.ts';
import { DrivenClock } from '../support/fakes.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tv-state-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const clock = new DrivenClock(Date.UTC(2026, 10, 23));
const writer = new RedactingWriter(new Secrets());
const place = (stateDirectory: string) => ({ stateDirectory, environment: 'production' });

/** Everything that is read of a state directory without a run. */
const readers: readonly (readonly [string, (state: string) => unknown, string])[] = [
  ['the audit log', (state) => new AuditLog(state, writer, clock).entries(), 'audit.unusable'],
  ['its verification', (state) => new AuditLog(state, writer, clock).verify(), 'audit.unusable'],
  ['the locks', (state) => lockRecords(place(state)), 'lock.unreadable'],
  ['replaced oracle keys', (state) => readOldKeys(place(state)), 'oracle.old-keys-unreadable'],
  [
    'the history of the monitor',
    (state) => readPast(historyFile(state), 'production', () => 'read'),
    'monitor.history-unreadable',
  ],
];

/** State directories that nothing can be read of, which root may search like everybody. */
const unreachable: readonly (readonly [string, () => string])[] = [
  [
    'a file in its place',
    () => {
      const file = join(directory, 'state');
      writeFileSync(file, 'no folder');
      return file;
    },
  ],
  [
    'a file above it',
    () => {
      const file = join(directory, 'home');
      writeFileSync(file, 'no folder');
      return join(file, 'state');
    },
  ],
  [
    'symbolic links that form a loop',
    () => {
      symlinkSync(join(directory, 'state'), join(directory, 'state'));
      return join(directory, 'state');
    },
  ],
];

describe.each(unreachable)('a state directory with %s', (_, made) => {
  it.each(readers)('%s: an error, and not empty', async (_name, read, code) => {
    const state = made();
    await expect((async () => read(state))()).rejects.toMatchObject({ code });
  });

  it('records of the checklist are unknown', () => {
    const checklist = new ChecklistLog(made(), writer, clock);
    const ctx = { checklist, clock, settings: place('') } as unknown as Context;
    expect(readRecords(ctx)).toEqual({ known: false, reason: expect.stringContaining('cannot be used') });
  });
});

describe('a state directory that is not there yet, or empty', () => {
  it.each([
    ['not there', () => join(directory, 'none', 'state')],
    [
      'empty',
      () => {
        mkdirSync(join(directory, 'state'));
        return join(directory, 'state');
      },
    ],
  ])('%s: nothing is recorded', async (_, made) => {
    const state = made();
    const [entries, verdict, locks, keys, past] = await Promise.all(readers.map(([, read]) => read(state)));
    expect(entries).toEqual([]);
    expect(verdict).toEqual({ entries: 0, intact: true, problems: [] });
    expect(locks).toEqual({ asking: [], holding: [] });
    expect(keys).toEqual([]);
    expect(past).toBeUndefined();
  });

  it('a link to nothing is something', () => {
    symlinkSync(join(directory, 'gone'), join(directory, 'link'));
    expect(isAbsent(join(directory, 'link'))).toBe(false);
    expect(isAbsent(join(directory, 'gone'))).toBe(true);
  });
});
