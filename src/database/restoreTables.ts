import { sql } from 'kysely';
import { TvError } from '../errors/TvError.ts';
import type { Database, Host } from '../runbook/context.ts';
import dumpReader from './backup/dumpReader.awk';
import { knownSettings } from './backup/dumpScript.ts';
import feedDump from './backup/feedDump.sh';
import listContents from './backup/listContents.sh';
import loadRanges from './backup/loadRanges.sh';
import { readRangeList } from './backup/rangeList.ts';
import { libpqArguments } from './connectDatabase.ts';
import { aroundDeletes, deleteStatements, helperIndexes } from './deleteStatements.ts';
import { endSessions } from './endSessions.ts';
import { allTables, type EventSchema, tableId } from './eventSchema.ts';
import { runHostScript } from './hostScript.ts';
import { listSequences } from './listSequences.ts';
import restoreScript from './restoreTables.sh';

export interface RestoreTablesParameters {
  readonly run: Host['run'];
  /** What pg_restore reads, on the host: the `archive` of a backup that was verified before. */
  readonly archive: string;
  /** The folder of a backup of the form `ranges`. */
  readonly ranges?: string;
  readonly schema: EventSchema;
  /** Of this restore alone, so that an orphan of a killed run can be ended. At most 63 bytes. */
  readonly applicationName: string;
  readonly signal?: AbortSignal;
}

const endMark = `SELECT pg_catalog.set_config('tv.restore', 'complete', true);`;
const endCheck = `DO $$ BEGIN
  IF pg_catalog.current_setting('tv.restore', true) IS DISTINCT FROM 'complete' THEN
    RAISE EXCEPTION 'the archive could not be read to its end';
  END IF;
END $$`;

/**
 * Puts the event tables, the cursor and their sequences back as they were at the dump, in one
 * transaction; other tables stay as they are. Needs no superuser. Values of sequences are outside
 * any transaction in PostgreSQL: they are set last, directly before the commit.
 * @throws TvError where the archive lacks a table or cannot be read to its end; nothing is changed then
 */
export async function restoreTables(database: Database, parameters: RestoreTablesParameters): Promise<void> {
  const { run, archive, schema, applicationName, signal } = parameters;
  const abortable = signal === undefined ? {} : { signal };
  await endSessions(database, { applicationName });
  const list = await contentsToRestore(database, parameters);
  await runHostScript(database, {
    run,
    script: `${feedDump}${loadRanges}${restoreScript}`,
    args: [
      archive,
      list,
      await statementsBefore(database, schema),
      endMark,
      endCheck,
      await knownSettings(database),
      dumpReader,
      ...libpqArguments(database, applicationName),
    ],
    code: 'db.restore-failed',
    failure: 'The event tables could not be restored; they are unchanged.',
    facts: { archive },
    next: { tv: ['status'] },
    ...abortable,
  });
}

/** Raw rows, their children, the cursor, then sequences: lines of `pg_restore -l`, or the ranges of a large table. */
async function contentsToRestore(database: Database, parameters: RestoreTablesParameters): Promise<string> {
  const { run, archive, schema } = parameters;
  const contents = await runHostScript(database, {
    run,
    script: listContents,
    args: [archive],
    code: 'backup.unreadable',
    failure: 'The backup cannot be read.',
    facts: { archive },
  });
  const lines = contents.split('\n');
  const find = (kind: string, object: { readonly schema: string; readonly name: string }) =>
    lines.filter((line) =>
      line.replace(/^\d+; \d+ \d+ /, '').startsWith(`${kind} ${object.schema} ${object.name} `),
    );
  const missing: string[] = [];
  const ranges = parameters.ranges === undefined ? [] : await rangesIn(database, parameters.ranges, run);
  const data = allTables(schema).flatMap((table) => {
    const found = [
      ...find('TABLE DATA', table),
      ...ranges
        .filter(({ id }) => id === `${table.schema}.${table.name}`)
        .map(({ file, table: quoted, columns }) => ['COPY', file, quoted, columns].join('\t')),
    ];
    if (found.length === 0) missing.push(`${table.schema}.${table.name}`);
    return found;
  });
  if (missing.length > 0) {
    throw new TvError('backup.lacks-tables', 'The backup lacks event tables; nothing was touched.', {
      facts: { archive, missing: missing.join(', ') },
    });
  }
  const sequences = await listSequences(database.kysely, { schema });
  return [...data, ...sequences.flatMap((sequence) => find('SEQUENCE SET', sequence))].join('\n');
}

async function rangesIn(database: Database, path: string, run: Host['run']) {
  const { ranges, problems } = await readRangeList(database, { run, path });
  if (problems.length === 0) return ranges;
  throw new TvError('backup.damaged', 'The backup is damaged; nothing was touched.', {
    facts: { backup: path, problems: problems.join('; ') },
    next: { tv: ['db', 'backups'] },
  });
}

async function statementsBefore(database: Database, schema: EventSchema): Promise<string> {
  const { before, after } = aroundDeletes(
    await helperIndexes(database.kysely, { schema, fromBlock: undefined }),
  );
  const statements = [
    sql`set local lock_timeout = '10s'`,
    sql`set local statement_timeout = 0`,
    sql`lock table ${sql.join(allTables(schema).map(tableId))} in share row exclusive mode`,
    ...before,
    ...deleteStatements({ schema, fromBlock: undefined }).map(({ statement }) => statement),
    ...(schema.cursor === null ? [] : [sql`delete from ${tableId(schema.cursor)}`]),
    ...after,
  ];
  return statements.map((statement) => `${statement.compile(database.kysely).sql};`).join('\n');
}
