import { readHealth } from '../src/api/readHealth.ts';
import { readReady } from '../src/api/readReady.ts';
import { assertChainId } from '../src/chain/assertChainId.ts';
import { checkChainIds, nodeTroubles } from '../src/chain/checkChainIds.ts';
import { oldHeadMs } from '../src/chain/currentState.ts';
import { dueAt, readOldKeys } from '../src/chain/oracle/oldKeys.ts';
import { readPairSignals } from '../src/chain/oracle/readPairSignals.ts';
import { readNewestSignals } from '../src/chain/oracle/readSignals.ts';
import { namedPairs, type Pair } from '../src/chain/pairs/pair.ts';
import { readBlockTime, readHead } from '../src/chain/readHead.ts';
import { endThePause, type Protocol, readProtocol, stopsSignals } from '../src/chain/readProtocol.ts';
import type { ServiceName } from '../src/config/settings.ts';
import { prunable } from '../src/database/backup/choosePrune.ts';
import { listBackups } from '../src/database/backup/listBackups.ts';
import { keepDaysDefault, keepVerified } from '../src/database/backup/retention.ts';
import { type DatabaseStatus, readStatus } from '../src/database/readStatus.ts';
import { type Advice, distinctAdvice, onHost } from '../src/errors/advice.ts';
import { answer } from '../src/errors/answer.ts';
import { TvError } from '../src/errors/TvError.ts';
import { readEnvValue } from '../src/host/envFile.ts';
import { readDisk } from '../src/host/readDisk.ts';
import { readEnvFile } from '../src/host/readEnvFile.ts';
import { readRelay } from '../src/host/readRelay.ts';
import { readUnits } from '../src/host/readUnits.ts';
import { readSchedule } from '../src/host/schedule/readSchedule.ts';
import { judgeSchedule } from '../src/observe/judgeSchedule.ts';
import { pluginExitCode, type Sample, type SampleValue, takeSample, worst } from '../src/observe/sample.ts';
import type { Context } from '../src/runbook/context.ts';
import { defineReport } from '../src/runbook/define.ts';
import { ago, bytes, count, duration, shortened } from '../src/text/format.ts';
import { padEnd, wrap } from '../src/text/layout.ts';
import { quoteForShell } from '../src/text/shellLine.ts';
import { defaultPollSeconds, readPollSeconds } from './indexer/awaitProgress.ts';
import { quoteError, readIndexerError } from './indexer/readIndexerError.ts';
import { breakers, readAllBreakers, restingOrders } from './status/breakers.ts';
import {
  adviseOnStopped,
  fullShare,
  isStalled,
  judgeDisk,
  judgeIndexer,
  judgeOracle,
  onRightChainOnly,
} from './status/judge.ts';
import { runs } from './status/runs.ts';
import { byHand } from './status.byHand.ts';

/** Runbook §8: API answers slower than this are a warning. */
const slowApiMs = 2_000;
/** Runbook §8: more than this share of the connections in use is a warning. */
const fullDatabase = 0.8;
/** Limit of one source, in milliseconds: the screen is there within this time, whatever is dead. */
const limitMs = 6_000;
/** After this the lines that need the chain do not wait for it any longer, in milliseconds. */
const chainLimitMs = 5_000;
/** Where no pair is named: those with a signal in so many newest blocks, or transactions. */
const lookBackBlocks = 5_000;
const enoughTransactions = 100;
/** Of these another source's line waits this long for the chain, in milliseconds. */
const headLimitMs = 4_000;
/** The indexer's speed is measured over this time, in milliseconds. */
const speedOverMs = 1_000;
/** An indexer that has not read a block for this many polls, and so many milliseconds, stands still. */
const stalledPolls = 6;
const shortestStallMs = 15_000;

/** `tv status`: all sources at once, one line each. */
export default defineReport({
  title: 'Status',
  summary: 'Show services, API, chain, indexer, database and runs',
  section: 'Quick reference',
  order: 1,
  description:
    'Shows services, API, chain, pause, open breakers, orders that rest on the DEX while one is open or the protocol is paused, oracle signals, indexer, database, disk, unfinished runs and who holds the lock on one screen. All sources are asked at once; one that is dead or slow is one line. Exit codes follow the monitoring-plugin convention: 0 ok, 1 warning, 2 critical, 3 unknown.',
  byHand,
  input: {},
  collect: async (ctx) => {
    const databaseStatus = (async () => readStatus(ctx.database()))();
    const right = (async () => assertChainId(ctx.chain()))();
    const deployed = right.then(() => readProtocol(ctx.chain()));
    const interval = relayInterval(ctx);
    // After that: logs take their time, and what shares a batch with them would wait too.
    const allBreakers = deployed.then(() => readAllBreakers(ctx));
    for (const shared of [databaseStatus, right, deployed, allBreakers, interval]) shared.catch(() => {});
    const late = ctx.clock.sleep(chainLimitMs, ctx.signal);
    late.catch(() => {});
    const chainGauge = (id: string, read: () => Promise<SampleValue>, next: readonly Advice[] = []) =>
      takeSample(id, limitMs, () => onRightChainOnly(right, late, read), next, 'unknown');
    const found = await Promise.all([
      ...services(ctx),
      takeSample('api', limitMs, () => api(ctx)),
      takeSample('chain', limitMs, () => chain(ctx), [{ tv: ['config', 'show'] }]),
      chainGauge('protocol', () => protocol(deployed)),
      chainGauge('breakers', () => breakers(allBreakers), [{ tv: ['breaker', 'status'] }]),
      whereThereIsOne(
        (read) => chainGauge('orders', read),
        () => restingOrders(ctx, deployed, allBreakers),
      ),
      chainGauge('oracle', () => deployed.then(() => oracle(ctx, deployed, interval)), [
        { tv: ['oracle', 'status'] },
      ]),
      takeSample('indexer', limitMs, () => indexer(ctx, databaseStatus, right), [], 'unknown'),
      takeSample('database', limitMs, () => database(databaseStatus), [
        onHost('systemctl status postgresql'),
      ]),
      takeSample('disk', limitMs, () => disk(ctx), [
        onHost(`df -h ${quoteForShell(ctx.settings.backup.directory)}`),
      ]),
      schedule(ctx),
      oldOracleKey(ctx),
      takeSample('runs', limitMs, () => runsLine(ctx, deployed)),
    ]);
    const samples = adviseOnStopped(
      found.filter((sample) => sample !== undefined),
      ctx.settings.host.units,
    );
    const { environment, chain: settings } = ctx.settings;
    return { environment, chainId: settings.id ?? null, level: worst(samples), samples };
  },
  render: ({ environment, chainId, level, samples }, paint) => {
    const ink = { ok: paint.ok, warning: paint.warn, critical: paint.bad, unknown: paint.warn };
    const mark = { ok: '✔', warning: '!', critical: '✖', unknown: '?' };
    const names = Math.max(...samples.map(({ id }) => id.length));
    const gap = 4 + names + 2;
    const lines = samples.map((sample) => {
      const text = wrap(shortened(sample.summary, paint), paint.width - gap, ' '.repeat(gap));
      return `  ${ink[sample.level](mark[sample.level])} ${padEnd(sample.id, names)}  ${text}`;
    });
    // An unfinished run comes before whatever else there is to do, and then the pause: services are stopped
    // because of it.
    const urgent = [
      ...samples.filter(({ id }) => id === 'runs'),
      ...samples.filter(({ id }) => id === 'protocol'),
    ];
    const next = distinctAdvice(
      [...urgent, ...samples].filter(({ level }) => level !== 'ok').flatMap((sample) => sample.next ?? []),
    );
    const head = `${paint.bold('TempoVault')} · ${environment}${chainId === null ? '' : ` · chain ${chainId}`} · ${ink[level](level)}`;
    return `${[head, '', ...lines, ...(next.length === 0 ? [] : ['', paint.next(next)])].join('\n')}\n`;
  },
  exitCode: ({ level }) => pluginExitCode[level],
  failureExitCode: pluginExitCode.unknown,
});

/** One systemctl call for the three of them, three lines. */
function services(ctx: Context): Promise<Sample>[] {
  const names: readonly ServiceName[] = ['api', 'indexer', 'oracle'];
  const { units } = ctx.settings.host;
  const states = (async () => readUnits(ctx.host(), { units: names.map((name) => units[name]) }))();
  return names.map((name, index) =>
    takeSample(units[name], limitMs, async () => {
      const state = (await states)[index];
      if (state === undefined) return { level: 'unknown', summary: 'systemd said nothing about it' };
      if (state.loadState === 'not-found') {
        const next = [
          onHost('systemctl list-units --all'),
          { when: `host.units.${name}`, tv: ['config', 'show'] },
        ];
        return { level: 'unknown', summary: 'not installed on this host', next };
      }
      const since =
        state.since === undefined ? '' : `, ${ago(state.since, ctx.clock.now()).replace('ago', 'long')}`;
      const restarts =
        state.restarts === 0
          ? ''
          : `, ${state.restarts} ${state.restarts === 1 ? 'restart' : 'restarts'} by systemd`;
      const memory = state.memoryBytes === undefined ? '' : `, ${bytes(state.memoryBytes)}`;
      const summary = `${state.activeState} (${state.subState})${since.replace(' long', '')}${memory}${restarts}`;
      const log = onHost(`journalctl -u ${units[name]} -n 50 --no-pager`);
      const data = { state: state.activeState };
      if (state.activeState !== 'active') {
        const next = name === 'oracle' ? [{ tv: ['oracle', 'recover'] }, log] : [log];
        return { level: 'critical', summary, next, data };
      }
      return state.restarts === 0
        ? { level: 'ok', summary, data }
        : { level: 'warning', summary, next: [log], data };
    }),
  );
}

async function api(ctx: Context): Promise<SampleValue> {
  const [health, ready] = await Promise.all([readHealth(ctx.api()), readReady(ctx.api())]);
  const away = [
    ready.checks.rpc === false ? 'its RPC is away' : '',
    ready.checks.database === false ? 'its database is away' : '',
  ].filter((part) => part !== '');
  const summary = [
    health.status,
    duration(health.durationMs),
    ready.ready ? 'ready' : 'not ready',
    ...away,
  ].join(', ');
  const data = { status: health.status, ready: ready.ready, durationMs: health.durationMs };
  if (health.status === 'unhealthy' || !ready.ready) return { level: 'critical', summary, data };
  const well = health.status === 'healthy' && health.durationMs <= slowApiMs;
  return { level: well ? 'ok' : 'warning', summary, data };
}

async function chain(ctx: Context): Promise<SampleValue> {
  const [nodes, head] = await Promise.all([checkChainIds(ctx.chain()), readHead(ctx.chain())]);
  const expected = ctx.settings.chain.id;
  const wrong = nodes.find(({ id }) => id !== undefined && expected !== undefined && id !== expected);
  const age = ctx.clock.now().getTime() - head.timestamp * 1000;
  const dead = nodes.filter(({ error }) => error !== undefined);
  const troubles = nodeTroubles(nodes);
  const parts = [
    `head ${count(head.number)}, ${age < 0 ? 'just now' : ago(new Date(head.timestamp * 1000), ctx.clock.now())}`,
    ...(nodes.length > 1 ? [`${nodes.length - dead.length} of ${nodes.length} nodes answer`] : []),
    ...troubles,
  ];
  const data = { head: head.number, timestamp: head.timestamp };
  if (wrong !== undefined) {
    return {
      level: 'critical',
      summary: `${wrong.url} is on chain ${wrong.id}, not ${expected}`,
      next: [
        { when: `set RPC_URL to a node of chain ${expected}, or mend CHAIN_ID`, tv: ['config', 'show'] },
      ],
    };
  }
  if (age > oldHeadMs) {
    return { level: 'warning', summary: `${parts.join('; ')}: the chain, or this node, stands still`, data };
  }
  return { level: troubles.length === 0 ? 'ok' : 'warning', summary: parts.join('; '), data };
}

async function protocol(deployed: Promise<Protocol>): Promise<SampleValue> {
  const { paused, contracts } = await deployed;
  const absent = Object.entries(contracts).filter(
    ([, { address, hasCode }]) => address !== undefined && !hasCode,
  );
  if (absent.length > 0) {
    const names = absent.map(([name]) => name).join(', ');
    return {
      level: 'critical',
      summary: `no contract at the address of ${names}`,
      next: [{ tv: ['config', 'show'] }],
    };
  }
  if (paused === undefined)
    return { level: 'unknown', summary: 'paused state unknown: no contract returns it' };
  const data = { paused };
  return paused
    ? { level: 'warning', summary: 'PAUSED', next: [endThePause], data }
    : { level: 'ok', summary: 'not paused', data };
}

/** Undefined where the chain is away, or slower than the line that it is wanted for can wait. */
function unlessLate<T>(ctx: Context, asked: Promise<T>): Promise<T | undefined> {
  return Promise.race([
    asked.catch(unlessBug),
    ctx.clock.sleep(headLimitMs, ctx.signal).then(
      () => undefined,
      () => undefined,
    ),
  ]);
}

/** A source that is away leaves a gap; a bug is thrown. */
function unlessBug(error: unknown): undefined {
  if (!(error instanceof TvError)) throw error;
}

async function indexer(
  ctx: Context,
  status: Promise<DatabaseStatus>,
  right: Promise<unknown>,
): Promise<SampleValue> {
  const { progress, problem } = await status;
  if (progress === null || progress.block === null) {
    return { level: 'unknown', summary: problem ?? 'nothing is indexed yet' };
  }
  await ctx.clock.sleep(speedOverMs, ctx.signal);
  const second = await readStatus(ctx.database());
  const block = second.progress?.block ?? progress.block;
  // After the cursor, which may move meanwhile. Where the chain is away the cursor is still worth knowing.
  const onChain = <T>(read: () => Promise<T>) => unlessLate(ctx, right.then(read));
  const [head, next, pollSeconds = defaultPollSeconds] = await Promise.all([
    onChain(() => readHead(ctx.chain())),
    onChain(() => readBlockTime(ctx.chain(), block + 1)),
    unlessLate(ctx, readPollSeconds(ctx)),
  ]);
  const seen = {
    block,
    source: progress.source,
    speed: Math.round((block - progress.block) / (speedOverMs / 1000)),
    head: head?.number,
    unit: ctx.settings.host.units.indexer,
  };
  const waitingMs = next === undefined ? undefined : Math.max(0, ctx.clock.now().getTime() - next * 1000);
  const judged = {
    ...seen,
    waitingMs,
    stallMs: Math.max(shortestStallMs, stalledPolls * pollSeconds * 1000),
  };
  if (!isStalled(judged)) return judgeIndexer(judged);
  const error = await unlessLate(ctx, readIndexerError(ctx));
  return judgeIndexer(judged, error === undefined ? undefined : quoteError(error, ctx.clock.now()));
}

/** How fresh the signals are: of the pairs in the settings, else of those with a signal lately. */
async function oracle(
  ctx: Context,
  deployed: Promise<Protocol>,
  interval: Promise<number | undefined>,
): Promise<SampleValue> {
  const chain = ctx.chain();
  const named = namedPairs(ctx.settings);
  const pairs = named.length > 0 ? named : await pairsOfEvents(ctx);
  const [{ signals }, protocol] = await Promise.all([readPairSignals(chain, pairs), deployed]);
  return judgeOracle(signals, {
    expectsNone: stopsSignals(protocol),
    intervalSeconds: await unlessLate(ctx, interval),
    now: ctx.clock.now(),
  });
}

/** Seconds between two signals, as the relay was started or `.env` has it; undefined where neither can be read. */
async function relayInterval(ctx: Context): Promise<number | undefined> {
  const { envFile: path } = ctx.settings.host;
  const file = await answer((async () => readEnvFile(ctx.host(), { path }))());
  const written = file.known ? Number(readEnvValue(file.value.text, 'ORACLE_UPDATE_INTERVAL')) : 0;
  const envIntervalSeconds = written > 0 ? written : null;
  // Of the command line only the interval is wanted: nothing in it is a pair here.
  const { pairs, intervalSeconds } = await readRelay(ctx, { envIntervalSeconds, isKey: () => true });
  return pairs.known || envIntervalSeconds !== null ? intervalSeconds : undefined;
}

async function pairsOfEvents(ctx: Context): Promise<readonly Pair[]> {
  const { number } = await readHead(ctx.chain());
  const fromBlock = Math.max(0, number - lookBackBlocks);
  const { signals } = await readNewestSignals(ctx.chain(), {
    fromBlock,
    toBlock: number,
    mostTransactions: enoughTransactions,
  });
  return [...new Set(signals.map(({ pair }) => pair))].map((id) => ({ id, name: null }));
}

async function database(status: Promise<DatabaseStatus>): Promise<SampleValue> {
  const { version, sizeBytes, connections, oldestTransactionSeconds, problem } = await status;
  const parts = [
    `PostgreSQL ${version}`,
    bytes(sizeBytes),
    `${connections.used} of ${connections.max} connections`,
    ...(oldestTransactionSeconds !== null && oldestTransactionSeconds > 60
      ? [`a transaction open for ${duration(oldestTransactionSeconds * 1000)}`]
      : []),
    ...(problem === null ? [] : [problem]),
  ];
  const tight = connections.used / connections.max > fullDatabase;
  return {
    level: problem !== null || tight ? 'warning' : 'ok',
    summary: parts.join(', '),
    data: { version, sizeBytes, connections },
  };
}

async function disk(ctx: Context): Promise<SampleValue> {
  const { directory } = ctx.settings.backup;
  const host = ctx.host();
  const { totalBytes, freeBytes, mount } = await readDisk(host, { path: directory });
  const isFull = 1 - freeBytes / totalBytes > fullShare;
  const listed = isFull ? await answer(listBackups({ run: host.run, directory })) : undefined;
  const prunableBytes = listed?.known
    ? prunable(listed.value.backups, {
        now: ctx.clock.now(),
        keepDays: keepDaysDefault,
        keepVerified,
      }).reduce((sum, backup) => sum + backup.bytes, 0)
    : undefined;
  return judgeDisk({ directory, mount, totalBytes, freeBytes, prunableBytes });
}

/** A line only where a schedule is installed. Where systemd does not answer, the services say so. */
async function schedule(ctx: Context): Promise<Sample | undefined> {
  return whereThereIsOne(
    (read) => takeSample('schedule', limitMs, read),
    async () => {
      const jobs = await readSchedule(ctx.host()).catch((error: unknown) => {
        if (error instanceof TvError) return undefined;
        throw error;
      });
      return jobs === undefined ? undefined : judgeSchedule(jobs, ctx.clock.now());
    },
  );
}

/** A line that is left out where its source has nothing to say, or is away: another line says so then. */
async function whereThereIsOne(
  sample: (read: () => Promise<SampleValue>) => Promise<Sample>,
  read: () => Promise<SampleValue | undefined>,
): Promise<Sample | undefined> {
  let isThere = false;
  const line = await sample(async () => {
    const reading = await read();
    isThere = reading !== undefined;
    return reading ?? { level: 'ok', summary: '' };
  });
  return isThere ? line : undefined;
}

/** A line only where a rotation has left an old key that was not revoked yet. */
async function oldOracleKey(ctx: Context): Promise<Sample | undefined> {
  const [entry] = readOldKeys(ctx.settings);
  if (entry === undefined) return undefined;
  const now = ctx.clock.now();
  const due = dueAt(entry);
  const when = due <= now ? `was due ${ago(due, now)}` : `due ${ago(due, now)}`;
  return {
    id: 'old key',
    level: 'warning',
    summary: `old oracle key ${entry.old} still valid, ${when}`,
    next: [
      due <= now
        ? { tv: ['oracle', 'revoke-old'] }
        : { when: 'once it is due', tv: ['oracle', 'revoke-old'] },
    ],
  };
}

function runsLine(ctx: Context, deployed: Promise<Protocol>): Promise<SampleValue> {
  const names: readonly ServiceName[] = ['api', 'indexer', 'oracle'];
  const { units } = ctx.settings.host;
  return runs(ctx, {
    paused: async () => (await unlessLate(ctx, deployed))?.paused,
    stopped: async () => {
      const asked = readUnits(ctx.host(), { units: names.map((name) => units[name]) });
      const states = await unlessLate(ctx, asked);
      return states && names.filter((_, index) => states[index]?.activeState !== 'active');
    },
  });
}
