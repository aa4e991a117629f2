import { assertNodes, onRightChain, WrongChainError } from '../../src/chain/assertChainId.ts';
import { nodeTroubles } from '../../src/chain/checkChainIds.ts';
import { readStaleHead } from '../../src/chain/currentState.ts';
import { type Diagnosis, diagnose, fundingLine, paysBy } from '../../src/chain/oracle/diagnose.ts';
import { dueAt, readOldKeys } from '../../src/chain/oracle/oldKeys.ts';
import { type Activity, readActivity } from '../../src/chain/oracle/readActivity.ts';
import {
  authorisedWords,
  isOracle,
  type OracleAuthority,
  readAuthority,
} from '../../src/chain/oracle/readAuthority.ts';
import {
  type PairSignal,
  type PairSignals,
  readPairSignals,
} from '../../src/chain/oracle/readPairSignals.ts';
import { namedPairs, pairTitle } from '../../src/chain/pairs/pair.ts';
import { readHead } from '../../src/chain/readHead.ts';
import { endThePause } from '../../src/chain/readProtocol.ts';
import { sameAddress } from '../../src/chain/sameAddress.ts';
import { formatFunds } from '../../src/chain/transactions/readFunds.ts';
import type { Address } from '../../src/config/settings.ts';
import { type Advice, distinctAdvice, onHost } from '../../src/errors/advice.ts';
import { type Answer, answer, known } from '../../src/errors/answer.ts';
import { TvError } from '../../src/errors/TvError.ts';
import { listProcesses } from '../../src/host/listProcesses.ts';
import { readClock } from '../../src/host/readClock.ts';
import { readJournal } from '../../src/host/readJournal.ts';
import type { Relay } from '../../src/host/readRelay.ts';
import { readUnit } from '../../src/host/readUnit.ts';
import { nameRuns, surveyRuns, urgentFirst } from '../../src/journal/readRuns.ts';
import { residualStateOfAll } from '../../src/journal/residualState.ts';
import { type RunState, recoveryCommands } from '../../src/journal/runState.ts';
import {
  pluginExitCode,
  type Sample,
  type SampleValue,
  takeSample,
  worst,
} from '../../src/observe/sample.ts';
import type { Context } from '../../src/runbook/context.ts';
import { defineReport } from '../../src/runbook/define.ts';
import { ago, count, duration, howMany, shortened } from '../../src/text/format.ts';
import { padEnd, table, wrap } from '../../src/text/layout.ts';
import { type EnvKey, readOracleKey, readRelayOf } from './readOracleKey.ts';
import { type RelayError, readRelayError } from './readRelayError.ts';
import { judgeLog } from './status/judgeLog.ts';
import { type Pulse, pulseOf } from './status/pulse.ts';
import { byHand } from './status.byHand.ts';

/** Limit of one source, in milliseconds. */
const limitMs = 10_000;
const recover: Advice = { tv: ['oracle', 'recover'] };
const logLines = 100;
/** Of the relay, where its own cannot be read. In seconds. */
const defaultIntervalSeconds = 60;
const nobody = '0x0000000000000000000000000000000000000000';
/** Less than this left at the observed spend is a warning. In seconds. */
const shortOfFees = 3 * 86_400;

/** `tv oracle status`: is the oracle at work, and what would keep it from it. */
export default defineReport({
  title: 'Oracle',
  summary: 'Show signals, key, fees and who else may sign',
  section: '2',
  order: 1,
  description:
    "Shows for each pair the age of the last signal (healthy, stale by the contract's threshold, dead after five minutes), the process and its last errors, whether the key in .env is the authorised one, what it can pay and for how long, waiting transactions, and other addresses that may sign. What cannot be read is unknown (?). Exit codes follow the monitoring-plugin convention: 0 ok, 1 warning, 2 critical, 3 unknown.",
  byHand,
  input: {},
  collect: async (ctx) => {
    const runs = urgentFirst(surveyRuns(ctx).states).filter(({ started }) =>
      /^oracle /.test(started.runbook),
    );
    // What the host returns comes first, so that the reads of the chain go out together, in few requests.
    const env = readOracleKey(ctx);
    const relay = env.then((key) => readRelayOf(ctx, key));
    const hostReads = {
      relay,
      time: answer((async () => readClock(ctx.host()))()),
      error: readRelayError(ctx),
    };
    const right = Promise.allSettled([env, relay, hostReads.time, hostReads.error]).then(() =>
      assertNodes(ctx.chain()),
    );
    const authority = right.then(() => readAuthority(ctx.chain()));
    const seen = right.then(() => readWorld(ctx, { env, ...hostReads }));
    for (const shared of [env, relay, right, authority, seen]) shared.catch(unlessAwaited);
    // Not awaited below: a node that hangs must not hold up the screen beyond the samples' own limit.
    let world: SeenWorld | undefined;
    seen.then((answered) => {
      world = answered;
    }, unlessAwaited);
    // What cannot be read says nothing about the oracle, in whatever way its source is away.
    const sample = (id: string, read: () => Promise<SampleValue>, next: readonly Advice[]) =>
      takeSample(id, limitMs, read, next, 'unknown');
    const chainGauge = (id: string, read: () => Promise<SampleValue>) =>
      sample(id, () => onRightChain(right, right.then(read)), [{ tv: ['status'] }]);
    const onTheHost = [onHost(`systemctl status ${ctx.settings.host.units.oracle}`)];
    const diagnosis = async () => needed((await seen).diagnosis, await answer(env));
    const found = await Promise.all([
      sample('chain', () => onChain(ctx, right), [{ tv: ['status'] }]),
      chainGauge('signals', async () => judgeSignals(await seen)),
      sample('service', () => service(ctx), onTheHost),
      sample('log', async () => log(ctx, await seen.then(({ pulse }) => pulse, unlessBug)), onTheHost),
      chainGauge('key', async () => key(ctx, await env, await authority)),
      chainGauge('fees', async () => fees((await env).address, await diagnosis())),
      chainGauge('nonce', async () => nonces(await diagnosis())),
      chainGauge('causes', async () => causes(await diagnosis())),
      chainGauge('others', async () => others(ctx, await env, await authority)),
    ]);
    const paused = world?.diagnosis?.troubles.some(({ id }) => id === 'paused') === true;
    const { environment, chain } = ctx.settings;
    const samples = whatWorks([...unfinished(runs), ...found], {
      pause: paused ? [endThePause] : [],
      runs: runs.map(({ started }) => ({ tv: ['resume', started.run] })),
    });
    return {
      environment,
      chainId: chain.id ?? null,
      level: worst(samples),
      pairs: world?.pairs ?? [],
      samples,
    };
  },
  render: ({ environment, chainId, level, pairs, samples }, paint) => {
    const ink = { ok: paint.ok, warning: paint.warn, critical: paint.bad, unknown: paint.warn };
    const mark = { ok: '✔', warning: '!', critical: '✖', unknown: '?' };
    const names = Math.max(...samples.map(({ id }) => id.length));
    const gap = 4 + names + 2;
    const lines = samples.map((each, index) => {
      // A node that is away is the reason of many lines; once is enough.
      const first = samples.findIndex(({ summary }) => summary === each.summary);
      const words =
        first < index ? `cannot tell, as for ${samples[first]?.id}` : shortened(each.summary, paint);
      const text = wrap(words, paint.width - gap, ' '.repeat(gap));
      return `  ${ink[each.level](mark[each.level])} ${padEnd(each.id, names)}  ${text}`;
    });
    const rows = pairs.map(({ pair, nonce: last, ageSeconds, health, from }) => {
      const age = ageSeconds === null ? 'no signal ever' : `${duration(ageSeconds * 1000)} ago`;
      const words = health === 'healthy' ? paint.ok(health) : paint.bad(health);
      return [shortened(pairTitle(pair), paint), words, age, `nonce ${count(BigInt(last))}`, from];
    });
    const next = distinctAdvice(
      samples.filter((each) => each.level !== 'ok').flatMap((each) => each.next ?? []),
    );
    const head = `${paint.bold('Oracle')} · ${environment}${chainId === null ? '' : ` · chain ${chainId}`} · ${ink[level](level)}`;
    return `${[
      head,
      '',
      ...(rows.length === 0 ? [] : [table(rows, '  ', paint.width), '']),
      ...lines,
      ...(next.length === 0 ? [] : ['', paint.next(next)]),
    ].join('\n')}\n`;
  },
  exitCode: ({ level }) => pluginExitCode[level],
  failureExitCode: pluginExitCode.unknown,
});

/** On the wrong chain nothing else on the screen would be about this oracle: that much is certain. */
export async function onChain(ctx: Context, right: ReturnType<typeof assertNodes>): Promise<SampleValue> {
  try {
    const { id, nodes } = await right;
    const old = await readStaleHead(ctx);
    const then = 'the ages of signals are those of then';
    const troubles = [...nodeTroubles(nodes), ...(old === undefined ? [] : [`${old.summary}; ${then}`])];
    const summary = `id ${id}`;
    if (troubles.length === 0) return { level: 'ok', summary };
    return {
      level: 'warning',
      summary: `${summary}; ${troubles.join('; ')}`,
      next: [{ tv: ['config', 'show'] }],
    };
  } catch (error) {
    if (!(error instanceof WrongChainError)) throw error;
    const { message, facts, next } = error;
    return { level: 'critical', summary: `${message} (${facts['node']})`, data: facts, next };
  }
}

/** A pair's last signal, and what names the pair. */
type SeenPair = PairSignal & { readonly from: string };

interface SeenWorld {
  /** Whether the last signals could be read at all. */
  readonly signals: Answer<Pick<PairSignals, 'stalenessSeconds'>>;
  readonly pairs: readonly SeenPair[];
  /** Those that settings or relay name; those of the events where neither names any. */
  readonly expected: readonly SeenPair[];
  readonly activity: Answer<Activity>;
  readonly relayPairs: Answer<readonly unknown[]>;
  /** Undefined where the key in .env is unknown. */
  readonly diagnosis: Diagnosis | undefined;
  readonly pulse: Pulse | undefined;
}

interface HostAnswers {
  readonly env: Promise<EnvKey>;
  readonly relay: Promise<Relay>;
  readonly time: Promise<Answer<Date | undefined>>;
  readonly error: Promise<Answer<RelayError | undefined>>;
}

/** Pairs of the settings, of the relay's command line and of the chain's newest events, with their signals. */
async function readWorld(ctx: Context, host: HostAnswers): Promise<SeenWorld> {
  const chain = ctx.chain();
  const [env, relay, time, error] = [
    await answer(host.env),
    await answer(host.relay),
    await host.time,
    await host.error,
  ];
  const relayPairs = relay.known ? relay.value.pairs : relay;
  const named = namedPairs(ctx.settings).map((pair) => ({ pair, from: 'settings' }));
  const started =
    relay.known && relay.value.pairs.known
      ? relay.value.pairs.value.map(({ id }) => ({ pair: { id, name: null }, from: relay.value.from }))
      : [];
  const first = unique([...named, ...started]);
  const idsOf = (all: typeof first) => all.map(({ pair }) => pair);
  const signals = await answer(readPairSignals(chain, idsOf(first)));
  const newest = Math.max(0, ...(signals.known ? signals.value.signals.map(({ at }) => at) : []));
  const intervalSeconds = relay.known ? relay.value.intervalSeconds : undefined;
  const diagnosis = env.known
    ? await diagnose(chain, {
        oracle: env.value.address,
        feeToken: env.value.feeToken,
        hostTime: time.known ? time.value : undefined,
        intervalSeconds: intervalSeconds ?? defaultIntervalSeconds,
        signalAt: newest === 0 ? undefined : newest,
        lastError: error.known ? error.value : undefined,
      })
    : undefined;
  const activity =
    diagnosis?.activity ??
    (await answer(
      readHead(chain).then(({ number }) =>
        readActivity(chain, { sender: nobody, head: number, signalAt: newest }),
      ),
    ));
  const inEvents = activity.known
    ? activity.value.pairs.map((id) => ({ pair: { id, name: null }, from: 'events' }))
    : [];
  const extra = unique([...first, ...inEvents]).slice(first.length);
  const none = { signals: [], stalenessSeconds: undefined, now: 0, head: 0 };
  const more = extra.length === 0 ? known(none) : await answer(readPairSignals(chain, idsOf(extra)));
  const pairs = [
    ...(signals.known ? signals.value.signals : []),
    ...(more.known ? more.value.signals : []),
  ].map((signal) => ({
    ...signal,
    from: [...first, ...extra].find(({ pair }) => pair.id === signal.pair.id)?.from ?? '',
  }));
  const read = signals.known ? signals.value : undefined;
  return {
    signals: first.length === 0 && extra.length > 0 ? more : signals,
    pairs,
    expected: first.length > 0 ? pairs.slice(0, first.length) : pairs,
    activity,
    relayPairs,
    diagnosis,
    pulse:
      read === undefined || pairs.length === 0 || intervalSeconds === undefined
        ? undefined
        : pulseOf({ signals: pairs, now: read.now }, activity, intervalSeconds),
  };
}

function unique<T extends { readonly pair: { readonly id: string } }>(all: readonly T[]): readonly T[] {
  return all.filter(({ pair }, index) => all.findIndex((one) => one.pair.id === pair.id) === index);
}

export function judgeSignals(
  world: Pick<SeenWorld, 'signals' | 'expected' | 'activity' | 'relayPairs' | 'diagnosis'>,
): SampleValue {
  const { expected: signals, activity, relayPairs, diagnosis } = world;
  if (!world.signals.known) {
    return { level: 'unknown', summary: `the last signals are unknown: ${world.signals.reason}` };
  }
  const threshold = world.signals.value.stalenessSeconds;
  if (signals.length === 0) {
    const sources = [
      'the settings name none',
      relayPairs.known ? "the relay's command line names none" : `relay: ${relayPairs.reason}`,
      activity.known
        ? `no signal since block ${count(activity.value.fromBlock)}`
        : `events: ${activity.reason}`,
    ];
    return {
      level: 'unknown',
      summary: `no pair is known: ${sources.join('; ')}`,
      next: [
        { tv: ['config', 'init'] },
        { when: 'name them under "pairs" in the configuration file', tv: ['config', 'show'] },
      ],
    };
  }
  const of = (...health: readonly PairSignal['health'][]) =>
    signals.filter((signal) => health.includes(signal.health)).length;
  const limits = `${threshold === undefined ? 'no threshold in the contract' : `stale after ${duration(threshold * 1000)}`}`;
  const wrong = of('dead', 'never') + of('stale');
  if (wrong === 0) {
    const summary = `${howMany(signals.length, 'pair')}, all healthy; ${limits}`;
    // Healthy says that signals come, not who sends them.
    if (diagnosis === undefined || (activity.known && activity.value.newest !== undefined)) {
      return { level: 'ok', summary };
    }
    return activity.known
      ? {
          level: 'warning',
          summary: `${summary}; but none since block ${count(activity.value.fromBlock)} was sent by the key in .env`,
          next: [{ when: 'see which addresses are authorised', tv: ['oracle', 'status', '--full'] }],
        }
      : { level: 'unknown', summary: `${summary}; who sends them is unknown (${activity.reason})` };
  }
  const parts = [
    ...(of('dead') > 0 ? [`${count(of('dead'))} dead`] : []),
    ...(of('stale') > 0 ? [`${count(of('stale'))} stale`] : []),
    ...(of('never') > 0 ? [`${count(of('never'))} without any signal`] : []),
  ];
  const summary = `of ${howMany(signals.length, 'pair')} ${parts.join(', ')}; ${limits}`;
  return { level: of('dead', 'stale') > 0 ? 'critical' : 'warning', summary, next: [recover] };
}

async function service(ctx: Context): Promise<SampleValue> {
  const { units, programs } = ctx.settings.host;
  const [state, processes] = await Promise.all([
    readUnit(ctx.host(), { unit: units.oracle }),
    listProcesses(ctx.host(), { program: programs.oracle }),
  ]);
  const since =
    state.since === undefined
      ? ''
      : ` for ${duration(Math.max(0, ctx.clock.now().getTime() - state.since.getTime()))}`;
  const words =
    state.subState === state.activeState ? state.activeState : `${state.activeState} (${state.subState})`;
  const summary = `${units.oracle} ${words}${since}, ${processes.length === 1 ? `process ${processes[0]?.pid}` : `${processes.length} processes`}`;
  const data = { state: state.activeState, processes: processes.map(({ pid }) => pid) };
  if (state.activeState !== 'active' || processes.length === 0) {
    return { level: 'critical', summary, data, next: [recover] };
  }
  if (processes.length > 1) {
    return {
      level: 'critical',
      summary: `${summary}: two relays with one key collide on nonces`,
      data,
      next: [onHost(`systemctl status ${units.oracle}`, `end what does not belong to ${units.oracle}`)],
    };
  }
  return { level: processes[0]?.stopped === true ? 'critical' : 'ok', summary, data };
}

async function log(ctx: Context, pulse: Pulse | undefined): Promise<SampleValue> {
  const unit = ctx.settings.host.units.oracle;
  const { available, reason, entries } = await readJournal(ctx.host(), { unit, lines: logLines });
  if (!available)
    return { level: 'unknown', summary: `the journal could not be read: ${reason ?? 'no reason given'}` };
  return judgeLog(entries, { pulse, now: ctx.clock.now(), unit });
}

/** A rejection is the reading of each sample that awaits it. */
function unlessAwaited(): void {}

/** What is not known leaves a gap; a bug is thrown. */
function unlessBug(error: unknown): undefined {
  if (!(error instanceof TvError)) throw error;
}

async function key(ctx: Context, { address }: EnvKey, authority: OracleAuthority): Promise<SampleValue> {
  const data = { address, authorised: authority.valid, form: authority.form };
  if (await isOracle(ctx.chain(), address, authority)) {
    return { level: 'ok', summary: `the key in .env is ${address}, which is authorised`, data };
  }
  return {
    level: 'critical',
    summary: `the key in .env is ${address}, which is NOT authorised; authorised: ${authorisedWords(authority)}`,
    data,
    next: [{ tv: ['oracle', 'rotate-key'] }],
  };
}

/** @throws TvError with the reason why the key, and so all that is about its account, is unknown */
function needed(diagnosis: Diagnosis | undefined, env: Answer<EnvKey>): Diagnosis {
  if (diagnosis !== undefined) return diagnosis;
  throw new TvError(env.known ? 'The account of the oracle is unknown.' : `${env.reason}.`);
}

export function fees(oracle: Address, { payer, activity, troubles }: Diagnosis): SampleValue {
  if (!payer.known)
    return { level: 'unknown', summary: `what the key can pay with is unknown: ${payer.reason}` };
  const funds = payer.value;
  const spend = activity.known ? activity.value.spend : undefined;
  const balance = `${formatFunds(funds.balance, funds)}${paysBy(funds)}`;
  const data = {
    balance: funds.balance.toString(),
    symbol: funds.symbol,
    token: funds.feeToken ?? null,
    by: funds.by,
    perSecond: spend?.perSecond ?? null,
  };
  if (funds.balance === 0n || troubles.some(({ id }) => id === 'no-fees')) {
    return {
      level: 'critical',
      summary: `${balance}: too little for one signal`,
      data,
      next: [fundingLine(oracle, funds)],
    };
  }
  if (spend?.perSecond === undefined || spend.perSecond === 0) {
    if (!activity.known) {
      return {
        level: 'unknown',
        summary: `${balance}; how long it lasts is unknown: ${activity.reason}`,
        data,
        next: [{ when: 'check the RPC URLs', tv: ['config', 'show'] }],
      };
    }
    return { level: 'ok', summary: `${balance}; how long it lasts is unknown: no recent signals`, data };
  }
  const seconds = Number(funds.balance) / spend.perSecond;
  const perDay = formatFunds(BigInt(Math.ceil(spend.perSecond * 86_400)), funds);
  const low = seconds < shortOfFees;
  return {
    level: low ? 'warning' : 'ok',
    summary: `${balance}, lasts ${lasting(seconds)} at ${perDay} a day (its last ${spend.signals} signals)`,
    data,
    ...(low ? { next: [fundingLine(oracle, funds)] } : {}),
  };
}

/** One that was just sent is no trouble; one that holds up the signals is. */
export function nonces({ nonce, troubles }: Pick<Diagnosis, 'nonce' | 'troubles'>): SampleValue {
  if (!nonce.known) return { level: 'unknown', summary: `the nonces are unknown: ${nonce.reason}` };
  const { latest, pending } = nonce.value;
  const summary = `latest ${count(latest)}, pending ${count(pending)}`;
  const stuck = troubles.find(({ id }) => id === 'stuck');
  if (stuck !== undefined) {
    return { level: 'critical', summary: `${summary}: ${stuck.summary}`, next: stuck.next };
  }
  return pending - latest > 1
    ? { level: 'warning', summary: `${summary}: ${count(pending - latest)} transactions wait` }
    : { level: 'ok', summary };
}

function lasting(seconds: number): string {
  const days = seconds / 86_400;
  if (days > 365) return 'more than a year';
  return days >= 2 ? `${Math.floor(days)} days` : duration(seconds * 1000);
}

/** A line only where there is one: until it is finished, its two keys are both in use. */
function unfinished(runs: readonly RunState[]): readonly Sample[] {
  if (runs.length === 0) return [];
  const left = residualStateOfAll(runs);
  const level = left.length > 0 ? 'critical' : 'warning';
  return [
    {
      id: 'runs',
      level,
      summary: `unfinished: ${nameRuns(runs, left)}`,
      next: runs.flatMap(recoveryCommands),
    },
  ];
}

/**
 * In a pause `tv oracle recover` only refuses, and while a run is unfinished so does whatever changes the
 * oracle, or would take a key from under that run: what comes before is named instead.
 */
function whatWorks(
  samples: readonly Sample[],
  before: { readonly pause: readonly Advice[]; readonly runs: readonly Advice[] },
): readonly Sample[] {
  const first = [...before.pause, ...before.runs];
  // While a run is unfinished every command that changes the oracle refuses, not only the restart.
  const inVain = before.runs.length > 0 ? ['recover', 'unstick', 'rotate-key', 'revoke-old'] : ['recover'];
  const isInVain = (advice: Advice) =>
    typeof advice !== 'string' &&
    'tv' in advice &&
    advice.tv[0] === 'oracle' &&
    inVain.includes(advice.tv[1] ?? '');
  if (first.length === 0) return samples;
  return samples.map(({ next, ...sample }) =>
    next === undefined
      ? sample
      : { ...sample, next: distinctAdvice(next.flatMap((advice) => (isInVain(advice) ? first : [advice]))) },
  );
}

export function causes({ troubles, unknown }: Pick<Diagnosis, 'troubles' | 'unknown'>): SampleValue {
  // The nonce, the key and the fees have lines of their own.
  const left = troubles.filter(({ id }) => id === 'paused' || id === 'clock');
  if (left.length > 0) {
    return {
      level: 'warning',
      summary: left.map(({ summary }) => summary).join('; '),
      next: left.flatMap(({ next }) => next),
    };
  }
  const here = unknown.filter((what) => /paused|clock/.test(what));
  if (here.length > 0) return { level: 'unknown', summary: `unknown: ${here.join('; ')}` };
  return { level: 'ok', summary: 'no pause stops signals, clock and chain agree' };
}

/** Everybody else whose signals count, and old keys that wait to be revoked. */
async function others(ctx: Context, { address }: EnvKey, authority: OracleAuthority): Promise<SampleValue> {
  const valid = authority.valid.filter((one) => !sameAddress(one, address));
  const known = readOldKeys(ctx.settings);
  const old = known.filter((each) => valid.some((one) => sameAddress(one, each.old)));
  const strangers = valid.filter((one) => !old.some((each) => sameAddress(one, each.old)));
  const now = ctx.clock.now();
  const waits = old.every((each) => dueAt(each) > now);
  const parts = [
    ...old.map((each) => {
      const due = dueAt(each);
      const when = due <= now ? `was due ${ago(due, now)}` : `due ${ago(due, now)}`;
      return `old oracle key ${each.old} still valid, ${when}`;
    }),
    ...(strangers.length === 0 ? [] : [`also authorised: ${strangers.join(', ')}`]),
  ];
  const { validUnknown } = authority;
  if (parts.length === 0 && validUnknown !== undefined) {
    return {
      level: 'unknown',
      summary: `other accounts that may sign are unknown: ${validUnknown}`,
      next: [{ tv: ['oracle', 'status'] }],
    };
  }
  if (parts.length === 0) return { level: 'ok', summary: 'no other account may sign' };
  return {
    level: 'warning',
    summary: [...parts, ...(validUnknown === undefined ? [] : [`perhaps others: ${validUnknown}`])].join(
      '; ',
    ),
    data: { old, strangers },
    next:
      old.length > 0
        ? [
            waits
              ? { when: 'once it is due', tv: ['oracle', 'revoke-old'] }
              : { tv: ['oracle', 'revoke-old'] },
          ]
        : [{ when: 'if it is not meant to', tv: ['oracle', 'revoke-old', '--address', 'ADDRESS'] }],
  };
}
