import { assertChainId, onRightChain, WrongChainError } from '../../src/chain/assertChainId.ts';
import { diagnose, fundingLine, type Trouble } from '../../src/chain/oracle/diagnose.ts';
import { dueAt, readOldKeys } from '../../src/chain/oracle/oldKeys.ts';
import {
  authorisedWords,
  isOracle,
  type OracleAuthority,
  readAuthority,
} from '../../src/chain/oracle/readAuthority.ts';
import { type PairSignal, readPairSignals } from '../../src/chain/oracle/readPairSignals.ts';
import { readSpend } from '../../src/chain/oracle/readSpend.ts';
import { namedPairs, pairTitle } from '../../src/chain/pairs/pair.ts';
import { readHead } from '../../src/chain/readHead.ts';
import { endThePause } from '../../src/chain/readProtocol.ts';
import { sameAddress } from '../../src/chain/sameAddress.ts';
import { formatFunds, readWallet } from '../../src/chain/transactions/readFunds.ts';
import { readNonce } from '../../src/chain/transactions/readNonce.ts';
import { answer } from '../../src/errors/answer.ts';
import { TvError } from '../../src/errors/TvError.ts';
import { listProcesses } from '../../src/host/listProcesses.ts';
import { readClock } from '../../src/host/readClock.ts';
import { readJournal } from '../../src/host/readJournal.ts';
import { readUnit } from '../../src/host/readUnit.ts';
import type { Context } from '../../src/runbook/context.ts';
import { defineReport } from '../../src/runbook/define.ts';
import { type Gauge, gaugeExitCode, type Reading, readGauge, worst } from '../../src/runbook/gauge.ts';
import { leftByAll } from '../../src/runbook/leftBehind.ts';
import { renderNext } from '../../src/runbook/next.ts';
import { nameRuns, surveyRuns, urgentFirst } from '../../src/runbook/readRuns.ts';
import { type RunState, waysOn } from '../../src/runbook/runState.ts';
import { ago, count, duration, padEnd, short, table, wrap } from '../../src/runbook/text.ts';
import { type EnvKey, readOracleKey, readRelayOf } from './readOracleKey.ts';
import { judgeLog } from './status/judgeLog.ts';
import { judgeNonce } from './status/judgeNonce.ts';
import { type Pulse, pulseOf } from './status/pulse.ts';

/** Limit of one source, in milliseconds. */
const limitMs = 10_000;
const recover = 'tv oracle recover';
const logLines = 100;
/** Less than this left at the observed spend is a warning. In seconds. */
const shortOfFees = 3 * 86_400;

/** `tv oracle status`: is the oracle at work, and what would keep it from it. */
export default defineReport({
  title: 'Oracle',
  intent:
    "Shows for each pair the age of the last signal (healthy, stale by the contract's threshold, dead after five minutes), the process and its last errors, whether the key in .env is the authorised one, what it can pay and for how long, waiting transactions, and other addresses that may sign. What cannot be read is unknown (?). Exit codes follow the monitoring-plugin convention: 0 ok, 1 warning, 2 critical, 3 unknown.",
  input: {},
  collect: async (ctx) => {
    let pairs: readonly PairSignal[] = [];
    let paused = false;
    const runs = urgentFirst(surveyRuns(ctx).states).filter(({ started }) =>
      /^oracle /.test(started.runbook),
    );
    // What the host tells comes first, so that the reads of the chain go out together, in few requests.
    const onHost = { key: readOracleKey(ctx), time: (async () => readClock(ctx.host()))() };
    const relay = onHost.key.then((env) => readRelayOf(ctx, env));
    const ready = Promise.allSettled([onHost.key, onHost.time, relay]);
    const right = ready.then(() => assertChainId(ctx.chain()));
    const authority = ready.then(() => readAuthority(ctx.chain()));
    const signals = ready.then(() => readPairSignals(ctx.chain(), namedPairs(ctx.settings)));
    const pulse = onRightChain(right, signals)
      .then(async (known) => pulseOf(known, (await relay).intervalSeconds))
      .catch(unlessBug);
    for (const shared of [right, authority, signals, pulse]) shared.catch(unlessAwaited);
    // What cannot be read says nothing about the oracle, in whatever way its source is away.
    const gauge = (id: string, read: () => Promise<Reading>) => readGauge(id, limitMs, read, [], 'unknown');
    const chainGauge = (id: string, read: () => Promise<Reading>) =>
      gauge(id, () => onRightChain(right, ready.then(read)));
    const found = await Promise.all([
      gauge('chain', () => onChain(right)),
      chainGauge('signals', async () => {
        const { signals: known, stalenessSeconds } = await onRightChain(right, signals);
        pairs = known;
        return judgeSignals(known, stalenessSeconds);
      }),
      gauge('service', () => service(ctx)),
      gauge('log', () => log(ctx, pulse)),
      chainGauge('key', async () => key(ctx, await onHost.key, await authority)),
      chainGauge('fees', async () => fees(ctx, await onHost.key)),
      chainGauge('nonce', async () => {
        const { address } = await onHost.key;
        return judgeNonce(await readNonce(ctx.chain(), address), await pulse);
      }),
      chainGauge('causes', async () => {
        const { address: oracle } = await onHost.key;
        const troubles = await diagnose(ctx.chain(), { oracle, hostTime: await onHost.time });
        paused = troubles.some(({ id }) => id === 'paused');
        return causes(troubles);
      }),
      chainGauge('others', async () => others(ctx, await onHost.key, await authority)),
    ]);
    const { environment, chain } = ctx.settings;
    const gauges = whatWorks([...unfinished(runs), ...found], {
      pause: paused ? [endThePause] : [],
      runs: runs.map(({ started }) => `tv resume ${started.run}`),
    });
    return { environment, chainId: chain.id ?? null, level: worst(gauges), pairs, gauges };
  },
  render: ({ environment, chainId, level, pairs, gauges }, paint) => {
    const ink = { ok: paint.ok, warning: paint.warn, critical: paint.bad, unknown: paint.warn };
    const mark = { ok: '✔', warning: '!', critical: '✖', unknown: '?' };
    const names = Math.max(...gauges.map(({ id }) => id.length));
    const gap = 4 + names + 2;
    const lines = gauges.map((each, index) => {
      // A node that is away is the reason of many lines; once is enough.
      const first = gauges.findIndex(({ summary }) => summary === each.summary);
      const words = first < index ? `cannot tell, as for ${gauges[first]?.id}` : each.summary;
      const text = wrap(words, paint.width - gap, ' '.repeat(gap));
      return `  ${ink[each.level](mark[each.level])} ${padEnd(each.id, names)}  ${text}`;
    });
    const rows = pairs.map(({ pair, nonce: last, ageSeconds, health }) => {
      const age = ageSeconds === null ? 'no signal ever' : `${duration(ageSeconds * 1000)} ago`;
      const words = health === 'healthy' ? paint.ok(health) : paint.bad(health);
      return [
        paint.full ? (pair.name ?? pair.id) : pairTitle(pair),
        words,
        age,
        `nonce ${count(BigInt(last))}`,
      ];
    });
    const next = [
      ...new Set(gauges.filter((each) => each.level !== 'ok').flatMap((each) => each.next ?? [])),
    ];
    const head = `${paint.bold('Oracle')} · ${environment}${chainId === null ? '' : ` · chain ${chainId}`} · ${ink[level](level)}`;
    return `${[
      head,
      '',
      ...(rows.length === 0 ? [] : [table(rows, '  ', paint.width), '']),
      ...lines,
      ...(next.length === 0 ? [] : ['', renderNext(next, paint)]),
    ].join('\n')}\n`;
  },
  exitCode: ({ level }) => gaugeExitCode[level],
  failureExitCode: gaugeExitCode.unknown,
});

/** On the wrong chain nothing else on the screen would be about this oracle: that much is certain. */
async function onChain(right: Promise<number>): Promise<Reading> {
  try {
    return { level: 'ok', summary: `id ${await right}` };
  } catch (error) {
    if (!(error instanceof WrongChainError)) throw error;
    const { message, facts, next } = error;
    return { level: 'critical', summary: `${message} (${facts['node']})`, data: facts, next };
  }
}

function judgeSignals(signals: readonly PairSignal[], threshold: number | undefined): Reading {
  if (signals.length === 0) {
    return {
      level: 'unknown',
      summary: 'no pair is known: name them under "pairs" in the configuration file',
      next: ['tv config show'],
    };
  }
  const of = (...health: readonly PairSignal['health'][]) =>
    signals.filter((signal) => health.includes(signal.health)).length;
  const limits = `${threshold === undefined ? 'no threshold in the contract' : `stale after ${duration(threshold * 1000)}`}`;
  const next = [recover];
  const wrong = of('dead', 'never') + of('stale');
  if (wrong === 0) return { level: 'ok', summary: `${count(signals.length)} pairs, all healthy; ${limits}` };
  const parts = [
    ...(of('dead') > 0 ? [`${count(of('dead'))} dead`] : []),
    ...(of('stale') > 0 ? [`${count(of('stale'))} stale`] : []),
    ...(of('never') > 0 ? [`${count(of('never'))} without any signal`] : []),
  ];
  const summary = `of ${count(signals.length)} pairs ${parts.join(', ')}; ${limits}`;
  return { level: of('dead', 'stale') > 0 ? 'critical' : 'warning', summary, next };
}

async function service(ctx: Context): Promise<Reading> {
  const { units, programs } = ctx.settings.host;
  const [state, processes] = await Promise.all([
    readUnit(ctx.host(), { unit: units.oracle }),
    listProcesses(ctx.host(), { program: programs.oracle }),
  ]);
  const since = state.since === undefined ? '' : `, since ${ago(state.since, ctx.clock.now())}`;
  const summary = `${units.oracle} ${state.activeState} (${state.subState})${since}, ${processes.length === 1 ? `process ${processes[0]?.pid}` : `${processes.length} processes`}`;
  const data = { state: state.activeState, processes: processes.map(({ pid }) => pid) };
  if (state.activeState !== 'active' || processes.length === 0) {
    return { level: 'critical', summary, data, next: [recover] };
  }
  if (processes.length > 1) {
    return {
      level: 'critical',
      summary: `${summary}: two relays with one key collide on nonces`,
      data,
      next: [`end what does not belong to ${units.oracle}: systemctl status ${units.oracle}`],
    };
  }
  return { level: processes[0]?.stopped === true ? 'critical' : 'ok', summary, data };
}

async function log(ctx: Context, pulse: Promise<Pulse | undefined>): Promise<Reading> {
  const unit = ctx.settings.host.units.oracle;
  const { available, reason, entries } = await readJournal(ctx.host(), { unit, lines: logLines });
  if (!available)
    return { level: 'unknown', summary: `the journal could not be read: ${reason ?? 'no reason given'}` };
  return judgeLog(entries, { pulse: await pulse, now: ctx.clock.now(), unit });
}

/** A rejection is the reading of each gauge that awaits it. */
function unlessAwaited(): void {}

/** What is not known leaves a gap; a bug is thrown. */
function unlessBug(error: unknown): undefined {
  if (!(error instanceof TvError)) throw error;
}

async function key(ctx: Context, { address }: EnvKey, authority: OracleAuthority): Promise<Reading> {
  const data = { address, authorised: authority.valid, form: authority.form };
  if (await isOracle(ctx.chain(), address, authority)) {
    return { level: 'ok', summary: `the key in .env is ${short(address, false)}, which is authorised`, data };
  }
  return {
    level: 'critical',
    summary: `the key in .env is ${short(address, false)}, which is NOT authorised; authorised: ${authorisedWords(authority)}`,
    data,
    next: ['tv oracle rotate-key'],
  };
}

async function fees(ctx: Context, { address }: EnvKey): Promise<Reading> {
  const [history, wallet] = await Promise.all([
    readHead(ctx.chain()).then(({ number }) =>
      answer(readSpend(ctx.chain(), { sender: address, head: number })),
    ),
    readWallet(ctx.chain(), address),
  ]);
  const spend = history.known ? history.value : undefined;
  const funds = wallet(spend?.perSignal ?? 0n);
  const balance = formatFunds(funds.balance, funds);
  const data = {
    balance: funds.balance.toString(),
    symbol: funds.symbol,
    perSecond: spend?.perSecond ?? null,
  };
  if (funds.balance < (spend?.perSignal ?? 1n)) {
    return {
      level: 'critical',
      summary: `${balance}: too little for one signal`,
      data,
      next: [fundingLine(address, funds)],
    };
  }
  if (!history.known) {
    return {
      level: 'unknown',
      summary: `${balance}; how long it lasts is unknown: ${history.reason}`,
      data,
      next: ['check the RPC URLs: tv config show'],
    };
  }
  if (spend?.perSecond === undefined || spend.perSecond === 0) {
    return {
      level: 'ok',
      summary: `${balance}; no signals seen lately, so how long it lasts is not known`,
      data,
    };
  }
  const seconds = Number(funds.balance) / spend.perSecond;
  const perDay = formatFunds(BigInt(Math.ceil(spend.perSecond * 86_400)), funds);
  const low = seconds < shortOfFees;
  return {
    level: low ? 'warning' : 'ok',
    summary: `${balance}, lasts ${lasting(seconds)} at ${perDay} a day (its last ${spend.signals} signals)`,
    data,
    ...(low ? { next: [fundingLine(address, funds)] } : {}),
  };
}

function lasting(seconds: number): string {
  const days = seconds / 86_400;
  if (days > 365) return 'more than a year';
  return days >= 2 ? `${Math.floor(days)} days` : duration(seconds * 1000);
}

/** A line only where there is one: until it is finished, its two keys are both in use. */
function unfinished(runs: readonly RunState[]): readonly Gauge[] {
  if (runs.length === 0) return [];
  const left = leftByAll(runs);
  const level = left.length > 0 ? 'critical' : 'warning';
  return [{ id: 'runs', level, summary: `unfinished: ${nameRuns(runs, left)}`, next: runs.flatMap(waysOn) }];
}

/**
 * In a pause `tv oracle recover` only refuses, and while a run is unfinished so does whatever changes the
 * oracle, or would take a key from under that run: what comes before is named instead.
 */
function whatWorks(
  gauges: readonly Gauge[],
  before: { readonly pause: readonly string[]; readonly runs: readonly string[] },
): readonly Gauge[] {
  const first = [...before.pause, ...before.runs];
  const inVain = (line: string) =>
    before.runs.length > 0 ? /tv oracle (recover|rotate-key|revoke-old)/.test(line) : line === recover;
  if (first.length === 0) return gauges;
  return gauges.map(({ next, ...gauge }) =>
    next === undefined
      ? gauge
      : { ...gauge, next: [...new Set(next.flatMap((line) => (inVain(line) ? first : [line])))] },
  );
}

function causes(troubles: readonly Trouble[]): Reading {
  // The nonce, the key and the fees have lines of their own.
  const left = troubles.filter(({ id }) => id === 'paused' || id === 'clock');
  if (left.length === 0) return { level: 'ok', summary: 'no pause stops signals, clock and chain agree' };
  return {
    level: 'warning',
    summary: left.map(({ summary }) => summary).join('; '),
    next: left.flatMap(({ next }) => next),
  };
}

/** Everybody else whose signals count, and old keys that wait to be revoked. */
async function others(ctx: Context, { address }: EnvKey, authority: OracleAuthority): Promise<Reading> {
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
      return `old oracle key ${short(each.old, false)} still valid, ${when}`;
    }),
    ...(strangers.length === 0
      ? []
      : [`also authorised: ${strangers.map((one) => short(one, false)).join(', ')}`]),
  ];
  const { validUnknown } = authority;
  if (parts.length === 0 && validUnknown !== undefined) {
    return {
      level: 'unknown',
      summary: `other accounts that may sign are unknown: ${validUnknown}`,
      next: ['tv oracle status'],
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
        ? [waits ? 'once it is due: tv oracle revoke-old' : 'tv oracle revoke-old']
        : ['if it is not meant to: tv oracle revoke-old --address ADDRESS'],
  };
}
