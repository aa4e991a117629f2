import type { Address, Settings } from '../../config/settings.ts';
import { type Answer, known, unknown } from '../../errors/answer.ts';
import { TimeoutError, TvError } from '../../errors/TvError.ts';
import type { Chain } from '../../runbook/context.ts';
import {
  type BalanceChange,
  type CapitalChange,
  type CapitalPlaces,
  type Change,
  dexName,
  type Effects,
  type Named,
  type NamedToken,
  type PlannedStep,
  type PlannedTransaction,
  type StateChange,
  type StepEffects,
} from '../../runbook/effects.ts';
import { firstWords } from '../../text/firstWords.ts';
import { connectChain, signalOf } from '../connectChain.ts';
import { contractsOf } from '../contracts.ts';
import { decodeRevert } from '../decodeRevert.ts';
import { described } from '../describeRpcError.ts';
import { informational } from '../informational.ts';
import { contractTitles } from '../intents/intent.ts';
import { namedPairs } from '../pairs/pair.ts';
import { parseWei } from '../parseAnswer.ts';
import { readHead } from '../readHead.ts';
import { feeManager, readNetwork } from '../transactions/readNetwork.ts';
import { type CallResult, simulate, simulateBlocks } from '../transactions/simulate.ts';
import type { Network } from '../transactions/transaction.ts';
import type { ReadCall } from '../tryRead.ts';
import { changesOf, lower } from './changes.ts';
import {
  callOf,
  decodeRead,
  encodeRead,
  keyOf,
  type Question,
  questionsOfCalls,
  questionsOfChanges,
} from './reads.ts';
import { serveReads } from './serveReads.ts';

export interface PreviewParameters {
  /** In the order of the plan. */
  readonly planned: readonly PlannedStep[];
  readonly pairs: Settings['pairs'];
  readonly now: Date;
  /** In milliseconds, for all of it. */
  readonly limitMs: number;
  /** Starts a local fork, for a node that cannot simulate. Absent: each transaction is tried by itself instead. */
  readonly startFork?: (parameters: ForkParameters) => Promise<Answer<Fork>>;
}

export interface ForkParameters {
  readonly upstream: string;
  readonly block: number;
  readonly network: Network;
  readonly signal: AbortSignal;
}

export interface Fork extends AsyncDisposable {
  readonly url: string;
}

/** Of the limit, for what follows a fork that was too slow. In milliseconds. */
const forkMarginMs = 200;

type SimulatedEffects = Extract<Effects, { method: 'sequence' }>;

interface Transaction extends PlannedTransaction {
  readonly step: string;
}

/** Tempo's predeploy, where the strategy does not name its DEX. */
const predeploy = '0xdec0000000000000000000000000000000000000';

/**
 * What the transactions of a plan change, each on top of those before it. Sends nothing. Never rejects: what
 * cannot be found out, in time or at all, is unknown.
 */
export async function previewEffects(chain: Chain, parameters: PreviewParameters): Promise<Effects> {
  const transactions = parameters.planned.map(({ step, sends }) => ({ step, ...sends }));
  const found = await informational(preview(chain, transactions, parameters), parameters.limitMs);
  return found.known ? found.value : { method: 'none', reason: lowerFirst(found.reason) };
}

function lowerFirst(text: string): string {
  return text.replace(/^(The|No|Whether) /, (word) => word.toLowerCase());
}

async function preview(
  chain: Chain,
  transactions: readonly Transaction[],
  parameters: PreviewParameters,
): Promise<Effects> {
  const start = performance.now();
  // Nothing waits for it after the limit, and the run itself needs the node.
  const assertWanted = () => {
    if (performance.now() - start < parameters.limitMs) return;
    throw new TimeoutError('chain.node-timeout', `No answer within ${parameters.limitMs / 1000} s.`);
  };
  const spenders = [...new Set(transactions.flatMap(nativeParties))];
  const [head, ...natives] = await Promise.all([
    readHead(chain),
    ...spenders.map((account) => readNative(chain, account)),
  ]);
  const run = (node: Chain, questions: readonly Question[]) => {
    assertWanted();
    return simulateSequence(node, { transactions, questions, head, now: parameters.now });
  };
  const simulated = await simulateOn(chain);
  if (simulated.known) return simulated.value;
  assertWanted();
  const { startFork, limitMs } = parameters;
  const [forked, singly] = await Promise.all([
    startFork && inFork(chain, { startFork, limitMs, block: head.number, startedAt: start }, simulateOn),
    trySingly(chain, transactions),
  ]);
  if (forked?.known) return { ...forked.value, fork: simulated.reason };
  const reasons = forked === undefined ? [simulated.reason] : [simulated.reason, forked.reason];
  return { method: 'single-calls', reason: reasons.join('; '), steps: singly };

  async function simulateOn(node: Chain): Promise<Answer<SimulatedEffects>> {
    let questions = withTokens(unique(transactions.flatMap((one) => questionsOfCalls(node, one))));
    let answer = await run(node, questions);
    if (!answer.known) return answer;
    // The logs may name accounts that no call does.
    const more = withTokens(unique([...questions, ...questionsOfChanges(changesIn(answer.value.steps))]));
    if (more.length > questions.length) {
      questions = more;
      answer = await run(node, questions);
      if (!answer.known) return answer;
    }
    return known(
      assemble(chain, transactions, {
        sequence: answer.value,
        questions,
        natives: new Map(spenders.map((account, index) => [account, natives[index] ?? null])),
        pairs: parameters.pairs,
      }),
    );
  }
}

interface InForkParameters extends Required<Pick<PreviewParameters, 'startFork' | 'limitMs'>> {
  readonly block: number;
  /** By `performance.now()`. */
  readonly startedAt: number;
}

/** Simulates in a fork, which reads what it needs through tv. @returns unknown where there is none in time */
async function inFork(
  chain: Chain,
  { startFork, limitMs, block, startedAt }: InForkParameters,
  simulateOn: (node: Chain) => Promise<Answer<SimulatedEffects>>,
): Promise<Answer<SimulatedEffects>> {
  const remaining = Math.floor(limitMs - forkMarginMs - (performance.now() - startedAt));
  const tooSlow = unknown(`a local fork takes longer than ${limitMs / 1000} s`);
  if (remaining <= 0) return tooSlow;
  const own = signalOf(chain);
  const limit = AbortSignal.timeout(remaining);
  const signal = AbortSignal.any([limit, ...(own === undefined ? [] : [own])]);
  try {
    await using reads = await serveReads(chain);
    const started = await startFork({
      upstream: reads.url,
      block,
      network: await readNetwork(chain),
      signal,
    });
    if (!started.known) return started;
    await using running = started.value;
    const { expectedId: id, contracts } = chain;
    const node = connectChain({ rpcUrls: [running.url], id, contracts, timeoutMs: remaining, signal });
    const found = await simulateOn(node);
    return found.known ? found : unknown(`the local fork failed: ${found.reason}`);
  } catch (error) {
    if (own?.aborted === true) throw error;
    if (limit.aborted) return tooSlow;
    if (!(error instanceof TvError)) throw error;
    return unknown(`the local fork failed: ${lowerFirst(error.message.replace(/\.$/, ''))}`);
  }
}

function nativeParties({ from, calls }: PlannedTransaction): readonly Address[] {
  return calls.flatMap(({ to, value }) =>
    value === undefined || BigInt(value) === 0n ? [] : [lower(from), lower(to)],
  );
}

async function readNative(chain: Chain, account: Address): Promise<bigint> {
  const request = chain.client.request({ method: 'eth_getBalance', params: [account, 'latest'] });
  return parseWei(await described(chain, request), 'balance');
}

function changesIn(steps: readonly StepEffects[]): readonly Change[] {
  return steps.flatMap(({ changes }) => changes);
}

function unique(questions: readonly Question[]): readonly Question[] {
  return [...new Map(questions.map((question) => [keyOf(question), question])).values()];
}

/** Amounts are shown in whole tokens. */
function withTokens(questions: readonly Question[]): readonly Question[] {
  const units = questions.flatMap((question): readonly Question[] =>
    question.kind === 'balance'
      ? [
          { kind: 'symbol', token: question.token },
          { kind: 'decimals', token: question.token },
        ]
      : [],
  );
  return unique([...questions, ...units]);
}

/** By the key of the question; absent where it was not answered. */
type Answers = ReadonlyMap<string, unknown>;

interface Sequence {
  readonly steps: readonly StepEffects[];
  readonly before: Answers;
  readonly after: Answers;
}

/** One request: a block of reads, one of all transactions, one of the same reads. */
async function simulateSequence(
  chain: Chain,
  {
    transactions,
    questions,
    head,
    now,
  }: {
    readonly transactions: readonly Transaction[];
    readonly questions: readonly Question[];
    readonly head: { readonly number: number; readonly timestamp: number };
    readonly now: Date;
  },
): Promise<Answer<Sequence>> {
  const asked = questions.flatMap((question) => {
    const call = callOf(chain, question);
    return call === undefined ? [] : [{ key: keyOf(question), call }];
  });
  const reads = asked.map(({ call }) => encodeRead(call));
  const sent = transactions.flatMap(({ from, calls }) => calls.map((call) => ({ from, ...call })));
  // A node may count on in steps of 12 seconds, and a signal would seem older than it is.
  const time = Math.max(Math.floor(now.getTime() / 1000), head.timestamp + 2);
  const blocks = await simulateBlocks(
    chain,
    // Apart, because some nodes divide the gas of a block by its calls.
    [
      { calls: reads, time: time - 1 },
      { calls: sent, time },
      { calls: reads, time: time + 1 },
    ],
    { block: head.number, traceTransfers: transactions.some((one) => nativeParties(one).length > 0) },
  );
  if (!blocks.known) return blocks;
  const [before = [], results = [], after = []] = blocks.value;
  if (results.some(({ ok, logs }) => ok && !logs.known)) {
    return unknown('the RPC node leaves the logs out of eth_simulateV1');
  }
  // Each is a transaction of its own, and shares the gas of one block only here.
  const ended = results.find(({ outOfGas }) => outOfGas !== undefined)?.outOfGas;
  if (ended !== undefined) {
    return unknown(`the RPC node ran out of gas in eth_simulateV1: ${firstWords(ended, 120)}`);
  }
  let next = 0;
  const steps: StepEffects[] = [];
  for (const transaction of transactions) {
    const own = results.slice(next, next + transaction.calls.length);
    next += transaction.calls.length;
    steps.push(await stepEffects(chain, transaction, own));
  }
  return known({ steps, before: answersOf(asked, before), after: answersOf(asked, after) });
}

function answersOf(
  asked: readonly { readonly key: string; readonly call: ReadCall }[],
  results: readonly CallResult[],
): Answers {
  return new Map(
    asked.flatMap(({ key, call }, index) => {
      const result = results[index];
      const value = result?.ok ? decodeRead(call, result.data) : undefined;
      return value === undefined ? [] : [[key, value] as const];
    }),
  );
}

/** Of one transaction: it fails as a whole where one of its calls does. */
async function stepEffects(
  chain: Chain,
  { step, from, moves }: Transaction,
  results: readonly CallResult[],
): Promise<StepEffects> {
  const failed = results.find(({ ok }) => !ok);
  const common = { step, ...(moves ? { moves } : {}) };
  if (failed !== undefined) {
    const { sentence } = await decodeRevert(chain, failed.data);
    return { ...common, result: 'failure', reason: sentence, changes: [] };
  }
  const logs = results.flatMap((one) => (one.logs.known ? one.logs.value : []));
  return { ...common, result: 'success', reason: null, changes: changesOf(logs, from, chain.contracts) };
}

/** What a node without `eth_simulateV1` can be asked: each transaction, as if none came before it. */
function trySingly(chain: Chain, transactions: readonly Transaction[]): Promise<readonly StepEffects[]> {
  return Promise.all(
    transactions.map(async ({ step, from, calls, moves }, index): Promise<StepEffects> => {
      const common = { step, ...(moves ? { moves } : {}), changes: [] };
      const tried = await informational(simulate(chain, { from, calls }));
      if (!tried.known) return { ...common, result: 'unknown', reason: tried.reason };
      if (tried.value.ok) return { ...common, result: 'success', reason: null };
      // It may need what comes before it.
      const isAlone = index === 0 && calls.length === 1;
      const { sentence } = tried.value.revert;
      return { ...common, result: isAlone ? 'failure' : 'unknown', reason: sentence };
    }),
  );
}

interface Found {
  readonly sequence: Sequence;
  readonly questions: readonly Question[];
  /** Native balances before. */
  readonly natives: ReadonlyMap<Address, bigint | null>;
  readonly pairs: Settings['pairs'];
}

function assemble(chain: Chain, transactions: readonly Transaction[], found: Found): SimulatedEffects {
  const { sequence, questions, natives } = found;
  const { steps, before, after } = sequence;
  const changes = changesIn(steps);
  const balances = [
    ...questions.flatMap((question): readonly BalanceChange[] => {
      if (question.kind !== 'balance') return [];
      const { token, account } = question;
      const of = (answers: Answers) => amountOf(answers, question);
      return [{ token, account, before: of(before), after: of(after) }];
    }),
    ...[...natives].map(([account, amount]): BalanceChange => {
      const moved = movedTo(changes, null, account);
      const isKnown = amount !== null;
      return {
        token: null,
        account,
        before: isKnown ? amount.toString() : null,
        after: isKnown ? (amount + moved).toString() : null,
      };
    }),
  ];
  const tokens = [
    ...new Set([
      ...balances.map(({ token }) => token),
      ...changes.flatMap((change) => (change.kind === 'transfer' ? [change.token] : [])),
    ]),
  ];
  const named = tokens.map((token) => namedToken(token, before));
  return {
    method: 'sequence',
    steps,
    balances,
    states: statesOf(chain, found),
    capital: capitalOf(chain, transactions, found, changes),
    parties: partiesOf(chain, transactions, dexOf(before)),
    tokens: named,
    contradictions: steps.some(({ result }) => result === 'failure')
      ? []
      : contradictions(balances, changes, named),
  };
}

function amountOf(answers: Answers, question: Question): string | null {
  const value = answers.get(keyOf(question));
  return typeof value === 'bigint' ? value.toString() : null;
}

/** What the logs say that an account gets of a token, less what it gives. */
function movedTo(changes: readonly Change[], token: Address | null, account: Address): bigint {
  return changes.reduce((sum, change) => {
    if (change.kind !== 'transfer' || change.token !== token) return sum;
    const { from, to, amount } = change;
    return sum + (to === account ? BigInt(amount) : 0n) - (from === account ? BigInt(amount) : 0n);
  }, 0n);
}

function contradictions(
  balances: readonly BalanceChange[],
  changes: readonly Change[],
  tokens: readonly NamedToken[],
): readonly string[] {
  return balances.flatMap(({ token, account, before, after }) => {
    if (before === null || after === null) return [];
    const moved = movedTo(changes, token, account);
    const differs = BigInt(after) - BigInt(before);
    if (moved === differs) return [];
    const symbol = tokens.find(({ address }) => address === token)?.symbol ?? 'token';
    return [
      `the balance of ${account} changes by ${differs}, and its transfers sum up to ${moved} (smallest unit of ${symbol})`,
    ];
  });
}

function namedToken(token: Address | null, answers: Answers): NamedToken {
  if (token === null) return { address: null, symbol: 'native token', decimals: 18 };
  const symbol = answers.get(keyOf({ kind: 'symbol', token }));
  const decimals = answers.get(keyOf({ kind: 'decimals', token }));
  return {
    address: token,
    symbol: typeof symbol === 'string' && symbol !== '' ? firstWords(symbol, 24) : token,
    decimals: typeof decimals === 'number' ? decimals : null,
  };
}

function statesOf(chain: Chain, { sequence, questions, pairs }: Found): readonly StateChange[] {
  const { before, after } = sequence;
  const both = (question: Question, words: (value: unknown) => string | null) => ({
    before: words(before.get(keyOf(question))),
    after: words(after.get(keyOf(question))),
  });
  const yesNo = (yes: string, no: string) => (value: unknown) =>
    typeof value === 'boolean' ? (value ? yes : no) : null;
  return questions.flatMap((question): readonly StateChange[] => {
    switch (question.kind) {
      case 'pause': {
        const subject = titleOf(chain, question.contract) ?? question.contract;
        return [{ kind: 'pause', subject, ...both(question, yesNo('paused', 'not paused')) }];
      }
      case 'role': {
        const held = both(question, yesNo('held', 'not held'));
        return [{ kind: 'role', subject: question.role, account: question.account, ...held }];
      }
      case 'oracle': {
        const subject = titleOf(chain, question.contract) ?? question.contract;
        const words = (value: unknown) => (typeof value === 'string' ? value.toLowerCase() : null);
        return [{ kind: 'oracle', subject, ...both(question, words) }];
      }
      case 'breaker':
      case 'breaker of the runbook': {
        const state = both(question, yesNo('open', 'closed'));
        const isThere = state.before !== null || state.after !== null;
        const other = { kind: 'breaker of the runbook', pair: question.pair } as const;
        const isOther = question.kind !== 'breaker' || before.has(keyOf(other)) || after.has(keyOf(other));
        // One of the two functions is there. Where neither answers, the breaker is unknown, once.
        if (!isThere && isOther) return [];
        const name = namedPairs({ pairs }).find(({ id }) => lower(id) === question.pair)?.name;
        return [{ kind: 'breaker', subject: name ?? question.pair, ...state }];
      }
      default:
        return [];
    }
  });
}

function titleOf(chain: Chain, address: Address): string | undefined {
  const found = contractsOf(chain).find((one) => lower(one.address) === address);
  return found && contractTitles[found.name];
}

function dexOf(answers: Answers): Address {
  const named = answers.get(keyOf({ kind: 'dex' }));
  return typeof named === 'string' ? lower(named as Address) : predeploy;
}

function partiesOf(chain: Chain, transactions: readonly Transaction[], dex: Address): readonly Named[] {
  const contracts = contractsOf(chain).map(({ address, name }) => ({
    ...{ address: lower(address), name: contractTitles[name] },
  }));
  const made = transactions.flatMap(({ standIn }) =>
    standIn === undefined ? [] : [{ address: lower(standIn.address), name: standIn.words }],
  );
  const predeploys = [
    { address: dex, name: dexName },
    { address: feeManager, name: 'fee manager' },
  ] as const;
  const all = [...contracts, ...made, ...predeploys];
  return [...new Map(all.map((one) => [one.address, one])).values()];
}

/** Of every token that is the protocol's capital and that the plan is about. */
function capitalOf(
  chain: Chain,
  transactions: readonly Transaction[],
  { sequence, questions }: Found,
  changes: readonly Change[],
): readonly CapitalChange[] {
  const { treasuryVault, dexStrategy } = chain.contracts;
  if (treasuryVault === undefined || dexStrategy === undefined) return [];
  const [vault, strategy] = [lower(treasuryVault), lower(dexStrategy)];
  const dex = dexOf(sequence.before);
  const cancelled = new Set(
    changes.flatMap((change) => (change.kind === 'order' && change.contract === dex ? [change.id] : [])),
  );
  const known = transactions.flatMap(({ orders }) => (orders === undefined ? [] : [orders]));
  const resting = known.length === 0 || known.includes(null) ? null : known.flatMap((orders) => orders ?? []);
  const orders = new Map(resting?.map((order) => [order.id, order]));
  return questions.flatMap((question): readonly CapitalChange[] => {
    if (question.kind !== 'dex balance') return [];
    const { token } = question;
    const locked = (isThere: (id: string) => boolean) =>
      resting === null
        ? null
        : [...orders.values()]
            .filter((order) => lower(order.token) === token && isThere(order.id))
            .reduce((sum, order) => sum + BigInt(order.locked), 0n)
            .toString();
    const places = (answers: Answers, isThere: (id: string) => boolean): CapitalPlaces | undefined => {
      const held = [vault, strategy].map((account) => amountOf(answers, { kind: 'balance', token, account }));
      const [inVault = null, inStrategy = null] = held;
      const onDex = amountOf(answers, question);
      if (inVault === null || inStrategy === null || onDex === null) return undefined;
      return { vault: inVault, strategy: inStrategy, dex: onDex, orders: locked(isThere) };
    };
    const before = places(sequence.before, () => true);
    const after = places(sequence.after, (id) => !cancelled.has(id));
    if (before === undefined || after === undefined) return [];
    // The DEX holds what is in orders, and more that is others'.
    const inside: readonly Address[] = [vault, strategy, dex];
    const paidOut = changes.reduce((sum, change) => {
      if (change.kind !== 'transfer' || change.token !== token) return sum;
      const [leaves, comes] = [inside.includes(change.from), inside.includes(change.to)];
      if (leaves === comes) return sum;
      return leaves ? sum + BigInt(change.amount) : sum - BigInt(change.amount);
    }, 0n);
    const unaccounted =
      after.orders === null && cancelled.size > 0 ? null : total(before) - total(after) - paidOut;
    return [
      {
        ...{ token, before, after, paidOut: paidOut.toString() },
        unaccounted: unaccounted === null ? null : unaccounted.toString(),
      },
    ];
  });
}

function total({ vault, strategy, dex, orders }: CapitalPlaces): bigint {
  return BigInt(vault) + BigInt(strategy) + BigInt(dex) + BigInt(orders ?? '0');
}
