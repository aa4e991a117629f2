import { sql } from 'kysely';
import { TvError } from '../../errors/TvError.ts';
import type { Database, Host } from '../../runbook/context.ts';
import type { Progress } from '../../runbook/events.ts';
import { libpqArguments } from '../connectDatabase.ts';
import { countWhile } from '../countWhile.ts';
import { endSessions } from '../endSessions.ts';
import { runHostScript } from '../hostScript.ts';
import { inSnapshot, type OpenTransaction } from '../inSnapshot.ts';
import { readCursor } from '../readCursor.ts';
import { readEventSchema } from '../readEventSchema.ts';
import { type DatabaseProperties, readDatabaseProperties } from '../restore/readDatabaseProperties.ts';
import { watchSize } from '../watchSize.ts';
import directoryScript from './dumpDirectory.sh';
import plainScript from './dumpPlain.sh';
import rangesScript from './dumpRanges.sh';
import { defaultRangeBytes, listRanges } from './listRanges.ts';
import loadRanges from './loadRanges.sh';
import type { Compression } from './manifest.ts';
import restoreAlone from './restoreAlone.sh';

export interface DumpToParameters {
  readonly run: Host['run'];
  readonly form: 'directory' | 'ranges' | 'sql.gz';
  readonly compression: Compression;
  /** Of the form `ranges`: size of a range, and of the smallest table that is dumped in them. */
  readonly rangeBytes?: number;
  /** A name that no backup has; what is there already is replaced. */
  readonly partial: string;
  /** Parallel workers; each takes a table or a range. */
  readonly jobs: number;
  /** Of this dump alone: an orphan of a killed run is found and ended by it. At most 63 bytes. */
  readonly applicationName: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

export type DumpedSnapshot = {
  /** ISO 8601, by the database server's clock. */
  readonly createdAt: string;
  readonly seconds: number;
  readonly rows: Readonly<Record<string, number>>;
  readonly cursorBlock: number | null;
  readonly databaseBytes: number;
  readonly properties: DatabaseProperties;
};

/**
 * Dumps the database and, in the same snapshot, counts every row and reads the cursor.
 * @throws TvError where any part fails; nothing is left then
 */
export async function dumpTo(database: Database, parameters: DumpToParameters): Promise<DumpedSnapshot> {
  const { run, partial, applicationName, signal } = parameters;
  const started = performance.now();
  // An orphan would keep writing to the path that we are about to use.
  await endSessions(database, { applicationName });
  const schema = await readEventSchema(database).catch(noEventTables);
  try {
    return await inSnapshot(database, { statementTimeoutMs: 0 }, async (transaction) => {
      const { rows } = await sql<{ id: string; at: Date; bytes: number }>`
        select pg_export_snapshot() as id, now() as at, pg_database_size(current_database()) as bytes
      `.execute(transaction);
      const [snapshot] = rows;
      if (snapshot === undefined) throw new Error('a SELECT without FROM gave no row');
      const inside = { ...database, kysely: transaction };
      const cursor = schema === undefined ? undefined : await readCursor(inside, { schema });
      const properties = await readDatabaseProperties(inside, { name: database.target.name });
      if (properties === undefined) throw new Error('the database that is open has no row in pg_database');
      const counts = await dumpSnapshot(database, transaction, snapshot.id, parameters);
      return {
        createdAt: snapshot.at.toISOString(),
        seconds: Math.round((performance.now() - started) / 100) / 10,
        rows: counts,
        cursorBlock: cursor?.block ?? null,
        databaseBytes: snapshot.bytes,
        properties,
      };
    });
  } catch (error) {
    // The first failure is the one to report.
    await endSessions(database, { applicationName }).catch(() => []);
    await run(['rm', '-rf', '--', partial]).catch(() => undefined);
    throw signal?.aborted === true ? signal.reason : error;
  }
}

/** As pg_dump itself sets them: rows that a policy would hide are an error, and so is a lock that is held for long. */
const sessionSettings = '-c row_security=off -c lock_timeout=10s';

/** pg_dump and the row counts at once, from the same snapshot; where one fails the other is ended. */
async function dumpSnapshot(
  database: Database,
  transaction: OpenTransaction,
  snapshot: string,
  parameters: DumpToParameters,
): Promise<Readonly<Record<string, number>>> {
  const { run, form, compression, partial, jobs, applicationName, onProgress } = parameters;
  const { rangeBytes = defaultRangeBytes } = parameters;
  const ranges = form === 'ranges' ? await listRanges(transaction, { rangeBytes, compression }) : undefined;
  const { script, args } = {
    directory: { script: directoryScript, args: [String(jobs), compression] },
    ranges: { script: rangesScript, args: [String(jobs), compression, `${loadRanges}${restoreAlone}`] },
    'sql.gz': { script: plainScript, args: [] },
  }[form];
  const stopLooking = watchSize({ run, path: partial, onProgress });
  return countWhile(database, {
    transaction,
    signal: parameters.signal,
    dump: (signal) =>
      runHostScript(database, {
        run,
        script,
        args: [partial, snapshot, ...args, ...libpqArguments(database, applicationName, sessionSettings)],
        ...(ranges === undefined ? {} : { input: ranges }),
        code: 'backup.dump-failed',
        failure: 'The backup failed: pg_dump did not finish.',
        signal,
      }),
  }).finally(stopLooking);
}

/** A database without event tables can be backed up too; it has no cursor. */
function noEventTables(error: unknown): undefined {
  if (!(error instanceof TvError) || error.name !== 'TvError') throw error;
}
