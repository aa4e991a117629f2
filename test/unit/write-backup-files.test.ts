import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import flush from '../../src/database/backup/flushBackup.sh';
import { writeMarks } from '../../src/database/backup/marks.ts';
import { describeBackup } from '../../src/database/backup/publishBackup.ts';
import { connectHost } from '../../src/host/connectHost.ts';
import type { Host } from '../../src/runbook/context.ts';

const { run } = connectHost({ prefix: [], timeoutMs: 10_000 });
/** A connection that breaks: the program sees the end of its input. */
const breaking: Host['run'] = (command, options) =>
  run(command, { ...options, input: (options?.input ?? '').slice(0, 20) });
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tv-write-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

describe('marks and manifests', () => {
  const marks = { verified: null, pinned: { at: '2026-11-23T02:00:00.000Z', by: 'anna', reason: 'é' } };

  it('marks that arrive whole replace the former; of those that arrive in part nothing stays', async () => {
    const backup = { path: join(directory, 'tv.sql.gz'), form: 'sql.gz' as const };
    const file = `${backup.path}.marks.json`;
    expect(await writeMarks({ run, backup, marks })).toBe(true);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(marks);
    const before = readFileSync(file, 'utf8');
    expect(await writeMarks({ run: breaking, backup, marks: { ...marks, pinned: null } })).toBe(false);
    expect(readFileSync(file, 'utf8')).toBe(before);
    expect(readdirSync(directory)).toEqual(['tv.sql.gz.marks.json']);
  });

  it('a manifest that arrives in part → an error, and no manifest', async () => {
    const partial = join(directory, 'day.partial');
    mkdirSync(partial);
    const place = { run: breaking, partial, path: join(directory, 'day') };
    const manifest = {
      ...{ schema: 'tv.backup/1' as const, form: 'directory' as const, compression: 'gzip' as const },
      ...{
        createdAt: '2026-11-23T02:00:00.000Z',
        seconds: 1,
        tv: '0',
        tool: 'pg_dump 15',
        cursorBlock: null,
      },
      database: { name: 'tempovault', systemIdentifier: null, bytes: 1 },
      ...{ server: { version: '15.9', major: 15 }, rows: {}, files: [] },
    };
    await expect(describeBackup(place, { manifest, marks })).rejects.toMatchObject({
      code: 'backup.not-written',
      facts: { said: 'the content arrived incomplete' },
    });
    expect(readdirSync(partial)).toEqual([]);
  });
});

it('a backup is put on disk with the folders that hold the names of its files', async () => {
  const [partial, programs] = [join(directory, 'day.partial'), join(directory, 'programs')];
  mkdirSync(join(partial, 'data'), { recursive: true });
  writeFileSync(join(partial, 'data', 'toc.dat'), 'x');
  mkdirSync(programs);
  writeFileSync(join(programs, 'sync'), `#!/bin/sh\nprintf '%s\\n' "$@" > ${directory}/synced\n`, {
    mode: 0o755,
  });
  const path = `PATH=${programs}:${process.env['PATH']}`;
  await run(['env', path, 'bash', '-c', flush, 'tv', join(directory, 'day'), partial]);
  const synced = readFileSync(join(directory, 'synced'), 'utf8').trim().split('\n');
  expect(synced.toSorted()).toEqual(
    ['--', partial, join(partial, 'data'), join(partial, 'data', 'toc.dat')].toSorted(),
  );
});
