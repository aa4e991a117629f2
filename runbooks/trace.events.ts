import { assertChainId, onRightChain } from '../src/chain/assertChainId.ts';
import { contractAddresses, unsetContracts } from '../src/chain/contracts.ts';
import { described } from '../src/chain/describeRpcError.ts';
import { hasOpaqueArgument, indexedEvents } from '../src/chain/events.ts';
import { accountFilters, argumentsNaming, type FoundEvents, findEvents } from '../src/chain/findEvents.ts';
import { parseObject } from '../src/chain/parseAnswer.ts';
import { readBlockTime, readHead } from '../src/chain/readHead.ts';
import { eventParser, type ParsedEvent } from '../src/chain/readProtocolEvents.ts';
import { sameAddress } from '../src/chain/sameAddress.ts';
import { parseReceipt } from '../src/chain/transactions/receipt.ts';
import { formatAmount } from '../src/chain/treasury/amount.ts';
import { readToken, type Token } from '../src/chain/treasury/findToken.ts';
import type { Address } from '../src/config/settings.ts';
import type { EventSchema } from '../src/database/eventSchema.ts';
import { readDepositRow } from '../src/database/readDepositRow.ts';
import { type NamingRow, readRowsNaming } from '../src/database/readRowsNaming.ts';
import { readTransactionRows } from '../src/database/readTransactionRows.ts';
import { type Advice, distinctAdvice } from '../src/errors/advice.ts';
import { type Answer, answer, known, unknown } from '../src/errors/answer.ts';
import { TvError, UsageError } from '../src/errors/TvError.ts';
import type { Chain, Context } from '../src/runbook/context.ts';
import { cursorOf, isRowOf, type LogPlace, schemaOf, storedAs } from './trace.rows.ts';

/** Events and rows beyond these are not shown. */
const most = 50;
/** Blocks that are searched where no first block is given. */
const defaultBlocks = 100_000;
/** Of the search in the chain, in milliseconds. */
const chainLimitMs = 15_000;
/** Of the search in each table, in milliseconds. */
const tableLimitMs = 5_000;

/** An event, a row, or both. */
export interface FollowedEvent {
  readonly block: number;
  /** Seconds since 1970; null where no node returned the time of the block. */
  readonly at: number | null;
  readonly transactionHash: string;
  /** Null for a row of a table that does not keep it. */
  readonly logIndex: number | null;
  readonly contract: string | null;
  /** Null where its signature is not known here. */
  readonly name: string | null;
  /** The arguments that name the address. */
  readonly as: readonly string[];
  /** `100 AlphaUSD by 0x…`. */
  readonly words: string;
  /** `unread`: the blocks around the row could not be read. `not-found`: they were, and have no such event. */
  readonly chain: 'found' | 'unread' | 'not-found';
  /** Null where the rows are unknown. */
  readonly stored: boolean | null;
  readonly unstorable: boolean;
  readonly tables: readonly string[];
  readonly why: string | null;
}

/** Blocks that were not searched. */
export interface Gap {
  readonly of: 'chain' | 'database';
  readonly from: number;
  readonly to: number;
  /** Without a full stop. */
  readonly reason: string;
  /** The call asked for other blocks: nothing failed. */
  readonly isChosen: boolean;
}

export interface EventTrace {
  readonly of: 'address' | 'deposit';
  /** The address; the id or the hash of the deposit. */
  readonly subject: string;
  /** Blocks that were to be searched; null where it is unknown which. */
  readonly blocks: { readonly from: number; readonly to: number } | null;
  /** Of a deposit: why there is nothing to follow, as a source answered; null where there is. */
  readonly none: string | null;
  /** In order of time. */
  readonly events: readonly FollowedEvent[];
  readonly gaps: readonly Gap[];
  /** Where the indexer is; null without a cursor. */
  readonly cursor: Answer<number | null>;
  /** Whether the rows of the events could be read. */
  readonly rows: Answer<number>;
  /** What else this does not show. */
  readonly notes: readonly string[];
  readonly next: readonly Advice[];
}

/** Whether all that was asked for was read, and database and chain agree. */
export function isComplete({ none, blocks, rows, gaps, events }: EventTrace): boolean {
  return (
    none === null &&
    blocks !== null &&
    rows.known &&
    gaps.every(({ isChosen }) => isChosen) &&
    events.every((event) => event.chain === 'found' && (event.stored === true || event.unstorable))
  );
}

type Services = Pick<Context, 'chain' | 'database'>;

/** Events and rows that name an address, the newest of a range of blocks. */
export async function traceAddress(
  ctx: Services,
  input: { readonly address: Address; readonly fromBlock?: number; readonly toBlock?: number },
): Promise<EventTrace> {
  const { address } = input;
  const schema = schemaOf(ctx);
  const [head, cursor] = await Promise.all([answer(headOf(ctx)), answer(cursorOf(ctx, schema))]);
  const newest = head.known ? head.value : cursor.known ? cursor.value : null;
  const to = Math.min(input.toBlock ?? newest ?? Number.NaN, newest ?? Number.POSITIVE_INFINITY);
  const from = input.fromBlock ?? Math.max(0, to - defaultBlocks + 1);
  const empty = { of: 'address' as const, subject: address, none: null, cursor };
  if (Number.isNaN(to)) {
    const reason = head.known ? 'the newest block is unknown' : head.reason;
    return {
      ...{ ...empty, blocks: null, events: [], gaps: [], rows: unknown(reason) },
      notes: [`nothing was searched: the newest block is unknown (${reason})`],
      next: [{ when: 'see whether the RPC nodes answer', tv: ['health'] }],
    };
  }
  if (from > to) {
    throw new UsageError('usage.malformed-value', 'There are no blocks in that range.', {
      facts: { from: String(from), to: String(to), ...(newest === null ? {} : { newest: String(newest) }) },
      next: ['--from-block below --to-block, and not beyond the newest block'],
    });
  }
  const chain = async (): Promise<FoundEvents> =>
    findEvents(ctx.chain(), {
      ...{ addresses: contractAddresses(ctx.chain()), filters: accountFilters(address) },
      ...{ fromBlock: from, toBlock: to, most, limitMs: chainLimitMs },
      // What cannot be decoded fits by its topics.
      isWanted: (event) => Object.keys(event.args).length === 0 || argumentsNaming(event, address).length > 0,
    });
  const naming = schema.then((found) =>
    readRowsNaming(ctx.database(), {
      ...{ schema: found, address, fromBlock: from, toBlock: to, most, limitMs: tableLimitMs },
    }),
  );
  const [found, named] = await Promise.all([head.known ? answer(chain()) : head, answer(naming)]);
  const read = found.known ? found.value : { events: [], since: null, reason: found.reason, isCut: false };
  const followed = await follow(ctx, schema, cursor, read.events);
  const shownFrom = read.isCut ? (read.since ?? from) : from;
  const isRead = (block: number) => read.since !== null && block >= read.since;
  const rowsAlone = (named.known ? named.value : [])
    .filter(({ block }) => block >= shownFrom)
    .filter((row) => !read.events.some((event) => isRowOf(row, event)))
    .map((row) => rowAlone(row, isRead(row.block)));
  const unset = unsetContracts(ctx.chain());
  const gaps = [
    ...chainGaps(read, from, to),
    ...(named.known
      ? rowGaps(named.value, from)
      : [{ of: 'database' as const, from, to, reason: named.reason, isChosen: false }]),
    ...chosenGaps(from, to, newest),
  ];
  return {
    ...{ ...empty, blocks: { from, to }, gaps, rows: followed.rows },
    events: await withTimes(
      ctx,
      [
        ...followed.events.map((event) => ({
          ...event,
          as: argumentsNaming({ args: event.args }, address),
        })),
        ...rowsAlone,
      ],
      head.known,
    ),
    notes: [
      'events and rows alone: not a transaction that the address sent and that no event names it in, nor a transfer of tokens outside of the protocol',
      ...(unset.length === 0 ? [] : [`not the events of ${unset.join(', ')}: no address is set`]),
    ],
    next: distinctAdvice([
      ...differing([...followed.events, ...rowsAlone]),
      ...(found.known ? [] : [{ when: 'see whether the RPC nodes answer', tv: ['health'] }]),
      ...earlier(input, read.since, from),
    ]),
  };
}

const lifeKinds = ['CapitalDeployed', 'CapitalRecalled', 'LossRealized', 'Withdrawn'];
const lifeTopics = indexedEvents.filter(({ name }) => lifeKinds.includes(name)).map(({ topic }) => topic);

/** A deposit, and what the vault has done with its token since. */
export async function traceDeposit(ctx: Services, deposit: string): Promise<EventTrace> {
  const schema = schemaOf(ctx);
  const cursor = await answer(cursorOf(ctx, schema));
  const empty = { of: 'deposit' as const, subject: deposit, cursor, blocks: null, events: [], gaps: [] };
  const nothing = (why: { readonly none?: string; readonly unknown?: string }, next: readonly Advice[]) => ({
    ...{ ...empty, none: why.none ?? null, next },
    rows: why.unknown === undefined ? known(0) : unknown(why.unknown),
    notes: why.unknown === undefined ? [] : [`the deposit is unknown: ${why.unknown}`],
  });
  const place = await answer(placeOf(ctx, schema, deposit));
  if (!place.known) return nothing({ unknown: place.reason }, []);
  if (typeof place.value === 'string') return nothing({ none: place.value }, []);
  const { transactionHash, logIndex } = place.value;
  const made = await answer(depositsIn(ctx, transactionHash as `0x${string}`));
  if (!made.known) return nothing({ unknown: made.reason }, [{ tv: ['health'] }]);
  if (made.value === undefined) {
    const hash = transactionHash.toLowerCase();
    const rows = await answer(
      schema.then((found) => readTransactionRows(ctx.database(), { schema: found, hashes: [hash] })),
    );
    const isRow = !deposit.startsWith('0x');
    const next = [{ when: 'see whether every RPC node is at the head', tv: ['health'] }];
    return nothing(withoutReceipt(rows, { isRow }), isRow ? [...next, { tv: ['trace', hash] }] : next);
  }
  if (typeof made.value === 'string') {
    return nothing({ none: made.value }, [{ tv: ['trace', transactionHash] }]);
  }
  const { head, events: all } = made.value;
  const begun = logIndex === null ? all : all.filter((event) => event.logIndex === logIndex);
  const [first] = begun;
  if (first === undefined) {
    return nothing({ none: 'the chain has no deposit at the place of that row' }, [
      { tv: ['trace', transactionHash] },
    ]);
  }
  const vault = ctx.chain().contracts.treasuryVault as Address;
  const later = await answer(
    findEvents(ctx.chain(), {
      ...{ addresses: [vault], filters: [[lifeTopics]], fromBlock: first.block, toBlock: head },
      ...{ most, limitMs: chainLimitMs },
    }),
  );
  const read = later.known ? later.value : { events: [], since: null, reason: later.reason, isCut: false };
  const { kept, left } = lifeOf(begun, read.events);
  const followed = await follow(ctx, schema, cursor, [...begun, ...kept]);
  const gaps = chainGaps(read, first.block, head);
  return {
    ...{ ...empty, none: null, blocks: { from: first.block, to: head }, gaps, rows: followed.rows },
    events: await withTimes(ctx, followed.events, true),
    notes: [
      'the vault pools its deposits, and events do not name the deposit that they use: these are all events of its token since',
      ...(left === 0
        ? []
        : [
            `recalls left out because no deployment of this token since the deposit was found for them: ${left}`,
          ]),
    ],
    next: distinctAdvice(differing(followed.events)),
  };
}

/** Of a transaction without a receipt: one whose rows are known was in a block. @param isRow the deposit is named by its row */
export function withoutReceipt(
  rows: Answer<readonly unknown[]>,
  { isRow }: { readonly isRow: boolean },
): { readonly none: string } | { readonly unknown: string } {
  const lost = 'no RPC node that was asked has';
  if (isRow || (rows.known && rows.value.length > 0)) {
    return {
      unknown: `${lost} the receipt of its transaction, and the database has its rows: the node is behind or has pruned it, or its block was replaced`,
    };
  }
  const unread = rows.known ? '' : ` (its rows are unknown: ${rows.reason})`;
  return {
    none: `${lost} its receipt: pending, replaced, not sent to this chain, or the node is behind or has pruned it${unread}`,
  };
}

/** Where the deposit is on the chain; a sentence where it is nowhere. */
async function placeOf(ctx: Services, schema: Promise<EventSchema>, deposit: string) {
  if (deposit.startsWith('0x')) return { transactionHash: deposit, logIndex: null };
  const row = await readDepositRow(ctx.database(), { schema: await schema, id: deposit });
  if (row === null) return 'the database has no table of deposits with transactions';
  return row ?? `the table deposits has no row with the id ${deposit}`;
}

/**
 * The deposits of a transaction, and the newest block; a sentence where it made none. Undefined where the node has no
 * receipt of it.
 */
async function depositsIn(ctx: Services, hash: `0x${string}`) {
  const chain = ctx.chain();
  if (chain.contracts.treasuryVault === undefined) {
    throw new TvError('config.setting-missing', 'The address of the TreasuryVault is not set.');
  }
  const head = await headOf(ctx);
  const request = chain.client.request({ method: 'eth_getTransactionReceipt', params: [hash] });
  const receipt: unknown = await described(chain, request as Promise<unknown>);
  const parsed = parseReceipt(receipt, hash);
  if (parsed === undefined) return undefined;
  if (parsed.status.known && parsed.status.value === 'failure')
    return 'the transaction reverted: it made no deposit';
  const logs = parseObject(receipt, 'receipt')['logs'];
  if (!Array.isArray(logs)) {
    throw new TvError('chain.unreliable-node', 'The RPC node left the logs out of the receipt.');
  }
  const events = logs
    .map((log) => parseObject(log, 'log'))
    .filter(({ address }) => sameAddress(String(address), chain.contracts.treasuryVault ?? ''))
    .map(eventParser(chain))
    .filter(({ name }) => name === 'Deposited');
  return events.length === 0 ? 'the transaction made no deposit into the vault' : { head, events };
}

/** What happened to the tokens of some deposits after the first of them. */
export function lifeOf(
  begun: readonly ParsedEvent[],
  events: readonly ParsedEvent[],
): { readonly kept: readonly ParsedEvent[]; readonly left: number } {
  const tokens = new Set(begun.map(({ args }) => args['token']?.toLowerCase()));
  const [first] = begun;
  const later = events.filter(
    ({ block, logIndex }) =>
      first !== undefined && (block > first.block || (block === first.block && logIndex > first.logIndex)),
  );
  const deployments = new Set(
    later.flatMap(({ name, args }) =>
      name === 'CapitalDeployed' && tokens.has(args['token']?.toLowerCase()) ? [args['deploymentId']] : [],
    ),
  );
  const kept = later.filter(({ name, args }) =>
    name === 'CapitalRecalled'
      ? deployments.has(args['deploymentId'])
      : tokens.has(args['token']?.toLowerCase()),
  );
  const left = later.filter((event) => event.name === 'CapitalRecalled' && !kept.includes(event)).length;
  return { kept, left };
}

type WithArgs = FollowedEvent & Pick<ParsedEvent, 'args'>;

/** Events with their rows, and their amounts in tokens. */
async function follow(
  ctx: Services,
  schema: Promise<EventSchema>,
  cursor: Answer<number | null>,
  events: readonly ParsedEvent[],
): Promise<{ readonly events: readonly WithArgs[]; readonly rows: Answer<number> }> {
  const hashes = [...new Set(events.map(({ transactionHash }) => transactionHash.toLowerCase()))];
  const [rows, tokens] = await Promise.all([
    answer(schema.then((found) => readTransactionRows(ctx.database(), { schema: found, hashes }))),
    tokensOf(ctx, events),
  ]);
  const deployed = new Map(
    events.flatMap(({ name, args }) =>
      name === 'CapitalDeployed' ? [[args['deploymentId'], args['token']] as const] : [],
    ),
  );
  return {
    rows: rows.known ? known(rows.value.length) : rows,
    events: events.map((event) => {
      const { block, at, transactionHash, logIndex, contract, name, topic, args } = event;
      const unstorable = hasOpaqueArgument(topic);
      const place: LogPlace = {
        ...{ block, transactionHash, logIndex, topic, unstorable },
        address: ctx.chain().contracts[contract],
      };
      const token = args['token'] ?? deployed.get(args['deploymentId']);
      return {
        ...{ block, transactionHash, logIndex, contract, name: name ?? null, as: [], args },
        at: at === null ? null : Math.floor(at / 1000),
        words: wordsOf(event, amountsIn(token, tokens)),
        chain: 'found',
        ...storedAs(place, rows, cursor),
      };
    }),
  };
}

function rowAlone(row: NamingRow, isRead: boolean): FollowedEvent {
  const { block, transactionHash, logIndex, kind, table } = row;
  return {
    ...{ block, at: null, transactionHash, logIndex, contract: null, name: kind, as: [] },
    ...{ words: '', stored: true, unstorable: false, tables: [table], why: null },
    chain: isRead ? 'not-found' : 'unread',
  };
}

/** In order of time, with the times of blocks whose logs have none. */
async function withTimes(
  ctx: Services,
  events: readonly (FollowedEvent | WithArgs)[],
  isChainRead: boolean,
): Promise<readonly FollowedEvent[]> {
  const untimed = [...new Set(events.filter(({ at }) => at === null).map(({ block }) => block))];
  const asked = isChainRead ? untimed : [];
  const read = await Promise.all(asked.map((block) => answer(readBlockTime(ctx.chain(), block))));
  const times = new Map(asked.map((block, index) => [block, read[index]]));
  return events
    .map((event) => {
      const { args: _, ...shown } = { args: undefined, ...event };
      const time = times.get(event.block);
      return { ...shown, at: event.at ?? (time?.known === true ? time.value : null) };
    })
    .toSorted((a, b) => a.block - b.block || (a.logIndex ?? 0) - (b.logIndex ?? 0));
}

async function tokensOf(
  ctx: Services,
  events: readonly ParsedEvent[],
): Promise<ReadonlyMap<string, Token | undefined>> {
  const addresses = [...new Set(events.flatMap(({ args }) => args['token']?.toLowerCase() ?? []))];
  const read = await Promise.all(addresses.map((token) => answer(readToken(ctx.chain(), token as Address))));
  return new Map(
    addresses.map((token, index) => [token, read[index]?.known === true ? read[index].value : undefined]),
  );
}

type Amount = (units: string | undefined) => string;

function amountsIn(address: string | undefined, tokens: ReadonlyMap<string, Token | undefined>): Amount {
  const token = address === undefined ? undefined : tokens.get(address.toLowerCase());
  return (units) => {
    if (units === undefined) return 'an unknown amount';
    if (token !== undefined) return formatAmount(BigInt(units), token);
    return `${units} units of ${address ?? 'a token that the event does not name'}`;
  };
}

function wordsOf({ name, args }: ParsedEvent, amount: Amount): string {
  const by = (key: string) => args[key] ?? 'unknown';
  switch (name) {
    case 'Deposited':
      return `${amount(args['amount'])} by ${by('depositor')}, vault balance then ${amount(args['newBalance'])}`;
    case 'Withdrawn':
      return `${amount(args['amount'])} to ${by('recipient')}, vault balance then ${amount(args['newBalance'])}`;
    case 'CapitalDeployed':
      return `${amount(args['amount'])} to strategy ${by('strategy')}, deployment ${by('deploymentId')}, pair ${by('pairId')}`;
    case 'CapitalRecalled':
      return `${amount(args['amount'])} from deployment ${by('deploymentId')}`;
    case 'LossRealized':
      return `${amount(args['loss'])} lost in deployment ${by('deploymentId')}: ${amount(args['received'])} of ${amount(args['expected'])} came back`;
    case 'PerformanceFeeAccrued':
    case 'ManagementFeeAccrued':
      return `${amount(args['amount'])}, in total ${amount(args['total'])}`;
    default:
      return Object.entries(args)
        .map(([key, value]) => `${key} ${value}`)
        .join(', ');
  }
}

function chainGaps(
  read: { readonly since: number | null; readonly reason: string | null; readonly isCut: boolean },
  from: number,
  to: number,
): readonly Gap[] {
  if (read.since !== null && read.since <= from) return [];
  const reason = read.reason ?? `more than ${most} events: the newest are shown`;
  const last = read.since === null ? to : read.since - 1;
  return [{ of: 'chain', from, to: last, reason, isChosen: read.reason === null }];
}

function rowGaps(rows: readonly NamingRow[], from: number): readonly Gap[] {
  return [...Map.groupBy(rows, ({ table }) => table)].flatMap(([table, own]) => {
    const oldest = Math.min(...own.map(({ block }) => block));
    if (own.length < most || oldest <= from) return [];
    const reason = `more than ${most} rows in ${table}: the newest were read`;
    return [{ of: 'database' as const, from, to: oldest - 1, reason, isChosen: true }];
  });
}

function chosenGaps(from: number, to: number, newest: number | null): readonly Gap[] {
  const reason = 'not asked for';
  return (['chain', 'database'] as const).flatMap((of) => [
    ...(from > 0 ? [{ of, from: 0, to: from - 1, reason, isChosen: true }] : []),
    ...(newest !== null && newest > to ? [{ of, from: to + 1, to: newest, reason, isChosen: true }] : []),
  ]);
}

/** The command that compares the blocks where chain and database differ. */
function differing(events: readonly FollowedEvent[]): readonly Advice[] {
  const blocks = events
    .filter(({ chain, stored, unstorable }) => chain === 'not-found' || (stored === false && !unstorable))
    .map(({ block }) => block);
  if (blocks.length === 0) return [];
  const [from, to] = [Math.min(...blocks), Math.max(...blocks)].map(String);
  return [{ tv: ['reindex', 'check', '--from-block', from ?? '', '--to-block', to ?? ''] }];
}

function earlier(
  { address, fromBlock }: { readonly address: Address; readonly fromBlock?: number },
  since: number | null,
  from: number,
): readonly Advice[] {
  const before = (since ?? from) - 1;
  if (since === null || before < 0 || (since <= from && fromBlock !== undefined)) return [];
  return [
    {
      when: 'search the blocks before these',
      tv: ['trace', '--address', address, '--to-block', String(before)],
    },
  ];
}

async function headOf(ctx: Services): Promise<number> {
  const chain: Chain = ctx.chain();
  const head = await onRightChain(assertChainId(chain), readHead(chain));
  return head.number;
}
