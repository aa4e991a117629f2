import { sql, type Transaction } from 'kysely';
import type { Database } from '../runbook/context.ts';
import type { Relations } from '../runbook/relations.ts';

export type OpenTransaction = Transaction<Relations>;

/**
 * Runs reads that must agree with each other, in one read-only snapshot.
 * @param parameters.statementTimeoutMs limit of each statement; 0 for none
 */
export async function inSnapshot<T>(
  database: Database,
  parameters: { readonly statementTimeoutMs: number },
  read: (transaction: OpenTransaction) => Promise<T>,
): Promise<T> {
  return database.kysely
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(async (transaction) => {
      await limitStatements(transaction, parameters.statementTimeoutMs);
      return read(transaction);
    });
}

/** Until the end of the transaction; 0 for no limit. An idle moment between two statements does not end it. */
export async function limitStatements(
  transaction: OpenTransaction,
  statementTimeoutMs: number,
): Promise<void> {
  await sql`
    select set_config('statement_timeout', ${String(statementTimeoutMs)}, true),
           set_config('idle_in_transaction_session_timeout', '0', true)
  `.execute(transaction);
  // From PostgreSQL 17 on; it would end the transaction that holds a snapshot for pg_dump.
  await transaction
    .selectFrom('pg_catalog.pg_settings')
    .select(sql`set_config(name, '0', true)`.as('limit'))
    .where('name', '=', 'transaction_timeout')
    .execute();
}
