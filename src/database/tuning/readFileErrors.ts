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
  return admin.kysely
    .selectFrom('pg_catalog.pg_file_settings as f')
    .leftJoin('pg_catalog.pg_settings as s', 's.name', 'f.name')
    .select(['f.sourcefile as file', 'f.sourceline as line', 'f.error'])
    .where('f.error', 'is not', null)
    .where('s.pending_restart', 'is not', true)
    .orderBy('f.seqno')
    .$narrowType<{ error: string }>()
    .execute();
}
