import { TvError } from '../../errors/TvError.ts';
import type { Database } from '../../runbook/context.ts';
import { isHostsFault, runHostScript } from '../hostScript.ts';
import dumpReader from './dumpReader.awk';
import { type BackupNeeds, parseDumpText } from './dumpScript.ts';
import type { Backup } from './listBackups.ts';
import listContents from './listContents.sh';
import { type BackupFile, isFolder } from './manifest.ts';
import { readRangeList } from './rangeList.ts';
import readDump from './readDump.sh';
import { compressed, type ReadFilesParameters, readFiles } from './readFiles.ts';

/** With `sumsOnly`, `rows` stays empty. */
export interface ReadBackParameters extends ReadFilesParameters {
  readonly backup: Pick<Backup, 'path' | 'form' | 'archive'>;
  /** Set: another program than tv made it, so its data may be of any kind (`pg_dump --inserts`). */
  readonly foreign?: boolean;
}

/** What a backup really holds, read from its first byte to its last. */
export type Contents = {
  readonly files: readonly BackupFile[];
  /** By `schema.table`. */
  readonly rows: Readonly<Record<string, number>>;
  /** Name of the database that was dumped; null where the form does not say. */
  readonly database: string | null;
  readonly serverVersion: string | null;
  readonly needs: BackupNeeds;
  readonly problems: readonly string[];
};

/**
 * Reads a backup as a restore would: sums, structure, rows. What is wrong with it is in `problems`.
 * @throws TvError only where the host cannot read it: a program is missing or was killed, a file may not be read
 */
export async function readBack(database: Database, parameters: ReadBackParameters): Promise<Contents> {
  const { form } = parameters.backup;
  const { files, lines, problems } = await readFiles(database, parameters);
  const none = { rows: {}, database: null, serverVersion: null, needs: { roles: [], extensions: [] } };
  if (problems.length > 0) return { files, ...none, problems };
  try {
    if (parameters.sumsOnly)
      return { files, ...none, problems, ...(await readContents(database, parameters)) };
    if (form === 'sql' || form === 'sql.gz') return { files, ...(await readScript(database, parameters)) };
    if (form === 'custom' || parameters.foreign === true)
      return { files, ...(await readArchive(database, parameters)) };
    return { files, ...(await readDirectoryArchive(database, parameters, lines)) };
  } catch (error) {
    if (!(error instanceof TvError) || error.name !== 'TvError' || isHostsFault(error)) throw error;
    const said = error.facts['said'];
    return { files, ...none, problems: [`it cannot be read to its end${said ? `: ${said}` : ''}`] };
  }
}

/** What a directory archive says of itself: that this host's pg_restore can read it, too. */
async function readContents(database: Database, parameters: ReadBackParameters) {
  if (!isFolder(parameters.backup.form)) return {};
  const { list, text } = await readDefinitions(database, parameters);
  return { ...parseContents(list), needs: text.needs, problems: text.problems };
}

/** The table of contents and the definitions of a directory archive; what psql or a server would execute. */
async function readDefinitions(database: Database, { run, backup, signal }: ReadBackParameters) {
  const common = {
    run,
    code: 'backup.unreadable' as const,
    failure: 'The backup cannot be read.',
    ...(signal === undefined ? {} : { signal }),
  };
  const [list, definitions, text] = await Promise.all([
    runHostScript(database, { ...common, args: [backup.archive], script: listContents }),
    runHostScript(database, {
      ...common,
      args: [backup.archive],
      script: 'restore=$(archive_reader "$1"); "$restore" -s -f - -- "$1"',
    }),
    runHostScript(database, {
      ...common,
      args: ['definitions', backup.archive, dumpReader],
      script: readDump,
    }),
  ]);
  return { list, definitions, text: parseDumpText(text) };
}

function parseContents(list: string): Pick<Contents, 'database' | 'serverVersion'> {
  return {
    database: /^;\s+dbname: (.*)$/m.exec(list)?.[1] ?? null,
    serverVersion: /^;\s+Dumped from database version: (\S+)/m.exec(list)?.[1] ?? null,
  };
}

/** Whether an archive's table of contents names rows, and no table to put them into. */
function isDataOnly(contents: string): boolean {
  return /^\d+; \d+ \d+ TABLE DATA /m.test(contents) && !/^\d+; \d+ \d+ TABLE (?!DATA )/m.test(contents);
}

/** It would fail in the middle of a restore, at the first table that is not there. */
const rowsAlone = 'it holds rows alone, without the tables to put them into (pg_dump --data-only)';

/** pg_dump ends the data of each table with an end mark and two empty lines. */
const linesBehindData = 3;

async function readDirectoryArchive(
  database: Database,
  parameters: ReadBackParameters,
  lines: ReadonlyMap<string, number>,
): Promise<Omit<Contents, 'files'>> {
  const { list, definitions, text } = await readDefinitions(database, parameters);
  const rows: Record<string, number> = {};
  const problems: string[] = [...text.problems, ...(isDataOnly(list) ? [rowsAlone] : [])];
  const data = list.match(/^\d+; \d+ \d+ TABLE DATA .*$/gm) ?? [];
  // The list puts blanks between schema, name and owner, each of which may hold blanks itself.
  for (const [, name, schema] of definitions.matchAll(
    /^-- Name: (.+); Type: TABLE; Schema: (.+); Owner: /gm,
  )) {
    const entry = data.find((line) => line.replace(/^.*? TABLE DATA /, '').startsWith(`${schema} ${name} `));
    const id = entry?.slice(0, entry.indexOf(';'));
    const found = lines.get(`${id}.dat`);
    if (entry === undefined) continue;
    if (found === undefined) problems.push(`the data of ${schema}.${name} (${id}.dat) is missing`);
    else rows[`${schema}.${name}`] = found - linesBehindData;
  }
  if (parameters.backup.form === 'ranges') {
    const { path } = parameters.backup;
    const { signal } = parameters;
    const found = await readRangeList(database, {
      run: parameters.run,
      path,
      ...(signal === undefined ? {} : { signal }),
    });
    problems.push(...found.problems);
    for (const { file, id } of found.ranges) {
      const count = lines.get(file.replace(compressed, ''));
      if (count === undefined) problems.push(`the rows of ${id} in ${file} are missing`);
      else rows[id] = (rows[id] ?? 0) + count;
    }
  }
  return {
    rows,
    problems,
    needs: text.needs,
    ...parseContents(list),
  };
}

/** Any archive of pg_dump, of which only its text says how many rows are in it. */
async function readArchive(
  database: Database,
  { run, backup, signal }: ReadBackParameters,
): Promise<Omit<Contents, 'files'>> {
  const common = {
    run,
    code: 'backup.unreadable' as const,
    failure: 'The backup cannot be read to its end.',
    ...(signal === undefined ? {} : { signal }),
  };
  const list = await runHostScript(database, { ...common, script: listContents, args: [backup.archive] });
  const { rows, needs, problems } = parseDumpText(
    await runHostScript(database, {
      ...common,
      script: readDump,
      args: ['archive', backup.archive, dumpReader],
    }),
  );
  return {
    rows,
    needs,
    problems: isDataOnly(list) ? [...problems, rowsAlone] : problems,
    ...parseContents(list),
  };
}

async function readScript(
  database: Database,
  { run, backup, signal }: ReadBackParameters,
): Promise<Omit<Contents, 'files'>> {
  const output = await runHostScript(database, {
    run,
    script: readDump,
    args: [backup.form, backup.archive, dumpReader],
    code: 'backup.unreadable' as const,
    failure: 'The backup cannot be read.',
    ...(signal === undefined ? {} : { signal }),
  });
  const { rows, serverVersion, needs, complete, definesTables, problems } = parseDumpText(output);
  const more: string[] = [];
  if (!complete && problems.length === 0) more.push('its end is missing');
  if (!definesTables && Object.keys(rows).length > 0) more.push(rowsAlone);
  return { rows, problems: [...problems, ...more], database: null, serverVersion, needs };
}
