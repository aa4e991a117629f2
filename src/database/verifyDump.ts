import type { Database, Host } from '../runbook/context.ts';
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
};

/** A line of table data never looks like the end mark, since COPY doubles every backslash. */
const countCopiedRows = String.raw`
!copying && /^COPY .* FROM stdin;$/ { copying = 1; rows = 0; head = $0; next }
copying && $0 == "\\." { copying = 0; print rows "\t" head; next }
copying { rows++ }
END { if (copying) print "unended\t" head }
`;

/**
 * Reads a custom-format archive from end to end, as a restore would, and compares the rows in it
 * with those expected.
 * @throws TvError where the archive cannot be read to its end
 */
export async function verifyDump(database: Database, parameters: VerifyDumpParameters): Promise<DumpVerdict> {
  const { run, file, tables, signal } = parameters;
  const common = {
    run,
    failure: 'The backup cannot be read to its end.',
    facts: { file },
    ...(signal === undefined ? {} : { signal }),
  };
  const header = await runHostScript(database, { ...common, script: 'pg_restore -l -- "$1"', args: [file] });
  const counts = await runHostScript(database, {
    ...common,
    script: 'pg_restore --data-only -f - -- "$1" | awk "$2"',
    args: [file, countCopiedRows],
  });
  const rows: Record<string, number> = {};
  const problems: string[] = [];
  for (const line of counts.split('\n').filter((l) => l !== '')) {
    const tab = line.indexOf('\t');
    const table = copyTarget(line.slice(tab + 1));
    if (line.startsWith('unended')) problems.push(`${table} breaks off in the middle`);
    else rows[table] = (rows[table] ?? 0) + Number(line.slice(0, tab));
  }
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
  };
}

/** Whether an archive's table of contents names rows, and no table to put them into. */
export function isDataOnly(contents: string): boolean {
  return /^\d+; \d+ \d+ TABLE DATA /m.test(contents) && !/^\d+; \d+ \d+ TABLE (?!DATA )/m.test(contents);
}

/** `COPY public."odd ""name" (a, b) FROM stdin;` → `public.odd "name`. */
export function copyTarget(line: string): string {
  const identifier = String.raw`("(?:[^"]|"")+"|[^\s".(]+)`;
  const match = new RegExp(`^COPY ${identifier}\\.${identifier} `).exec(line);
  return match === null ? line : `${unquote(match[1] ?? '')}.${unquote(match[2] ?? '')}`;
}

function unquote(identifier: string): string {
  return identifier.startsWith('"') ? identifier.slice(1, -1).replaceAll('""', '"') : identifier;
}
