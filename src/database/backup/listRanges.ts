import { sql } from 'kysely';
import type { Database } from '../../runbook/context.ts';
import type { OpenTransaction } from '../inSnapshot.ts';
import { listDataTables } from '../listDataTables.ts';
import type { Compression } from './manifest.ts';
import { type RowRange, writeRanges } from './rangeList.ts';

/**
 * Size of a range, and of the smallest table that is dumped in ranges. A session for each costs about 12 ms,
 * 4 % of the time that one of this size takes; a database of 100 GiB has 1 600 of them.
 */
export const defaultRangeBytes = 64 * 1024 ** 2;

/** Of every PostgreSQL that was not built otherwise (`block_size`); with another one the ranges are only larger. */
const pageBytes = 8192;

/** Of a table whose rows are dumped with COPY: every name is quoted as SQL wants it. */
interface LargeTable {
  readonly table: string;
  /** All but generated ones, which COPY does not take. */
  readonly columns: string;
  readonly bytes: number;
}

/**
 * Tables of at least this size, the largest first. Waits for tables that are locked. Left out, and so dumped by pg_dump, are those that are
 * not heaps, and names with a tab or a line break in them.
 */
async function listLargeTables(
  kysely: OpenTransaction,
  { rangeBytes }: { readonly rangeBytes: number },
): Promise<readonly LargeTable[]> {
  const wanted = await listDataTables(kysely);
  const { rows } = await sql<LargeTable & { readonly schema: string; readonly name: string }>`
    select n.nspname as schema, c.relname as name, format('%I.%I', n.nspname, c.relname) as "table",
      pg_relation_size(c.oid) as bytes,
      (select string_agg(quote_ident(a.attname), ', ' order by a.attnum) from pg_attribute a
       where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '') as columns
    from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_am m on m.oid = c.relam
    where c.relkind = 'r' and m.amname = 'heap' and pg_relation_size(c.oid) >= ${rangeBytes}
    order by bytes desc
  `.execute(kysely);
  const known = new Set(wanted.map(({ schema, name }) => JSON.stringify([schema, name])));
  return rows.flatMap(({ schema, name, table, columns, bytes }) =>
    known.has(JSON.stringify([schema, name])) && columns !== null && !/[\t\r\n]/.test(table + columns)
      ? [{ table, columns, bytes }]
      : [],
  );
}

/** Whether a database can have tables of that size, and is in the encoding of their files. Waits for no lock. */
export async function mayDumpRanges(database: Database): Promise<boolean> {
  const { rows } = await sql<{ encoding: string; bytes: number }>`
    select current_setting('server_encoding') as encoding, pg_database_size(current_database()) as bytes
  `.execute(database.kysely);
  return rows.some(({ encoding, bytes }) => encoding === 'UTF8' && bytes >= defaultRangeBytes);
}

/**
 * Divides the large tables into ranges of pages, and locks them until the end of the transaction: a table that
 * is rewritten (VACUUM FULL) has its rows on other pages. Ranges of pages, and not of ids, since every table
 * has them, they are all of one size, and each is read in order without an index (TID range scan).
 * @returns the text of `ranges.tsv`
 */
export async function listRanges(
  transaction: OpenTransaction,
  { rangeBytes, compression }: { readonly rangeBytes: number; readonly compression: Compression },
): Promise<string> {
  // A size is read under a lock too. As long as pg_dump waits for one.
  await sql`select set_config('lock_timeout', '10s', true)`.execute(transaction);
  const found = await listLargeTables(transaction, { rangeBytes });
  if (found.length > 0) {
    await sql`lock table ${sql.raw(found.map(({ table }) => `only ${table}`).join(', '))} in access share mode`.execute(
      transaction,
    );
  }
  await sql`select set_config('lock_timeout', '0', true)`.execute(transaction);
  const pages = Math.max(1, Math.floor(rangeBytes / pageBytes));
  const ranges: RowRange[] = found.flatMap(({ table, columns, bytes }, index) => {
    const parts = Math.max(1, Math.ceil(bytes / (pages * pageBytes)));
    return Array.from({ length: parts }, (_, part) => ({
      file: `${index + 1}.${part + 1}.copy.${compression === 'zstd' ? 'zst' : 'gz'}`,
      table,
      columns,
      from: part * pages,
      // The last one has no end: the table may have grown since its size was read.
      to: part === parts - 1 ? null : (part + 1) * pages,
    }));
  });
  return writeRanges(ranges);
}
