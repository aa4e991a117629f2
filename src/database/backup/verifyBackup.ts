import type { Database } from '../../runbook/context.ts';
import { visible } from '../../text/outsideText.ts';
import { isVerified } from './choosePrune.ts';
import type { Backup } from './listBackups.ts';
import { isFolder } from './manifest.ts';
import { type Contents, type ReadBackParameters, readBack } from './readBack.ts';

export interface VerifyBackupParameters extends Omit<ReadBackParameters, 'sumsOnly' | 'foreign'> {
  readonly backup: Backup;
  /**
   * `sums`: where every byte has been read and compared before, it is enough that no byte has changed
   * since then. Any other backup is read like with `all`.
   */
  readonly depth: 'all' | 'sums';
  /** Of the server that it would be restored on. */
  readonly serverMajor: number;
}

export type BackupVerdict = Contents & {
  /** Whether there was a manifest with sums to compare with. */
  readonly compared: boolean;
};

/** One of these is in every form of TempoVault's database. */
const wellKnown = ['events', 'deposits', 'withdrawals', 'oracle_updates'];

/**
 * Reads every byte of a backup and compares it with its manifest, with this server and with
 * this database's name. What is wrong is in `problems`, in words that name the file or table.
 */
export async function verifyBackup(
  database: Database,
  parameters: VerifyBackupParameters,
): Promise<BackupVerdict> {
  const { backup, serverMajor, depth } = parameters;
  const { manifest } = backup;
  const sumsOnly = depth === 'sums' && manifest !== null && isVerified(backup);
  const unreadable = isFolder(backup.form) && manifest === null && backup.problems.length > 0;
  const contents: Contents = unreadable
    ? {
        files: [],
        rows: {},
        database: null,
        serverVersion: null,
        needs: { roles: [], extensions: [] },
        problems: [],
      }
    : await readBack(database, { ...parameters, sumsOnly, foreign: manifest === null });
  // The manifest was written after the rows in these very files had been counted.
  const known = sumsOnly ? { ...contents, rows: manifest.rows } : contents;
  const problems = [
    ...backup.problems,
    ...wrongSums(backup, contents),
    ...contents.problems.filter((problem) => !backup.problems.includes(problem)),
  ];
  // A damaged backup says nothing reliable about what it holds.
  if (problems.length === 0) problems.push(...wrongContents(database, backup, known, serverMajor));
  return { ...known, problems: [...new Set(problems.map(visible))], compared: manifest !== null };
}

function wrongSums({ manifest, problems }: Backup, { files }: Contents): readonly string[] {
  if (manifest === null) return [];
  const found = new Map(files.map((file) => [file.path, file]));
  const changed = manifest.files.flatMap(({ path, bytes, sha256 }) => {
    const file = found.get(path);
    return file !== undefined && file.bytes === bytes && file.sha256 !== sha256
      ? [`${path} was changed after it was written (its checksum differs)`]
      : [];
  });
  const known = new Set(manifest.files.map(({ path }) => path));
  const strange = files
    .filter(({ path }) => !known.has(path))
    .map(({ path }) => `${path} does not belong to it`);
  return problems.length > 0 ? changed : [...changed, ...strange];
}

function wrongContents(
  database: Database,
  { manifest }: Backup,
  contents: Contents,
  serverMajor: number,
): readonly string[] {
  const problems: string[] = [];
  const tables = Object.keys(contents.rows);
  const name = contents.database ?? manifest?.database.name ?? null;
  const version = contents.serverVersion ?? manifest?.server.version;
  const major = Number.parseInt(version ?? '', 10);
  if (major > serverMajor) {
    problems.push(`it comes from PostgreSQL ${version}, which is newer than this server (${serverMajor})`);
  }
  if (name !== null && name !== database.target.name) {
    problems.push(`it is a backup of the database ${name}, not of ${database.target.name}`);
  }
  if (tables.length === 0) problems.push('there is no table in it');
  else if (!tables.some((table) => wellKnown.includes(table.slice(table.indexOf('.') + 1)))) {
    problems.push("none of TempoVault's event tables is in it");
  }
  if (manifest !== null && tables.length > 0 && Object.keys(manifest.rows).length === 0) {
    problems.push('its manifest counts no table, so there is nothing to compare its rows with');
  }
  for (const [table, expected] of Object.entries(manifest?.rows ?? {})) {
    const found = contents.rows[table];
    if (found === undefined) problems.push(`${table} is not in it (expected ${expected} rows)`);
    else if (found !== expected) problems.push(`${table} has ${found} rows in it, expected ${expected}`);
  }
  return problems;
}
