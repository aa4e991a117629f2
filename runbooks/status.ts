import { assertChainId } from '../src/chain/assertChainId.ts';
import { readBlockTime, readHead } from '../src/chain/readHead.ts';
import { readProtocol } from '../src/chain/readProtocol.ts';
import { type DatabaseStatus, readStatus } from '../src/database/readStatus.ts';
import { type Advice, distinctAdvice, onHost } from '../src/errors/advice.ts';
import { TvError } from '../src/errors/TvError.ts';
import { readSchedule } from '../src/host/schedule/readSchedule.ts';
import { api } from '../src/observe/api.ts';
import { breakers, readAllBreakers, restingOrders } from '../src/observe/breakers.ts';
import { chain } from '../src/observe/chain.ts';
import { database } from '../src/observe/database.ts';
import { disk } from '../src/observe/disk.ts';
import { isStalled, judgeIndexer } from '../src/observe/indexer.ts';
import { oldOracleKey } from '../src/observe/oldOracleKey.ts';
import { protocol } from '../src/observe/protocol.ts';
import { onRightChainOnly } from '../src/observe/rightChain.ts';
import { runsLine } from '../src/observe/runs.ts';
import { pluginExitCode, type Sample, type SampleValue, takeSample, worst } from '../src/observe/sample.ts';
import { judgeSchedule } from '../src/observe/schedule.ts';
import { adviseOnStopped, services } from '../src/observe/services.ts';
import { oracle, relayInterval } from '../src/observe/signals.ts';
import { unlessLate } from '../src/observe/unlessLate.ts';
import { defaultPollSeconds, readPollSeconds } from '../src/operations/indexer/awaitProgress.ts';
import { quoteError, readIndexerError } from '../src/operations/indexer/readIndexerError.ts';
import type { Context } from '../src/runbook/context.ts';
import { defineReport } from '../src/runbook/define.ts';
import { shortened } from '../src/text/format.ts';
import { padEnd, wrap } from '../src/text/layout.ts';
import { quoteForShell } from '../src/text/shellLine.ts';
import { byHand } from './status.byHand.ts';

/** Limit of one source, in milliseconds. The screen is complete within this time. */
const limitMs = 6_000;

/** Limit for the chain id, after which every sample of the chain is unknown. In milliseconds. */
const chainLimitMs = 5_000;

/** The indexer's speed is measured over this time, in milliseconds. */
const speedOverMs = 1_000;

/** An indexer that has not read a block for this many polls, and at least so many milliseconds, is stalled. */
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
      ...services(ctx, limitMs),
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

export async function indexer(
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

/** Only where a schedule is installed. Where systemd does not answer, the samples of the services report it. */
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

/** A sample that is left out where there is nothing to report, or where another sample reports the failure. */
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
