import * as z from 'zod';
import { assertChainId, onRightChain } from '../src/chain/assertChainId.ts';
import { readDeployment } from '../src/chain/intents/readDeployment.ts';
import { sameAddress } from '../src/chain/sameAddress.ts';
import {
  describeTransaction,
  type TracedLog,
  type TracedTransaction,
} from '../src/chain/transactions/describeTransaction.ts';
import type { EventSchema } from '../src/database/eventSchema.ts';
import { readEventSchema } from '../src/database/readEventSchema.ts';
import { readProgress } from '../src/database/readProgress.ts';
import { readTransactionRows, type TransactionRow } from '../src/database/readTransactionRows.ts';
import { distinctAdvice } from '../src/errors/advice.ts';
import { type Answer, answer } from '../src/errors/answer.ts';
import { TvError } from '../src/errors/TvError.ts';
import { streamJournal } from '../src/host/journal/streamJournal.ts';
import { surveyRuns } from '../src/journal/readRuns.ts';
import { journaledTransactions } from '../src/journal/sentTransactions.ts';
import type { Context } from '../src/runbook/context.ts';
import { defineReport, field } from '../src/runbook/define.ts';
import { byHand } from './trace.byHand.ts';
import { type Indexed, renderTrace, type Trace } from './trace.render.ts';

/** Log lines beyond these are not shown. */
const mostLines = 20;
/** Of the search through the journals, in milliseconds: the rest is shown without it. */
const journalLimitMs = 5_000;
/** A service may name a transaction this long before it is in a block. In milliseconds. */
const beforeBlockMs = 600_000;

/** `tv trace TX_HASH`: one transaction, wherever it left a trace. */
export default defineReport({
  title: 'Trace',
  summary: 'Follow a transaction: chain, database, journals',
  section: '9',
  order: 2,
  description:
    "Shows a transaction on the chain (sender and role, status, calls, events, the reason where it reverted), the rows that the indexer has made of its events in either form of the schema, what is missing there and why, the lines of the services' journals that name it, and the run of tv that sent it. Exit code 1 where no node knows it, or an event is missing in the database.",
  byHand,
  input: {
    hash: field(
      '<hash>',
      'of the transaction: 0x and 64 hex digits',
      z
        .string()
        .regex(/^0x[0-9a-fA-F]{64}$/, 'expected 0x and 64 hex digits')
        .transform((text) => text.toLowerCase() as `0x${string}`),
    ),
  },
  collect: async (ctx, { hash }): Promise<Trace> => {
    const right = (async () => assertChainId(ctx.chain()))();
    const asked = onRightChain(right, (async () => describeTransaction(ctx.chain(), hash))());
    const schema = (async () => readEventSchema(ctx.database()))();
    const [transaction, rows, cursor] = await Promise.all([
      answer(asked),
      answer(schema.then((found) => readTransactionRows(ctx.database(), { schema: found, hash }))),
      answer(schema.then((found) => cursorOf(ctx, found))),
    ]);
    const found = transaction.known ? transaction.value : undefined;
    const [roles, lines] = await Promise.all([
      found === undefined ? noRoles(transaction) : answer(rolesOf(ctx, found)),
      answer(linesOf(ctx, hash, found?.at ?? null)),
    ]);
    const logs =
      found?.logs.known === true ? found.logs.value.filter(({ contract }) => contract !== null) : [];
    const events = logs.map((log) => indexed(log, found, rows, cursor));
    const surplus =
      found?.logs.known === true && rows.known
        ? rows.value.filter(
            ({ logIndex }) => logIndex !== null && !logs.some((log) => log.logIndex === logIndex),
          )
        : [];
    const missing = events.filter(({ stored, unstorable }) => !stored && !unstorable && rows.known);
    const block = String(found?.block ?? '');
    return {
      hash,
      transaction: transaction.known ? { known: true, value: found ?? null } : transaction,
      roles,
      rows,
      events,
      surplus,
      lines,
      run: sentBy(ctx, hash),
      next: distinctAdvice([
        ...(missing.length === 0 && surplus.length === 0
          ? []
          : [{ tv: ['reindex', 'check', '--from-block', block, '--to-block', block] }]),
        ...(transaction.known && found === undefined
          ? [{ when: 'see whether every RPC node is at the head', tv: ['health'] }]
          : []),
      ]),
    };
  },
  render: renderTrace,
  exitCode: ({ transaction, events, rows }) =>
    transaction.known &&
    transaction.value !== null &&
    rows.known &&
    events.every(({ stored, unstorable }) => stored || unstorable)
      ? 0
      : 1,
});

async function cursorOf(ctx: Context, schema: EventSchema): Promise<number | null> {
  const { block, source } = await readProgress(ctx.database(), { schema });
  return source === 'cursor' ? block : null;
}

/** Roles that the sender holds now, which may be others than then. */
async function rolesOf(ctx: Context, { from }: TracedTransaction): Promise<readonly string[]> {
  const { roles, owner } = await readDeployment(ctx.chain());
  const held = Object.entries(roles).filter(([, { seen }]) => seen.some((one) => sameAddress(one, from)));
  const owns = owner.known && owner.value !== null && sameAddress(owner.value, from);
  return [...held.map(([name]) => name), ...(owns ? ['owner of the vault'] : [])];
}

function noRoles(transaction: Answer<unknown>): Answer<readonly string[]> {
  return transaction.known ? { known: true, value: [] } : transaction;
}

function indexed(
  log: TracedLog,
  transaction: TracedTransaction | undefined,
  rows: Answer<readonly TransactionRow[]>,
  cursor: Answer<number | null>,
): Indexed {
  const own = rows.known ? rows.value.filter(({ logIndex }) => logIndex === log.logIndex) : [];
  const stored = own.length > 0;
  const tables = own.flatMap(({ table, children }) => [table, ...children]);
  return { ...log, stored, tables, why: stored || !rows.known ? null : reason(log, transaction, cursor) };
}

function reason(
  log: TracedLog,
  transaction: TracedTransaction | undefined,
  cursor: Answer<number | null>,
): string {
  const block = transaction?.block ?? null;
  if (cursor.known && cursor.value !== null && block !== null && cursor.value < block) {
    return `not indexed yet: the cursor is at ${cursor.value}`;
  }
  if (log.unstorable) return 'the deployed indexer cannot store this kind (bytes32 or struct argument)';
  return 'skipped or lost: the cursor is beyond its block';
}

/** Lines of the three services that name the transaction, the newest last. */
async function linesOf(ctx: Context, hash: string, at: number | null) {
  const { units } = ctx.settings.host;
  const limit = AbortSignal.timeout(journalLimitMs);
  const found: { at: string; unit: string; message: string }[] = [];
  const stream = streamJournal(ctx.host(), {
    units: [units.api, units.indexer, units.oracle],
    ...(at === null ? {} : { since: new Date(at * 1_000 - beforeBlockMs) }),
    containing: hash.slice(2),
    signal: AbortSignal.any([limit, ctx.signal]),
  });
  try {
    for await (const entry of stream) {
      found.push({ at: entry.at.toISOString(), unit: entry.unit, message: entry.message });
      if (found.length >= mostLines) break;
    }
  } catch (error) {
    if (!limit.aborted || error instanceof TvError) throw error;
    throw new TvError('check.timeout', `The journals were not searched within ${journalLimitMs / 1_000} s.`);
  }
  return found;
}

/** The run whose journal has the transaction; the newest where several have. */
function sentBy(ctx: Context, hash: string): string | null {
  const { states } = surveyRuns(ctx);
  const state = states.findLast(({ lines }) =>
    journaledTransactions(lines).some((sent) => sent.hash.toLowerCase() === hash),
  );
  return state?.started.run ?? null;
}
