import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { copyDatabase } from '../../runbooks/reindex.beside.ts';
import reindex from '../../runbooks/reindex.ts';
import { connectDatabase } from '../../src/database/connectDatabase.ts';
import { connectHost } from '../../src/host/connectHost.ts';
import { backupPath } from '../../src/operations/backup.ts';
import type { StepContext } from '../../src/runbook/define.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tv-copy-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

// Nothing would be compared with the rows of the copy otherwise.
it.each([
  ['is gone', undefined],
  ['is damaged', '{'],
])('resumed, and the manifest of the backup %s → no copy is made', async (_, manifest) => {
  const { facts } = reindex.example;
  const { beside } = facts;
  if (beside === null || beside === undefined) throw new Error('the example is of the way with a copy');
  const runId = '20261123-221500-reindex-7f3a';
  const backup = { ...facts.backup, directory };
  const path = backupPath(backup, runId);
  mkdirSync(join(path, 'data'), { recursive: true });
  writeFileSync(join(path, 'data', 'toc.dat'), 'x');
  if (manifest !== undefined) writeFileSync(join(path, 'manifest.json'), manifest);
  const database = connectDatabase({
    ...{ url: 'postgres://tempovault@127.0.0.1:9/tempovault', timeoutMs: 1_000, applicationName: 'tv' },
  });
  const ctx = {
    ...{ database: () => database, host: () => connectHost({ prefix: [], timeoutMs: 10_000 }), runId },
    settings: { database: { adminUrl: undefined }, backup: { directory } },
    ...{ note: () => {}, notes: {}, results: {}, signal: new AbortController().signal },
  } as unknown as StepContext;
  await expect(copyDatabase({ ...facts, backup }, beside).run(ctx)).rejects.toMatchObject({
    code: 'backup.damaged',
    next: [{ when: 'plan it anew', tv: ['reindex', '--from-block', String(facts.fromBlock)] }],
  });
});
