import * as z from 'zod';
import { assertChainId, onRightChain } from '../src/chain/assertChainId.ts';
import { readDeployment } from '../src/chain/intents/readDeployment.ts';
import { checkedAddress } from '../src/chain/pairs/pair.ts';
import { sameAddress } from '../src/chain/sameAddress.ts';
import {
  describeTransaction,
  type TracedLog,
  type TracedTransaction,
} from '../src/chain/transactions/describeTransaction.ts';
import { readTransactionRows, type TransactionRow } from '../src/database/readTransactionRows.ts';
import { distinctAdvice } from '../src/errors/advice.ts';
import { type Answer, answer, known } from '../src/errors/answer.ts';
import { TvError, UsageError } from '../src/errors/TvError.ts';
import { readJournalStart, streamJournal } from '../src/host/journal/streamJournal.ts';
import { surveyRuns } from '../src/journal/readRuns.ts';
import { journaledTransactions } from '../src/journal/sentTransactions.ts';
import type { Context } from '../src/runbook/context.ts';
import { defineReport, field, type InputOf } from '../src/runbook/define.ts';
import { blockNumber } from '../src/runbook/inputs.ts';
import { howMany } from '../src/text/format.ts';
import { byHand } from './trace.byHand.ts';
import { renderEventTrace } from './trace.events.render.ts';
import { type EventTrace, isComplete, traceAddress, traceDeposit } from './trace.events.ts';
import { type Indexed, renderTrace, type Trace } from './trace.render.ts';
import { cursorOf, schemaOf, storedAs } from './trace.rows.ts';

/** Log lines beyond these are not shown. */
const mostLines = 20;
/** Of the search through the journals, in milliseconds: the rest is shown without it. */
const journalLimitMs = 5_000;
/** A service may name a transaction this long before it is in a block. In milliseconds. */
const beforeBlockMs = 600_000;

const input = {
  hash: field(
    '[hash]',
    'of the transaction: 0x and 64 hex digits',
    z
      .string()
      .regex(/^0x[0-9a-fA-F]{64}$/, 'expected 0x and 64 hex digits')
      .transform((text) => text.toLowerCase() as `0x${string}`)
      .optional(),
  ),
  address: field(
    '--address <address>',
    'show the events and rows that name an account or a contract',
    z.string().optional(),
  ),
  deposit: field(
    '--deposit <id>',
    "follow a deposit: the hash of its transaction, or its row's id in the table deposits",
    z
      .string()
      .regex(/^(0x[0-9a-fA-F]{64}|\d{1,18})$/, 'expected 0x and 64 hex digits, or the number of a row')
      .transform((text) => text.toLowerCase())
      .optional(),
  ),
  fromBlock: field(
    '--from-block <block>',
    'of --address: the first block that is searched (default: 100 000 blocks)',
    blockNumber.optional(),
  ),
  toBlock: field(
    '--to-block <block>',
    'of --address: the last block that is searched (default: the newest)',
    blockNumber.optional(),
  ),
};

/** `tv trace TX_HASH`: one transaction, wherever it left a trace; or the events of an address or a deposit. */
export default defineReport({
  title: 'Trace',
  summary: 'Follow a transaction, an address or a deposit',
  section: '9',
  order: 2,
  description:
    "Shows a transaction on the chain (sender and role, status, calls, events, the reason where it reverted), the rows that the indexer has made of its events in either form of the schema, what is missing or stored for another contract or as another kind there and why, the lines of the services' journals that name it, and the run of tv that sent it. Exit code 1 where no node knows it, also where it has rows, or an event is missing in the database.\n\nWith `--address` it shows the newest events and rows that name an address, as depositor, recipient, sender or in any other argument. With `--deposit` it shows a deposit and what the vault has done with its token since: deployments, recalls, losses, withdrawals. Blocks that were not searched are named. Exit code 1 where blocks could not be read, or chain and database differ.",
  byHand,
  examples: [
    {
      what: 'What became of a transaction',
      line: 'tv trace $TX_HASH',
    },
    {
      what: 'What an account did lately',
      line: 'tv trace --address $ACCOUNT_ADDRESS',
    },
    { what: 'A deposit by the id of its row', line: 'tv trace --deposit 4711' },
  ],
  input,
  collect: async (ctx, given): Promise<Trace | EventTrace> => {
    assertOne(given);
    const { hash, address: of, deposit, fromBlock, toBlock } = given;
    if (of !== undefined) {
      return traceAddress(ctx, {
        address: checkedAddress(of),
        ...(fromBlock === undefined ? {} : { fromBlock }),
        ...(toBlock === undefined ? {} : { toBlock }),
      });
    }
    if (deposit !== undefined) return traceDeposit(ctx, deposit);
    return traceTransaction(ctx, hash as `0x${string}`);
  },
  render: (data, paint) =>
    data.of === 'transaction' ? renderTrace(data, paint) : renderEventTrace(data, paint),
  exitCode: (data) => (data.of === 'transaction' ? transactionExitCode(data) : isComplete(data) ? 0 : 1),
});

function assertOne({ hash, address: of, deposit, fromBlock, toBlock }: InputOf<typeof input>): void {
  const next = { tv: ['trace', '--help'] };
  const given = [hash, of, deposit].filter((value) => value !== undefined).length;
  if (given === 0) {
    throw new UsageError('usage.missing-value', 'A transaction, an address or a deposit is needed.', {
      next,
    });
  }
  if (given > 1) {
    throw new UsageError(
      'usage.conflicting-flags',
      'Only one of a transaction, --address and --deposit can be traced at once.',
      { next },
    );
  }
  if (of === undefined && (fromBlock !== undefined || toBlock !== undefined)) {
    throw new UsageError('usage.conflicting-flags', '--from-block and --to-block need --address.', { next });
  }
}

async function traceTransaction(ctx: Context, hash: `0x${string}`): Promise<Trace> {
  const right = (async () => assertChainId(ctx.chain()))();
  const asked = onRightChain(right, (async () => describeTransaction(ctx.chain(), hash))());
  const schema = schemaOf(ctx);
  const [transaction, rows, cursor] = await Promise.all([
    answer(asked),
    answer(schema.then((found) => readTransactionRows(ctx.database(), { schema: found, hashes: [hash] }))),
    answer(cursorOf(ctx, schema)),
  ]);
  const found = transaction.known ? transaction.value : undefined;
  const [roles, searched, journalBegins] = await Promise.all([
    found === undefined ? noRoles(transaction) : answer(rolesOf(ctx, found)),
    answer(linesOf(ctx, hash, found?.at ?? null)),
    answer(journalBegin(ctx, found?.at ?? null)),
  ]);
  const logs = found?.logs.known === true ? found.logs.value.filter(({ contract }) => contract !== null) : [];
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
    of: 'transaction',
    hash,
    transaction: transaction.known ? { known: true, value: found ?? null } : transaction,
    roles,
    rows,
    events,
    surplus,
    lines: searched.known ? known(searched.value.lines) : searched,
    isCut: searched.known && searched.value.isCut,
    journalBegins,
    ...sentBy(ctx, hash),
    next: distinctAdvice([
      ...(searched.known && searched.value.isCut
        ? [{ when: 'see all lines that name it', tv: ['logs', '--tx', hash] }]
        : []),
      ...(missing.length === 0 && surplus.length === 0
        ? []
        : [{ tv: ['reindex', 'check', '--from-block', block, '--to-block', block] }]),
      ...(transaction.known && found === undefined
        ? [{ when: 'see whether every RPC node is at the head', tv: ['health'] }]
        : []),
    ]),
  };
}

function transactionExitCode({ transaction, events, rows }: Trace): number {
  return transaction.known &&
    transaction.value !== null &&
    rows.known &&
    events.every(({ stored, unstorable }) => stored || unstorable)
    ? 0
    : 1;
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
  const { logIndex, address } = log;
  const { stored, tables, why, unstorable } = storedAs(
    {
      ...{ logIndex, address, unstorable: log.unstorable, topic: log.topic ?? undefined },
      ...{ block: transaction?.block ?? null, transactionHash: transaction?.hash ?? '' },
    },
    rows,
    cursor,
  );
  return { ...log, stored: stored === true, tables, why, unstorable };
}

/** Lines of the three services that name the transaction, the newest last, and whether there are more. */
async function linesOf(ctx: Context, hash: string, at: number | null) {
  const { units } = ctx.settings.host;
  const limit = AbortSignal.timeout(journalLimitMs);
  const lines: { at: string; unit: string; message: string }[] = [];
  let isCut = false;
  const stream = streamJournal(ctx.host(), {
    units: [units.api, units.indexer, units.oracle],
    ...(at === null ? {} : { since: new Date(at * 1_000 - beforeBlockMs) }),
    containing: hash.slice(2),
    signal: AbortSignal.any([limit, ctx.signal]),
  });
  try {
    for await (const entry of stream) {
      isCut = lines.length >= mostLines;
      if (isCut) break;
      lines.push({ at: entry.at.toISOString(), unit: entry.unit, message: entry.message });
    }
  } catch (error) {
    if (!limit.aborted || error instanceof TvError) throw error;
    throw new TvError('check.timeout', `The journals were not searched within ${journalLimitMs / 1_000} s.`);
  }
  return { lines, isCut };
}

/** When the journal begins, where a line that names the transaction may be older; null where none can be. */
async function journalBegin(ctx: Context, at: number | null): Promise<string | null> {
  const limit = AbortSignal.timeout(journalLimitMs);
  const signal = AbortSignal.any([limit, ctx.signal]);
  const begins = await readJournalStart(ctx.host(), { signal }).catch((error: unknown) => {
    if (!limit.aborted || error instanceof TvError) throw error;
    throw new TvError('check.timeout', `journalctl did not answer within ${journalLimitMs / 1_000} s.`);
  });
  if (begins === undefined) throw new TvError('host.journal-unreadable', 'The journal holds no entry.');
  return at !== null && begins.getTime() <= at * 1_000 - beforeBlockMs ? null : begins.toISOString();
}

/** The run whose journal has the transaction; the newest where several have. */
export function sentBy(
  ctx: Pick<Context, 'runs' | 'settings'>,
  hash: string,
): Pick<Trace, 'run' | 'runUnknown'> {
  const { states, damaged } = surveyRuns(ctx);
  const state = states.findLast(({ lines }) =>
    journaledTransactions(lines).some((sent) => sent.hash.toLowerCase() === hash),
  );
  const [first] = damaged;
  return {
    run: state?.started.run ?? null,
    runUnknown:
      state !== undefined || first === undefined
        ? null
        : `${howMany(damaged.length, 'journal')} of runs cannot be read (${damaged.map(({ run }) => run).join(', ')}): ${first.error.message.replace(/\.$/, '')}`,
  };
}
