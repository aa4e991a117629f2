import type { Database, Host } from '../runbook/context.ts';
import dumpReader from './backup/dumpReader.awk';
import { type BackupNeeds, parseDumpText } from './backup/dumpScript.ts';
import listContents from './backup/listContents.sh';
import readDump from './backup/readDump.sh';
import { runHostScript } from './hostScript.ts';

export interface VerifyDumpParameters {
  readonly run: Host['run'];
  /** Path on the host. */
  readonly file: string;
  /** Expected rows, by `schema.table`. Tables that are not named are not compared. */
  readonly tables: Readonly<Record<string, number>>;
  readonly signal?: AbortSignal;
}

export type DumpVerdict = {
  readonly intact: boolean;
  /** What differs, in words, with the table's name. */
  readonly problems: readonly string[];
  /** Rows that the archive holds, by `schema.table`. */
  readonly rows: Readonly<Record<string, number>>;
  /** As the archive's header says it. */
  readonly database: string | null;
  readonly serverVersion: string | null;
  readonly dataOnly: boolean;
  readonly needs: BackupNeeds;
};

/**
 * Reads a custom-format archive from end to end, as a restore would, and compares the rows in it
 * with those expected.
 * @throws TvError where the archive cannot be read to its end
 */
export async function verifyDump(database: Database, parameters: VerifyDumpParameters): Promise<DumpVerdict> {
  const { run, file, tables, signal } = parameters;
  const common = {
    run,
    code: 'backup.unreadable' as const,
    failure: 'The backup cannot be read to its end.',
    facts: { file },
    ...(signal === undefined ? {} : { signal }),
  };
  const header = await runHostScript(database, {
    ...common,
    script: listContents,
    args: [file],
  });
  const text = parseDumpText(
    await runHostScript(database, {
      ...common,
      script: readDump,
      args: ['archive', file, dumpReader],
    }),
  );
  const { rows } = text;
  const problems: string[] = [...text.problems];
  const name = /^;\s+dbname: (.*)$/m.exec(header)?.[1] ?? null;
  if (name !== null && name !== database.target.name) {
    problems.push(`it is a backup of the database ${name}, not of ${database.target.name}`);
  }
  for (const [table, expected] of Object.entries(tables)) {
    const found = rows[table];
    if (found === undefined) problems.push(`${table} is not in it (expected ${expected} rows)`);
    else if (found !== expected) problems.push(`${table} has ${found} rows in it, expected ${expected}`);
  }
  return {
    intact: problems.length === 0,
    problems,
    rows,
    database: name,
    serverVersion: /^;\s+Dumped from database version: (\S+)/m.exec(header)?.[1] ?? null,
    dataOnly: isDataOnly(header),
    needs: text.needs,
  };
}

/** Whether an archive's table of contents names rows, and no table to put them into. */
export function isDataOnly(contents: string): boolean {
  return /^\d+; \d+ \d+ TABLE DATA /m.test(contents) && !/^\d+; \d+ \d+ TABLE (?!DATA )/m.test(contents);
}
