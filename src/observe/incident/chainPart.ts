import { assertChainId, onRightChain } from '../../chain/assertChainId.ts';
import { unsetContracts } from '../../chain/contracts.ts';
import { findBlockAt } from '../../chain/findBlock.ts';
import { contractTitles } from '../../chain/intents/intent.ts';
import { readDeployment } from '../../chain/intents/readDeployment.ts';
import { readStaleness } from '../../chain/oracle/readStaleness.ts';
import { namedPairs } from '../../chain/pairs/pair.ts';
import { probeHistory } from '../../chain/probeHistory.ts';
import { readBlockTime, readHead } from '../../chain/readHead.ts';
import { type BlockTime, type ProtocolEvent, readProtocolEvents } from '../../chain/readProtocolEvents.ts';
import { testLogIndex } from '../../chain/testLogIndex.ts';
import { answer } from '../../errors/answer.ts';
import { TvError } from '../../errors/TvError.ts';
import type { Chain, Context } from '../../runbook/context.ts';
import type { Progress } from '../../runbook/events.ts';
import { count, duration, howMany, localTime } from '../../text/format.ts';
import {
  type IncidentEntry,
  type IncidentPart,
  type MissingStretch,
  type TimeSpan,
  unreadPart,
} from './incident.ts';
import { SignalPauses } from './signalPauses.ts';

/** Of reading the logs, in milliseconds. */
const limitMs = 60_000;
/** A newest block that is older than this leaves a stretch out. In milliseconds. */
const freshMs = 30_000;
/** Without a threshold of the contract a signal is stale after this (runbook, section 8). In seconds. */
const staleSeconds = 300;
/** Of one kind that says who changed what; further ones are counted. */
const mostChanges = 300;
/** Of any other kind: with more of it in the timeline they are one line. */
const mostOfKind = 20;
const mostKinds = 200;
/** Blocks whose exact times are looked up where the node's logs have none. */
const mostTimes = 200;

/** Who may do what, and what is stopped: each of these is a line of its own. */
const changes: Readonly<Record<string, IncidentEntry['level']>> = {
  GlobalPauseToggled: 'warn',
  Paused: 'warn',
  Unpaused: 'good',
  CircuitBreakerTriggered: 'warn',
  CircuitBreakerReset: 'good',
  RoleGranted: 'warn',
  RoleRevoked: 'warn',
  RoleAdminChanged: 'warn',
  OracleAddressUpdated: 'warn',
  OwnershipTransferred: 'warn',
  Upgraded: 'warn',
  Initialized: 'warn',
  EmergencyUnwound: 'warn',
  LossRealized: 'warn',
};

interface Names {
  role(id: string): string;
  pair(id: string): string;
}

/** Events of one kind of one contract. */
interface Kind {
  readonly events: ProtocolEvent[];
  readonly first: ProtocolEvent;
  last: ProtocolEvent;
  count: number;
}

/**
 * The events of the protocol's contracts between the blocks of two times: changes of roles, pause and breakers one by
 * one, what is frequent folded, signals by their pauses. Memory does not grow with the number of events.
 */
export async function readChainPart(
  ctx: Pick<Context, 'chain' | 'settings' | 'signal'>,
  span: TimeSpan,
  onProgress: (progress: Progress) => void,
): Promise<IncidentPart> {
  try {
    const chain = ctx.chain();
    const right = assertChainId(chain);
    const head = await onRightChain(right, readHead(chain));
    const [found, to] = await Promise.all([
      findBlockAt(chain, { at: Math.ceil(span.since.getTime() / 1000), head }),
      lastBlockUntil(chain, head, span.until),
    ]);
    const from = found === undefined ? undefined : { number: found.number, at: found.timestamp * 1000 };
    const headAt = new Date(head.timestamp * 1000);
    const late = lateHead(span, headAt);
    if (to === undefined && found?.isFirstKept === true)
      return unreadPart('chain', span, 'the RPC node no longer has the blocks of this time');
    if (from === undefined || to === undefined || to.number < from.number) {
      // A head that is older may be that of a node that lags.
      const isSeen = late.length === 0;
      const none = isSeen ? 'no block was made in this time' : 'no block of this time is known';
      const summary = `${none}; the newest is ${count(head.number)}, ${localTime(headAt)}`;
      const state = isSeen ? 'read' : 'partly';
      return { report: { source: 'chain', state, summary }, entries: [], missing: late, remarks: [] };
    }
    const served = await firstServed(chain, from, to);
    const isKept = served === from && found?.isFirstKept !== true;
    const pruned = isKept
      ? []
      : [
          missingStretch(
            span.since,
            new Date(served.at),
            'the RPC node no longer has these blocks or their logs',
          ),
        ];
    const covered = { since: isKept ? span.since : new Date(served.at), until: span.until };
    return await readBlocks(ctx, chain, {
      ...{ span, covered, from: served, to, onProgress },
      // What is known to be missing before a log is read.
      missing: [...pruned, ...late],
    });
  } catch (error) {
    if (!(error instanceof TvError)) throw error;
    return unreadPart('chain', span, error.message.replace(/\.$/, ''));
  }
}

async function readBlocks(
  ctx: Pick<Context, 'settings' | 'signal'>,
  chain: Chain,
  {
    span,
    covered,
    from,
    to,
    missing: gone,
    onProgress,
  }: {
    readonly span: TimeSpan;
    /** What of it the node still has. */
    readonly covered: TimeSpan;
    readonly from: BlockTime;
    readonly to: BlockTime;
    readonly missing: readonly MissingStretch[];
    readonly onProgress: (progress: Progress) => void;
  },
): Promise<IncidentPart> {
  const [threshold, deployment, index] = await Promise.all([
    answer(readStaleness(chain)),
    answer(readDeployment(chain)),
    testLogIndex(chain, { fromBlock: from.number, toBlock: to.number }),
  ]);
  const staleMs = ((threshold.known ? threshold.value : undefined) ?? staleSeconds) * 1000;
  const signals = new SignalPauses(covered, staleMs);
  const kinds = new Map<string, Kind>();
  let total = 0;
  let others = 0;
  let next = from.number;
  const limit = AbortSignal.timeout(limitMs);
  let failure: string | undefined;
  try {
    const events = readProtocolEvents(chain, {
      ...{ from, to, signal: AbortSignal.any([ctx.signal, limit]) },
      onProgress: (progress) => {
        next = from.number + progress.done;
        onProgress(progress);
      },
    });
    for await (const event of events) {
      total += 1;
      if (event.name === 'OracleSignalUpdated') signals.add(event);
      // It comes with every signal and says nothing else.
      if (event.name === 'OracleSignalUpdated' || event.name === 'OracleNonceAdvanced') continue;
      if (!addToKind(kinds, event)) others += 1;
    }
  } catch (error) {
    if (error instanceof TvError) failure = error.message.replace(/\.$/, '');
    else if (limit.aborted && !ctx.signal.aborted)
      failure = `reading the logs takes longer than ${duration(limitMs)}`;
    else throw error;
  }
  const readTo = failure === undefined ? new Date(to.at) : await timeOf(chain, from, to, next);
  const broken = index.is === 'works' || (index.is === 'untested' && total > 0) ? undefined : index.reason;
  const names = namesOf(ctx, deployment.known ? deployment.value.roles : {});
  const pairs = namedPairs(ctx.settings).map(({ id }) => id.toLowerCase());
  // Where logs are left out, a pause between two of them proves nothing.
  const pauses = broken === undefined ? signals.entries(readTo, names.pair, pairs) : [];
  const entries = await withExactTimes(chain, [...kinds.values()].flatMap(shownOf), names);
  const unset = unsetContracts(chain);
  const missing = [
    ...gone,
    ...(failure === undefined ? [] : [missingStretch(readTo, new Date(to.at), failure)]),
    ...(broken === undefined
      ? []
      : [missingStretch(covered.since, readTo, `events may be missing: ${broken}`)]),
    ...(unset.length === 0
      ? []
      : [missingStretch(span.since, span.until, `no address is set of ${unset.join(', ')}`)]),
  ];
  const isWhole = failure === undefined && broken === undefined && unset.length === 0;
  const blocks = `blocks ${count(from.number)} to ${count(failure === undefined ? to.number : next)}`;
  return {
    report: {
      source: 'chain',
      state: isWhole && covered.since === span.since ? 'read' : 'partly',
      summary: `${howMany(total, 'event')} in ${blocks}, ${signals.summary()}${failure === undefined ? '' : `; ${failure}`}`,
    },
    entries: [...entries, ...pauses],
    missing,
    remarks: [
      ...(threshold.known
        ? []
        : [
            `the contract's limit for old signals is unknown (${threshold.reason}); judged by ${duration(staleMs)}`,
          ]),
      ...(deployment.known ? [] : [`roles are shown by their ids: ${deployment.reason}`]),
      ...(others === 0 ? [] : [`${howMany(others, 'event')} of further kinds are counted here alone`]),
    ],
  };
}

function missingStretch(from: Date, to: Date, reason: string): MissingStretch {
  return { source: 'chain', from, to, reason };
}

/**
 * The first of the blocks whose logs the nodes still have; the one given where that is all of them.
 * @throws TvError where they have none of them, or do not answer
 */
async function firstServed(chain: Chain, from: BlockTime, to: BlockTime): Promise<BlockTime> {
  const history = await probeHistory(chain, { block: from.number });
  if (history.served) return from;
  const first = history.firstServed;
  if (first === undefined || first > to.number)
    throw new TvError(
      'chain.history-pruned',
      `The RPC node does not have the blocks of this time, or their logs: ${history.reason ?? 'no reason given'}.`,
    );
  return { number: first, at: (await readBlockTime(chain, first)) * 1000 };
}

/** The time of the first block that was not read. */
async function timeOf(chain: Chain, from: BlockTime, to: BlockTime, block: number): Promise<Date> {
  const exact = await answer(readBlockTime(chain, block));
  if (exact.known) return new Date(exact.value * 1000);
  const share = (block - from.number) / Math.max(1, to.number - from.number);
  return new Date(from.at + (to.at - from.at) * share);
}

/** The newest block that was made until then; undefined where there is none. */
async function lastBlockUntil(
  chain: Chain,
  head: { readonly number: number; readonly timestamp: number },
  until: Date,
): Promise<BlockTime | undefined> {
  const next = await findBlockAt(chain, { at: Math.floor(until.getTime() / 1000) + 1, head });
  if (next === undefined) return { number: head.number, at: head.timestamp * 1000 };
  if (next.number === 0 || next.isFirstKept) return undefined;
  return { number: next.number - 1, at: (await readBlockTime(chain, next.number - 1)) * 1000 };
}

/** What came after the newest block is not known: the chain makes no progress, or the node lags. */
function lateHead({ since, until }: TimeSpan, headAt: Date): readonly MissingStretch[] {
  if (until.getTime() - headAt.getTime() <= freshMs) return [];
  const from = headAt < since ? since : headAt;
  return [missingStretch(from, until, `the newest block of the RPC node is of ${localTime(headAt)}`)];
}

/** @returns whether the event is kept or counted with its kind */
function addToKind(kinds: Map<string, Kind>, event: ProtocolEvent): boolean {
  const key = `${event.contract} ${event.name ?? event.topic ?? ''}`;
  const kind = kinds.get(key);
  if (kind === undefined) {
    if (kinds.size >= mostKinds) return false;
    kinds.set(key, { events: [event], first: event, last: event, count: 1 });
    return true;
  }
  kind.count += 1;
  kind.last = event;
  if (kind.events.length < mostIn(event)) kind.events.push(event);
  return true;
}

function mostIn({ name }: ProtocolEvent): number {
  return isChange(name) ? mostChanges : mostOfKind;
}

function isChange(name: string | undefined): boolean {
  return name !== undefined && Object.hasOwn(changes, name);
}

interface Shown {
  readonly event: ProtocolEvent;
  /** Of a folded kind: the newest, and how many there are. */
  readonly folded?: { readonly last: ProtocolEvent; readonly count: number };
}

function shownOf({ events, first, last, count: total }: Kind): readonly Shown[] {
  if (total <= mostIn(first))
    return isChange(first.name) ? events.map((event) => ({ event })) : byTransaction(events);
  if (!isChange(first.name)) return [{ event: first, folded: { last, count: total } }];
  const [next = first] = events.slice(-1);
  return [
    ...events.slice(0, -1).map((event) => ({ event })),
    { event: next, folded: { last, count: total - events.length + 1 } },
  ];
}

/** What one transaction does several times is one line. */
function byTransaction(events: readonly ProtocolEvent[]): readonly Shown[] {
  const groups = Map.groupBy(events, ({ transactionHash }) => transactionHash);
  return [...groups.values()].flatMap(([event, ...more]) => {
    const last = more.at(-1);
    if (event === undefined) return [];
    return last === undefined ? [{ event }] : [{ event, folded: { last, count: more.length + 1 } }];
  });
}

/** As lines; blocks whose time the logs do not have are looked up, up to a number. */
async function withExactTimes(
  chain: Chain,
  shown: readonly Shown[],
  names: Names,
): Promise<readonly IncidentEntry[]> {
  const unclear = new Set(shown.filter(({ event }) => !event.isExact).map(({ event }) => event.block));
  const asked = [...unclear].slice(0, mostTimes);
  const read = await Promise.all(asked.map((block) => answer(readBlockTime(chain, block))));
  const times = new Map(asked.map((block, index) => [block, read[index]]));
  return shown.map(({ event, folded }) => {
    const time = times.get(event.block);
    const exact = event.isExact || time?.known === true;
    return {
      at: new Date(time?.known === true ? time.value * 1000 : event.at),
      ...(folded === undefined || folded.last.block === event.block
        ? {}
        : { until: new Date(folded.last.at) }),
      of: 'chain',
      level: levelOf(event),
      what: folded === undefined ? wordsOf(event, names) : `${count(folded.count)} × ${kindOf(event)}`,
      details: [
        ...(folded === undefined ? [] : [`the first: ${wordsOf(event, names)}`]),
        `block ${count(event.block)}, transaction ${event.transactionHash}`,
      ],
      ...(exact ? {} : { about: true as const }),
    };
  });
}

function levelOf({ name, args }: ProtocolEvent): IncidentEntry['level'] {
  if (name === 'GlobalPauseToggled' && args['paused'] === 'false') return 'good';
  return (isChange(name) ? changes[name ?? ''] : undefined) ?? 'info';
}

function kindOf({ name, topic, contract }: ProtocolEvent): string {
  return `${name ?? `unknown event ${topic ?? ''}`.trim()} of ${contractTitles[contract]}`;
}

function wordsOf(event: ProtocolEvent, names: Names): string {
  const { name, args, contract } = event;
  const by = (key: string) => args[key] ?? 'unknown';
  switch (name) {
    case 'GlobalPauseToggled':
      if (args['paused'] === undefined) break;
      return `protocol ${args['paused'] === 'true' ? 'paused' : 'unpaused'} by ${by('by')}`;
    case 'Paused':
    case 'Unpaused':
      return `${contractTitles[contract]} ${name.toLowerCase()} by ${by('account')}`;
    case 'CircuitBreakerTriggered':
      return `circuit breaker of ${names.pair(by('pairId'))} tripped by ${by('by')}`;
    case 'CircuitBreakerReset':
      return `circuit breaker of ${names.pair(by('pairId'))} reset by ${by('by')}`;
    case 'RoleGranted':
      return `role ${names.role(by('role'))} granted to ${by('account')} by ${by('sender')}`;
    case 'RoleRevoked':
      return `role ${names.role(by('role'))} revoked from ${by('account')} by ${by('sender')}`;
    case 'OracleAddressUpdated':
      return `oracle replaced: ${by('newOracle')} in place of ${by('oldOracle')}`;
  }
  const facts = Object.entries(args).map(
    ([key, value]) => `${key} ${key === 'pairId' ? names.pair(value) : value}`,
  );
  return facts.length === 0 ? kindOf(event) : `${kindOf(event)}: ${facts.join(', ')}`;
}

function namesOf(
  { settings }: Pick<Context, 'settings'>,
  roles: Readonly<Record<string, { readonly id: string }>>,
): Names {
  const byRole = new Map(Object.entries(roles).map(([name, { id }]) => [id.toLowerCase(), name]));
  const byPair = new Map(namedPairs(settings).map(({ id, name }) => [id.toLowerCase(), name ?? id]));
  return {
    role: (id) => byRole.get(id.toLowerCase()) ?? id,
    pair: (id) => byPair.get(id.toLowerCase()) ?? id,
  };
}
