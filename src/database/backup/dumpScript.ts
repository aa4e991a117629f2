import type { Database } from '../../runbook/context.ts';
import { unquote } from './rangeList.ts';

/** Every setting that the server knows, for dumpReader.awk. */
export async function knownSettings(database: Database): Promise<string> {
  const settings = await database.kysely.selectFrom('pg_catalog.pg_settings').select('name').execute();
  return settings.map(({ name }) => name).join(' ');
}

/** What the text of a dump holds. */
export interface DumpText {
  /** By `schema.table`. */
  readonly rows: Readonly<Record<string, number>>;
  readonly serverVersion: string | null;
  readonly definesTables: boolean;
  readonly complete: boolean;
  /** Roles that own something in it or are granted something, and extensions. */
  readonly needs: BackupNeeds;
  /** Functions and procedures that it defines, as it names them: code, which a restore may run. */
  readonly functions: readonly string[];
  readonly problems: readonly string[];
}

/** What a server must have before a backup can be restored on it. */
export type BackupNeeds = {
  readonly roles: readonly string[];
  readonly extensions: readonly string[];
};

/** Reads the output of dumpReader.awk with `mode=read`. */
export function parseDumpText(output: string): DumpText {
  const rows: Record<string, number> = {};
  const tables: string[] = [];
  const roles = new Set<string>();
  const extensions = new Set<string>();
  const functions = new Set<string>();
  const problems: string[] = [];
  let serverVersion: string | null = null;
  let complete = false;
  let definesTables = false;
  let inserts = false;
  for (const line of output.split('\n')) {
    const [kind, first = '', second = ''] = line.split('\t');
    if (kind === 'rows') rows[tableOf(second)] = (rows[tableOf(second)] ?? 0) + Number(first);
    if (kind === 'server') serverVersion = first;
    if (kind === 'complete') complete = true;
    if (kind === 'table') definesTables = true;
    if (kind === 'table' && second === '') tables.push(tableOf(first));
    if (kind === 'inserts') inserts = true;
    if (kind === 'role') roles.add(unquote(first));
    if (kind === 'extension') extensions.add(unquote(first));
    if (kind === 'function') functions.add(first);
    if (kind === 'unended') problems.push(`${tableOf(first)} ends in the middle`);
    if (kind === 'bad') problems.push(first);
  }
  // With --inserts an empty table has no line of its own; with COPY it has one with no rows.
  if (inserts) for (const table of tables) rows[table] ??= 0;
  const needs = { roles: [...roles], extensions: [...extensions] };
  return { rows, serverVersion, definesTables, complete, needs, functions: [...functions], problems };
}

/** `COPY public."odd ""name" (a, b) FROM stdin;` → `public.odd "name`. */
function tableOf(line: string): string {
  const identifier = String.raw`("(?:[^"]|"")+"|[^\s".(]+)`;
  const statement = `(?:COPY|INSERT INTO|CREATE (?:UNLOGGED )?TABLE)`;
  const match = new RegExp(`^${statement} ${identifier}\\.${identifier}(?: |$)`).exec(line);
  return match === null ? line : `${unquote(match[1] ?? '')}.${unquote(match[2] ?? '')}`;
}
