import { TvError } from '../../errors/TvError.ts';
import type { Database, Host } from '../../runbook/context.ts';
import { runHostScript } from '../hostScript.ts';
import { copyTarget, isDataOnly, verifyDump } from '../verifyDump.ts';
import type { Backup } from './listBackups.ts';
import type { BackupFile } from './manifest.ts';
import { readFiles } from './readFiles.ts';

export interface ReadBackParameters {
  readonly run: Host['run'];
  readonly backup: Pick<Backup, 'path' | 'form' | 'archive'>;
  /** Files read at once. */
  readonly jobs: number;
  /** Set: sums and sizes, and nothing is uncompressed; `rows` stays empty. */
  readonly sumsOnly?: boolean;
  readonly signal?: AbortSignal;
}

/** What a backup really holds, read from its first byte to its last. */
export type Contents = {
  readonly files: readonly BackupFile[];
  /** By `schema.table`. */
  readonly rows: Readonly<Record<string, number>>;
  /** Name of the database that was dumped; null where the form does not say. */
  readonly database: string | null;
  readonly serverVersion: string | null;
  readonly problems: readonly string[];
};

/**
 * Reads a backup as a restore would: sums, structure, rows. What is wrong with it is in `problems`.
 * @throws TvError only where the host's tools cannot be run
 */
export async function readBack(database: Database, parameters: ReadBackParameters): Promise<Contents> {
  const { form } = parameters.backup;
  const script = { run: parameters.run, ...(parameters.signal && { signal: parameters.signal }) };
  const { files, lines, problems } = await readFiles(database, parameters);
  const none = { rows: {}, database: null, serverVersion: null };
  if (problems.length > 0) return { files, ...none, problems };
  try {
    if (parameters.sumsOnly)
      return { files, ...none, ...(await readContents(database, parameters)), problems };
    if (form === 'sql' || form === 'sql.gz') return { files, ...(await readScript(database, parameters)) };
    if (form === 'custom') {
      const verdict = await verifyDump(database, { ...script, file: parameters.backup.archive, tables: {} });
      const broken = verdict.problems.filter((problem) => /breaks off/.test(problem));
      return { files, ...verdict, problems: verdict.dataOnly ? [...broken, rowsAlone] : broken };
    }
    return { files, ...(await readDirectoryArchive(database, parameters, lines)) };
  } catch (error) {
    if (!(error instanceof TvError) || error.name !== 'TvError') throw error;
    const said = error.facts['said'];
    return { files, ...none, problems: [`it cannot be read to its end${said ? `: ${said}` : ''}`] };
  }
}

/** What a directory archive's table of contents says: that this host's pg_restore can read it, too. */
async function readContents(database: Database, { run, backup, signal }: ReadBackParameters) {
  if (backup.form !== 'directory') return {};
  const list = await runHostScript(database, {
    run,
    script: 'pg_restore -l -- "$1"',
    args: [backup.archive],
    failure: 'The backup cannot be read.',
    ...(signal === undefined ? {} : { signal }),
  });
  return parseContents(list);
}

function parseContents(list: string): Pick<Contents, 'database' | 'serverVersion'> {
  return {
    database: /^;\s+dbname: (.*)$/m.exec(list)?.[1] ?? null,
    serverVersion: /^;\s+Dumped from database version: (\S+)/m.exec(list)?.[1] ?? null,
  };
}

/** It would fail in the middle of a restore, at the first table that is not there. */
const rowsAlone = 'it holds rows alone, without the tables to put them into (pg_dump --data-only)';

/** pg_dump ends the data of each table with an end mark and two empty lines. */
const linesBehindData = 3;

async function readDirectoryArchive(
  database: Database,
  { run, backup, signal }: ReadBackParameters,
  lines: ReadonlyMap<string, number>,
): Promise<Omit<Contents, 'files'>> {
  const common = {
    run,
    args: [backup.archive],
    failure: 'The backup cannot be read.',
    ...(signal === undefined ? {} : { signal }),
  };
  const [list, definitions] = await Promise.all([
    runHostScript(database, { ...common, script: 'pg_restore -l -- "$1"' }),
    runHostScript(database, { ...common, script: 'pg_restore -s -f - -- "$1"' }),
  ]);
  const rows: Record<string, number> = {};
  const problems: string[] = isDataOnly(list) ? [rowsAlone] : [];
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
  return {
    rows,
    problems,
    ...parseContents(list),
  };
}

/**
 * Rows of each COPY, the header, the end mark, and psql commands, which have no place in a dump:
 * `\connect` would lead a restore into another database. A line of table data never looks like any
 * of these, since COPY doubles every backslash.
 */
const scriptReader = String.raw`
!copying && /^COPY .* FROM stdin;$/ { copying = 1; rows = 0; head = $0; next }
copying && $0 == "\\." { copying = 0; print "rows\t" rows "\t" head; next }
copying { rows++; next }
/^-- Dumped from database version / { print "server\t" $6 }
/^-- PostgreSQL database dump complete/ { print "complete" }
/^CREATE (UNLOGGED )?TABLE / { if (!defines++) print "defines" }
/^\\/ && !/^\\(un)?restrict / { print "command\t" $1 }
END { if (copying) print "unended\t" head }
`;

async function readScript(
  database: Database,
  { run, backup, signal }: ReadBackParameters,
): Promise<Omit<Contents, 'files'>> {
  const output = await runHostScript(database, {
    run,
    script: `${backup.form === 'sql' ? 'cat' : 'gzip -dc'} -- "$1" | awk "$2"`,
    args: [backup.archive, scriptReader],
    failure: 'The backup cannot be read.',
    ...(signal === undefined ? {} : { signal }),
  });
  const rows: Record<string, number> = {};
  const problems: string[] = [];
  let server: string | null = null;
  let complete = false;
  let defines = false;
  for (const line of output.split('\n')) {
    const [kind, first = '', second = ''] = line.split('\t');
    if (kind === 'rows') rows[copyTarget(second)] = Number(first);
    if (kind === 'server') server = first;
    if (kind === 'complete') complete = true;
    if (kind === 'defines') defines = true;
    if (kind === 'unended') problems.push(`${copyTarget(first)} breaks off in the middle`);
    if (kind === 'command') problems.push(`it has a psql command in it: ${first}`);
  }
  if (!complete) problems.push('its end is missing');
  if (!defines && Object.keys(rows).length > 0) problems.push(rowsAlone);
  return { rows, problems, database: null, serverVersion: server };
}
