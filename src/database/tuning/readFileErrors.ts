import { sql } from 'kysely';
import type { Database } from '../../runbook/context.ts';

export type FileError = {
  readonly file: string;
  readonly line: number | null;
  readonly error: string;
};

/**
 * Errors in the server's configuration files: with one in them a reload changes nothing at all. What
 * only waits for a restart is not an error.
 */
export async function readFileErrors(admin: Database): Promise<readonly FileError[]> {
  const { rows } = await sql<FileError>`
    select f.sourcefile as file, f.sourceline as line, f.error
    from pg_catalog.pg_file_settings f
    left join pg_catalog.pg_settings s on s.name = f.name
    where f.error is not null and s.pending_restart is not true
    order by f.seqno
  `.execute(admin.kysely);
  return rows;
}
