import { TvError } from '../../errors/TvError.ts';
import type { Database, Host } from '../../runbook/context.ts';
import { runHostScript } from '../hostScript.ts';
import { copyTarget, verifyDump } from '../verifyDump.ts';
import type { Backup } from './listBackups.ts';
import type { BackupFile } from './manifest.ts';

export interface ReadBackParameters {
  readonly run: Host['run'];
  readonly backup: Pick<Backup, 'path' | 'form' | 'archive'>;
  /** Files read at once. */
  readonly jobs: number;
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
    if (form === 'sql' || form === 'sql.gz') return { files, ...(await readScript(database, parameters)) };
    if (form === 'custom') {
      const verdict = await verifyDump(database, { ...script, file: parameters.backup.archive, tables: {} });
      const broken = verdict.problems.filter((problem) => /breaks off/.test(problem));
      return { files, ...verdict, problems: broken };
    }
    return { files, ...(await readDirectoryArchive(database, parameters, lines)) };
  } catch (error) {
    if (!(error instanceof TvError) || error.name !== 'TvError') throw error;
    const said = error.facts['said'];
    return { files, ...none, problems: [`it cannot be read to its end${said ? `: ${said}` : ''}`] };
  }
}

/** Each file's sum and size; of compressed ones and of a folder's also the number of lines. */
const filesScript = `
cd -- "$1"
jobs=$2
look() {
  sum=$(sha256sum < "$1") size=$(stat -c %s -- "$1") lines=-
  case $1 in
    *.gz) lines=$(gzip -dc -- "$1" 2>/dev/null | wc -l) || lines=damaged ;;
    *.zst) lines=$(zstd -dc -- "$1" 2>/dev/null | wc -l) || lines=damaged ;;
    *.dat) lines=$(wc -l < "$1") ;;
  esac
  printf '%s\\t%s\\t%s\\t%s\\n' "\${sum%% *}" "$size" "$lines" "$1"
}
export -f look
list() {
  if [ "$3" = . ]; then find . -type f ! -path ./manifest.json ! -path './marks.json*' -printf '%P\\0'
  else printf '%s\\0' "$3"; fi
}
list "$@" | xargs -0 -r -P "$jobs" -I{} bash -c 'set -uo pipefail; look "$1"' tv {} | sort -t "$(printf '\\t')" -k 4`;

async function readFiles(database: Database, { run, backup, jobs, signal }: ReadBackParameters) {
  const { path, form } = backup;
  const slash = path.lastIndexOf('/');
  const output = await runHostScript(database, {
    run,
    script: filesScript,
    args:
      form === 'directory'
        ? [path, String(jobs), '.']
        : [path.slice(0, slash) || '/', String(jobs), path.slice(slash + 1)],
    failure: 'The backup cannot be read.',
    facts: { backup: path },
    ...(signal === undefined ? {} : { signal }),
  });
  const files: BackupFile[] = [];
  const lines = new Map<string, number>();
  const problems: string[] = [];
  for (const line of output.split('\n').filter((text) => text !== '')) {
    const [sha256 = '', bytes, count = '', ...rest] = line.split('\t');
    const name = rest.join('\t');
    files.push({ path: name, bytes: Number(bytes), sha256 });
    if (count === 'damaged') problems.push(`${name} is damaged: it cannot be uncompressed to its end`);
    else if (count !== '-')
      lines.set(name.slice(name.lastIndexOf('/') + 1).replace(/\.(gz|zst)$/, ''), Number(count));
  }
  return { files, lines, problems };
}

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
  const problems: string[] = [];
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
    database: /^;\s+dbname: (.*)$/m.exec(list)?.[1] ?? null,
    serverVersion: /^;\s+Dumped from database version: (\S+)/m.exec(list)?.[1] ?? null,
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
  for (const line of output.split('\n')) {
    const [kind, first = '', second = ''] = line.split('\t');
    if (kind === 'rows') rows[copyTarget(second)] = Number(first);
    if (kind === 'server') server = first;
    if (kind === 'complete') complete = true;
    if (kind === 'unended') problems.push(`${copyTarget(first)} breaks off in the middle`);
    if (kind === 'command') problems.push(`it has a psql command in it: ${first}`);
  }
  if (!complete) problems.push('its end is missing');
  return { rows, problems, database: null, serverVersion: server };
}
