import type { Address } from '../../config/settings.ts';
import { type Advice, onHost } from '../../errors/advice.ts';
import { type Answer, answer } from '../../errors/answer.ts';
import type { Chain } from '../../runbook/context.ts';
import { count, duration } from '../../text/format.ts';
import { described } from '../describeRpcError.ts';
import { parseObject, parseQuantity } from '../parseAnswer.ts';
import { type Head, readHead } from '../readHead.ts';
import { endThePause, readProtocol, stopsSignals } from '../readProtocol.ts';
import { sameAddress } from '../sameAddress.ts';
import { readFees } from '../transactions/readFees.ts';
import { feeOf, formatFunds, type Payer, readPayer, readToken } from '../transactions/readFunds.ts';
import { readNetwork } from '../transactions/readNetwork.ts';
import type { NonceState } from '../transactions/readNonce.ts';
import type { PendingTransaction } from '../transactions/readPool.ts';
import { readUnmined } from '../transactions/readUnmined.ts';
import { type Activity, readActivity } from './readActivity.ts';
import { authorisedWords, isOracle, readAuthority } from './readAuthority.ts';

/** A reason why an oracle's signals do not get through, and what mends it. */
export type Trouble = {
  /**
   * `stuck`: a transaction of the key holds up all that come after it, which no restart ends. `pending`:
   * one is on its way, and may be in the next block.
   */
  readonly id: 'paused' | 'not-authorised' | 'no-fees' | 'fee-token' | 'stuck' | 'pending' | 'clock';
  readonly summary: string;
  readonly next: readonly Advice[];
};

/**
 * Whether a trouble keeps signals away until it is mended itself: neither a restart nor another key helps. The
 * clock too: a contract refuses signals of the future, whichever key signs them.
 */
export function isLasting({ id }: Pick<Trouble, 'id'>): boolean {
  return id !== 'pending';
}

/** A source that could not be read, by the trouble that it would show. */
export type Unread = {
  readonly id: 'paused' | 'not-authorised' | 'no-fees' | 'nonce' | 'clock';
  readonly summary: string;
};

export interface Diagnosis {
  readonly troubles: readonly Trouble[];
  /** What could not be read. None of it may count as healthy. */
  readonly unknown: readonly Unread[];
  /** The evidence. */
  readonly nonce: Answer<NonceState>;
  readonly activity: Answer<Activity>;
  readonly payer: Answer<Payer>;
}

/** The account, and what is asked of it. */
interface DiagnosedAccount {
  readonly oracle: Address;
  /** The token that the relay's settings name, on Tempo. */
  readonly feeToken: Address | null;
  /** Where it has been read already: the newest block. */
  readonly head?: Pick<Head, 'number' | 'timestamp'> | undefined;
  /** Of the signals that are read; see `readActivity`. */
  readonly enoughTransactions?: number;
}

/** What others than the chain say of the relay, and the signals that have been read already. */
interface RelayEvidence {
  /** The clock of the relay's host; undefined where it was not read. */
  readonly hostTime: Date | undefined;
  /** Of the relay, in seconds; null where it is unknown. */
  readonly intervalSeconds: number | null;
  /**
   * When the newest signal of any pair was made, of whichever sender, in seconds since 1970: where the
   * node serves no logs, that at least says how late the relay is. Undefined where no pair is known.
   */
  readonly signalAt?: number | undefined;
  /** The newest error of the relay's own log. */
  readonly lastError?: { readonly at: Date; readonly message: string } | undefined;
}

export interface DiagnoseParameters extends DiagnosedAccount, RelayEvidence {}

/** Gas of one signal where none was seen, with a margin: about 100 000, and new storage on Tempo. */
const signalGas = 300_000n;
/** A clock this far ahead of the chain makes signals of the future, which the contract refuses. In milliseconds. */
const clockAheadMs = 15_000;
/** From reading the market to a block: one interval and this long after its last signal a relay is late. In seconds. */
const sendingSeconds = 15;
/** geth, reth, erigon, nethermind, besu and anvil on a transaction that collides with a pending one. */
const collision =
  /replacement (transaction|fee).*(underpriced|too low)|transaction underpriced.*replac|could not replace existing|replacementnotallowed|nonce too low|nonce is too low|oldnonce/i;

/**
 * What a restart of the relay cannot mend. Each part is read for itself: one that does not answer is
 * unknown, and the others are judged.
 * @throws TvError where no node answers at all
 */
export function diagnose(chain: Chain, parameters: DiagnoseParameters): Promise<Diagnosis> {
  return diagnoseMeanwhile(chain, parameters, Promise.resolve(parameters));
}

/**
 * The same, where the evidence is still being read: the chain is asked meanwhile.
 * @throws what the evidence throws; TvError where no node answers at all
 */
export async function diagnoseMeanwhile(
  chain: Chain,
  { oracle, feeToken, head: known, enoughTransactions }: DiagnosedAccount,
  reading: Promise<RelayEvidence>,
): Promise<Diagnosis> {
  const signalAt = reading.then((evidence) => evidence.signalAt);
  signalAt.catch(() => {});
  const head = known ?? (await readHead(chain));
  const [protocol, authority, unmined, fees, network, pending, activity] = await Promise.all([
    answer(readProtocol(chain)),
    answer(
      readAuthority(chain).then(async (found) => [found, await isOracle(chain, oracle, found)] as const),
    ),
    answer(readUnmined(chain, oracle)),
    answer(readFees(chain)),
    answer(readNetwork(chain)),
    answer(readPendingTime(chain)),
    answer(
      readActivity(chain, {
        ...{ sender: oracle, head: head.number, signalAt },
        ...(enoughTransactions === undefined ? {} : { enoughTransactions }),
      }),
    ),
  ]);
  const evidence = await reading;
  const { hostTime } = evidence;
  const paidWith = activity.known ? activity.value.feeToken : undefined;
  const payer = await answer(readPayer(chain, { account: oracle, paidWith, named: feeToken }));
  const perSignal = activity.known ? activity.value.spend?.perSignal : undefined;
  const troubles: Trouble[] = [];
  const unread: Unread[] = [];
  const name = oracle;

  if (!protocol.known)
    unread.push({ id: 'paused', summary: `whether the protocol is paused (${protocol.reason})` });
  else if (stopsSignals(protocol.value)) {
    troubles.push({
      id: 'paused',
      summary: 'the protocol is paused, and takes no signals',
      next: [endThePause],
    });
  }
  if (!authority.known)
    unread.push({ id: 'not-authorised', summary: `whether ${name} is authorised (${authority.reason})` });
  else if (!authority.value[1]) {
    troubles.push({
      id: 'not-authorised',
      summary: `${name} is not an authorised oracle; authorised: ${authorisedWords(authority.value[0])}`,
      next: [{ tv: ['oracle', 'rotate-key'] }],
    });
  }
  if (!payer.known) unread.push({ id: 'no-fees', summary: `what ${name} can pay with (${payer.reason})` });
  else if (perSignal === undefined && !(fees.known && network.known))
    unread.push({ id: 'no-fees', summary: 'the fee of a signal' });
  else {
    const estimated =
      fees.known && network.known ? feeOf(network.value, signalGas, fees.value.maxFeePerGas) : 0n;
    const needed = perSignal ?? estimated;
    if (payer.value.balance < needed) troubles.push(noFees(oracle, payer.value, needed));
    const wrong = await wrongFeeToken(chain, { oracle, named: feeToken, payer: payer.value, needed });
    if (wrong !== undefined) troubles.push(wrong);
  }
  const nonce = unmined.known ? { ...unmined, value: unmined.value.nonce } : unmined;
  if (!unmined.known) unread.push({ id: 'nonce', summary: `the nonces of ${name} (${unmined.reason})` });
  else {
    const { pool } = unmined.value;
    const trouble = judgeNonces({
      ...evidence,
      nonce: unmined.value.nonce,
      pool: pool.known ? pool.value : undefined,
      activity,
      now: head.timestamp,
    });
    if (trouble !== undefined) troubles.push(trouble);
  }
  const newest = Math.max(head.timestamp, (pending.known ? pending.value : undefined) ?? 0) * 1000;
  if (hostTime === undefined) unread.push({ id: 'clock', summary: "the clock of the relay's host" });
  else if (hostTime.getTime() - newest > clockAheadMs) {
    const ahead = duration(hostTime.getTime() - newest);
    troubles.push({
      id: 'clock',
      summary: `the host's clock is ${ahead} ahead of the newest block that the node returns: the clock is wrong, and signals of the future are refused; or the chain makes no progress; or the node lags`,
      next: [onHost('timedatectl status'), { tv: ['status'] }],
    });
  }
  return { troubles, unknown: unread, nonce, activity, payer };
}

function noFees(oracle: Address, payer: Payer, needed: bigint): Trouble {
  const has = formatFunds(payer.balance, payer);
  return {
    id: 'no-fees',
    summary: `${oracle} cannot pay: it has ${has}${paysBy(payer)}, a signal takes ${formatFunds(needed, payer)}`,
    next: [{ tv: ['oracle', 'fund'] }, { when: 'then', tv: ['oracle', 'recover'] }],
  };
}

/** The token that the relay's settings name where it is not the one that paid lately, and cannot pay. */
async function wrongFeeToken(
  chain: Chain,
  parameters: {
    readonly oracle: Address;
    readonly named: Address | null;
    readonly payer: Payer;
    readonly needed: bigint;
  },
): Promise<Trouble | undefined> {
  const { oracle, named, payer, needed } = parameters;
  if (named === null || payer.by !== 'receipts' || sameAddress(named, payer.feeToken ?? named)) {
    return undefined;
  }
  const token = await answer(readToken(chain, named, oracle));
  if (!token.known || (token.value !== undefined && token.value.balance >= needed)) return undefined;
  const why =
    token.value === undefined
      ? 'which is no token'
      : `of which ${oracle} has ${formatFunds(token.value.balance, token.value)}`;
  return {
    id: 'fee-token',
    summary: `FEE_TOKEN in .env names ${named}, ${why}; the last signal was paid in ${payer.symbol}, of which it has ${formatFunds(payer.balance, payer)}`,
    next: [
      { when: `set FEE_TOKEN to ${payer.feeToken} in .env, then`, tv: ['service', 'restart', 'oracle'] },
    ],
  };
}

/** What says that this token pays, in brackets. */
export function paysBy({ by }: Pick<Payer, 'by'>): string {
  const words = {
    receipts: ' (paid its last signal)',
    settings: ' (FEE_TOKEN in .env)',
    preference: ' (its preference in the fee manager)',
    default: " (the chain's default; it has no preference)",
    native: '',
  };
  return words[by];
}

export interface NonceEvidence extends Pick<RelayEvidence, 'intervalSeconds' | 'signalAt' | 'lastError'> {
  readonly nonce: NonceState;
  /** Undefined where the node does not show it. */
  readonly pool: readonly PendingTransaction[] | undefined;
  readonly activity: Answer<Pick<Activity, 'newest'>>;
  /** The chain's clock: seconds since 1970. */
  readonly now: number;
}

/**
 * Whether a transaction of the key holds up its signals. One that the relay has just sent is pending too:
 * it is stuck where no signal of the account has come for an interval and the time that sending takes, or
 * where the relay's newest error, later than its newest signal, says that it collides with one.
 */
export function judgeNonces(evidence: NonceEvidence): Trouble | undefined {
  const { nonce, pool, activity, intervalSeconds, now, signalAt, lastError } = evidence;
  const { latest } = nonce;
  const hidden = pool?.filter((one) => one.nonce > latest) ?? [];
  const first = pool?.find((one) => one.nonce === latest);
  const waiting = Math.max(nonce.pending - latest, first === undefined ? 0 : 1);
  const gap = waiting === 0 && hidden.length > 0;
  // Without logs: its own signals are at least as old as the newest of anybody.
  const newest = activity.known ? activity.value.newest?.at : signalAt;
  const age = newest === undefined ? undefined : now - newest;
  const collides =
    lastError !== undefined &&
    collision.test(lastError.message) &&
    (newest === undefined || lastError.at.getTime() > newest * 1000);
  if (waiting === 0 && !gap && !(collides && /replac/i.test(lastError.message))) return undefined;
  const since =
    age !== undefined
      ? `the last signal is ${duration(age * 1000)} old`
      : activity.known
        ? 'no recent signal of this key'
        : `the last signal is unknown (${activity.reason})`;
  // With an unknown interval, a signal of any age may be the newest that is due.
  const isOverdue = age !== undefined && intervalSeconds !== null && age > intervalSeconds + sendingSeconds;
  const late = age === undefined ? activity.known : isOverdue;
  const what = gap
    ? `nonce ${latest} is missing, and ${transactions(hidden.length)} behind it`
    : waiting === 0
      ? `the relay collides with a transaction that the RPC node does not show: ${lastError?.message}`
      : `${transactions(waiting)} pending, from nonce ${latest} on`;
  if (late || collides || gap) {
    return { id: 'stuck', summary: `${what}; ${since}: stuck`, next: [{ tv: ['oracle', 'unstick'] }] };
  }
  const unclear =
    intervalSeconds === null ? '; whether one is due is unknown, as is the interval of the relay' : '';
  return { id: 'pending', summary: `${what}; ${since}${unclear}`, next: [{ tv: ['oracle', 'status'] }] };
}

function transactions(waiting: number): string {
  return `${count(waiting)} ${waiting === 1 ? 'transaction is' : 'transactions are'}`;
}

/** The time that the next block would have. Undefined where the node makes none. */
async function readPendingTime(chain: Chain): Promise<number | undefined> {
  const request = chain.client.request({ method: 'eth_getBlockByNumber', params: ['pending', false] });
  const block: unknown = await described(chain, request).catch(() => null);
  return block === null ? undefined : parseQuantity(parseObject(block, 'block')['timestamp'], 'block time');
}
