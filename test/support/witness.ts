import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { AuditEntry } from '../../src/runbook/audit.ts';
import { sandboxPaths } from '../../src/sandbox/paths.ts';
import { ownerOf } from './envWatch.ts';
import { readEventRows } from './eventRows.ts';
import type { TestSandbox } from './sandbox.ts';

/** All that a reindex could change. */
export interface Witness {
  /** `MainPID`, state and restarts of each service. */
  readonly services: readonly string[];
  /** Number of rows and a digest of all of them, every column, by table. */
  readonly rows: Readonly<Record<string, string>>;
  readonly cursor: readonly string[];
  /** Digest (it holds secrets), owner, mode and inode of `.env`, and what lies beside it. */
  readonly env: readonly string[];
  readonly backups: readonly string[];
  readonly journals: readonly string[];
}

/** @param upTo rows of later blocks are left out, for a sandbox whose indexer is running */
export async function witness(sandbox: TestSandbox, upTo = Number.MAX_SAFE_INTEGER): Promise<Witness> {
  const { envFile, backups } = sandbox.info.files;
  const [units, rows, cursor] = await Promise.all([
    sandbox.systemctl(
      'show',
      '--property=Id,MainPID,ActiveState,NRestarts',
      'tempovault-api',
      'tempovault-indexer',
      'tempovault-oracle',
    ),
    readEventRows(sandbox),
    upTo === Number.MAX_SAFE_INTEGER
      ? sandbox.sql<{ row: string }>('SELECT s::text AS row FROM indexer_state s')
      : [],
  ]);
  const { tvState } = sandboxPaths(sandbox.dir);
  return {
    services: units.stdout.trim().split('\n\n'),
    rows: Object.fromEntries(
      Object.entries(rows).map(([table, all]) => {
        const kept = all.filter(({ block }) => block <= upTo).map(({ whole }) => whole);
        return [table, `${kept.length} rows, ${digest(kept.join('\n'))}`];
      }),
    ),
    cursor: cursor.map(({ row }) => row),
    env: [
      digest(readFileSync(envFile, 'utf8')),
      ownerOf(envFile),
      String(statSync(envFile).ino),
      ...readdirSync(join(envFile, '..')).toSorted(),
    ],
    backups: readdirSync(backups).toSorted(),
    journals: list(join(tvState, 'runs')),
  };
}

/** Every file below tv's state directory, with a digest of what it holds. */
export function stateFiles(sandbox: TestSandbox): readonly string[] {
  const { tvState } = sandboxPaths(sandbox.dir);
  if (!existsSync(tvState)) return [];
  return readdirSync(tvState, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((file) => `${file} ${digest(readFileSync(file, 'utf8'))}`)
    .toSorted();
}

export function auditEntries(sandbox: TestSandbox): readonly AuditEntry[] {
  const file = join(sandboxPaths(sandbox.dir).tvState, 'audit.jsonl');
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as AuditEntry);
}

/** What a screen says, without its line breaks and columns. */
export function flat(text: string): string {
  return text.replace(/\s+/g, ' ');
}

/** Ids of the checks that a preflight shows with a mark. */
export function marked(text: string, mark: '✖' | '!' | '–' | '✔'): readonly string[] {
  return [...text.matchAll(new RegExp(`^ {2}${mark} (\\S+) `, 'gm'))].map(([, id = '']) => id);
}

function list(directory: string): readonly string[] {
  return existsSync(directory) ? readdirSync(directory).toSorted() : [];
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
