import { sql } from 'kysely';
import type { Database } from '../runbook/context.ts';
import type { OpenTransaction } from './inSnapshot.ts';

/**
 * Cancels the statement that a transaction is busy with as soon as `signal` fires, from another
 * connection. Between two statements it does nothing: the caller checks the signal.
 * @returns ends the watch; to be awaited inside the transaction, so that a pending cancel does
 * not hit the next user of the connection
 */
export async function cancelOnAbort(
  database: Database,
  parameters: { readonly transaction: OpenTransaction; readonly signal: AbortSignal | undefined },
): Promise<() => Promise<void>> {
  const { transaction, signal } = parameters;
  if (signal === undefined) return async () => {};
  const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(transaction);
  const pid = rows[0]?.pid;
  let cancelling: Promise<unknown> = Promise.resolve();
  const cancel = () => {
    // Where this fails the server is gone as well, and with it the transaction.
    cancelling = sql`select pg_cancel_backend(${pid}::int)`.execute(database.kysely).catch(() => {});
  };
  signal.addEventListener('abort', cancel, { once: true });
  return async () => {
    signal.removeEventListener('abort', cancel);
    await cancelling;
  };
}
