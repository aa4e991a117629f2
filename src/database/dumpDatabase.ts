import { sql } from 'kysely';
import { TvError } from '../errors/TvError.ts';
import type { Database, Host } from '../runbook/context.ts';
import type { Progress } from '../runbook/events.ts';
import publishScript from './backup/publishBackup.sh';
import { libpqArguments } from './connectDatabase.ts';
import { countWhile } from './countWhile.ts';
import dumpScript from './dumpDatabase.sh';
import { endSessions } from './endSessions.ts';
import { runHostScript } from './hostScript.ts';
import { inSnapshot, type OpenTransaction } from './inSnapshot.ts';
import sealScript from './sealDump.sh';
import { verifyDump } from './verifyDump.ts';
import { watchSize } from './watchSize.ts';

export interface DumpDatabaseParameters {
  readonly run: Host['run'];
  /** Final path on the host; must not exist yet. While it is made it has `.partial` behind it. */
  readonly file: string;
  /** Of this dump alone: an orphan of a killed run is found and ended by it. At most 63 bytes. */
  readonly applicationName: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

export type DatabaseDump = {
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly seconds: number;
  /** By `schema.table`, counted in the snapshot that was dumped. */
  readonly rows: Readonly<Record<string, number>>;
};

/**
 * Runbook section 1, step 2: one consistent, compressed archive, made with the host's pg_dump, read
 * back to its end and compared with the row counts of the same snapshot, and only then given its name.
 * @throws TvError where any part fails; nothing is left then that looks like a backup
 */
export async function dumpDatabase(
  database: Database,
  parameters: DumpDatabaseParameters,
): Promise<DatabaseDump> {
  const { run, file, applicationName, signal } = parameters;
  const partial = `${file}.partial`;
  const started = performance.now();
  const abortable = signal === undefined ? {} : { signal };
  // An orphan would go on writing to the file that we are about to make.
  await endSessions(database, { applicationName });
  try {
    const rows = await inSnapshot(database, { statementTimeoutMs: 0 }, (transaction) =>
      dumpSnapshot(database, transaction, parameters),
    );
    const verdict = await verifyDump(database, { run, file: partial, tables: rows, ...abortable });
    if (!verdict.intact) {
      throw new TvError(
        'backup.incomplete',
        'The backup was written but does not hold what the database holds.',
        {
          facts: { file, problems: verdict.problems.join('; ') },
        },
      );
    }
    const common = {
      run,
      code: 'backup.not-written' as const,
      failure: 'The backup was written but cannot be put in its place.',
      facts: { file },
      ...abortable,
    };
    const facts = await runHostScript(database, {
      ...common,
      args: [partial],
      script: sealScript,
    });
    // Apart from the long work above: if tv is killed, that goes on without it, and must not then
    // give the final name to what a resumed run has begun to write.
    await runHostScript(database, {
      ...common,
      args: [file, partial],
      script: publishScript,
    });
    const [bytes, sum] = facts.split('\n');
    return {
      file,
      bytes: Number(bytes),
      sha256: sum?.slice(0, 64) ?? '',
      seconds: Math.round((performance.now() - started) / 100) / 10,
      rows,
    };
  } catch (error) {
    await removePartial(database, run, partial, applicationName);
    throw signal?.aborted === true ? signal.reason : error;
  }
}

/** pg_dump and the row counts at once, from the same snapshot; where one fails the other is ended. */
async function dumpSnapshot(
  database: Database,
  transaction: OpenTransaction,
  parameters: DumpDatabaseParameters,
): Promise<Readonly<Record<string, number>>> {
  const { run, file, applicationName, onProgress } = parameters;
  const partial = `${file}.partial`;
  const { rows } = await sql<{ id: string }>`select pg_export_snapshot() as id`.execute(transaction);
  const stopLooking = watchSize({ run, path: partial, onProgress });
  return countWhile(database, {
    transaction,
    signal: parameters.signal,
    dump: (signal) =>
      runHostScript(database, {
        run,
        script: dumpScript,
        args: [file, partial, rows[0]?.id ?? '', ...libpqArguments(database, applicationName)],
        code: 'backup.dump-failed' as const,
        failure: 'The backup failed: pg_dump did not finish.',
        facts: { file },
        signal,
      }),
  }).finally(stopLooking);
}

/** The first failure is the one to tell; what is left behind has a name that no backup has. */
async function removePartial(
  database: Database,
  run: Host['run'],
  partial: string,
  applicationName: string,
): Promise<void> {
  await endSessions(database, { applicationName }).catch(() => []);
  await run(['rm', '-f', '--', partial]).catch(() => undefined);
}
