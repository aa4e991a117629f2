import { assertNodes, onRightChain } from '../../src/chain/assertChainId.ts';
import type { Diagnosis } from '../../src/chain/oracle/diagnose.ts';
import { readAuthority } from '../../src/chain/oracle/readAuthority.ts';
import { readKeyAge } from '../../src/chain/oracle/readKeyAge.ts';
import { pairTitle } from '../../src/chain/pairs/pair.ts';
import { endThePause } from '../../src/chain/readProtocol.ts';
import { type Advice, distinctAdvice, onHost } from '../../src/errors/advice.ts';
import { type Answer, answer } from '../../src/errors/answer.ts';
import { TvError } from '../../src/errors/TvError.ts';
import { readClock } from '../../src/host/readClock.ts';
import { readRelayError } from '../../src/host/readRelayError.ts';
import { nameRuns, surveyRuns, urgentFirst } from '../../src/journal/readRuns.ts';
import { residualStateOfAll } from '../../src/journal/residualState.ts';
import { type RunState, recoveryCommands } from '../../src/journal/runState.ts';
import { inked, mark, pluginExitCode, worstLevel } from '../../src/observe/level.ts';
import { causes, fees, nonces } from '../../src/observe/oracle/account.ts';
import { chainOfOracle } from '../../src/observe/oracle/chain.ts';
import { keyAgeSample } from '../../src/observe/oracle/keyAge.ts';
import { type OracleState, readOracle } from '../../src/observe/oracle/readOracle.ts';
import { relayLog, relayService } from '../../src/observe/oracle/relay.ts';
import { judgeSignals } from '../../src/observe/oracle/signals.ts';
import { envKey, otherSigners } from '../../src/observe/oracle/signers.ts';
import { type Sample, type SampleValue, takeSample } from '../../src/observe/sample.ts';
import { type EnvKey, readOracleKey, readRelayOf } from '../../src/operations/oracle/readOracleKey.ts';
import type { Context } from '../../src/runbook/context.ts';
import { defineReport } from '../../src/runbook/define.ts';
import { count, duration, shortened } from '../../src/text/format.ts';
import { padEnd, table, wrap } from '../../src/text/layout.ts';
import { byHand } from './status.byHand.ts';

/** Limit of one source, in milliseconds. */
const limitMs = 10_000;

/** `tv oracle status`: does the oracle submit signals, and what would prevent it. */
export default defineReport({
  title: 'Oracle',
  summary: 'Show signals, key, fees and who else may sign',
  section: '2',
  order: 1,
  description:
    "Shows for each pair the age of the last signal (healthy, stale by the contract's threshold, dead after five minutes), the process and its last errors, whether the key in .env is the authorised one and how old, what it can pay and for how long, waiting transactions, and other addresses that may sign. What cannot be read is unknown (?). Exit codes follow the monitoring-plugin convention: 0 ok, 1 warning, 2 critical, 3 unknown.",
  byHand,
  examples: [{ what: 'Signals, key, fees and the accounts that may sign', line: 'tv oracle status' }],
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
    const seen = right.then(() => readOracle(ctx, { env, ...hostReads }));
    for (const shared of [env, relay, right, authority, seen]) shared.catch(unlessAwaited);
    // Not awaited below: a node that hangs must not hold up the screen beyond the samples' own limit.
    let world: OracleState | undefined;
    seen.then((answered) => {
      world = answered;
    }, unlessAwaited);
    // What cannot be read says nothing about the oracle, in whatever way its source is away.
    const sample = (id: string, read: () => Promise<SampleValue>, next: readonly Advice[]) =>
      takeSample(ctx, id, limitMs, read, next, 'unknown');
    const chainGauge = (id: string, read: () => Promise<SampleValue>) =>
      sample(id, () => onRightChain(right, right.then(read)), [{ tv: ['status'] }]);
    const onTheHost = [onHost(`systemctl status ${ctx.settings.host.units.oracle}`)];
    const diagnosis = async () => needed((await seen).diagnosis, await answer(env));
    const found = await Promise.all([
      sample('chain', () => chainOfOracle(ctx, right), [{ tv: ['status'] }]),
      chainGauge('signals', async () => judgeSignals(await seen)),
      sample('service', () => relayService(ctx), onTheHost),
      sample(
        'log',
        async () => relayLog(ctx, await seen.then(({ freshness }) => freshness, unlessBug)),
        onTheHost,
      ),
      chainGauge('key', async () => envKey(ctx, await env, await authority)),
      chainGauge('key age', async () =>
        keyAge(ctx, { oracle: (await env).address, authority: await authority }),
      ),
      chainGauge('fees', async () => fees(await diagnosis())),
      chainGauge('nonce', async () => nonces(await diagnosis())),
      chainGauge('causes', async () => causes(await diagnosis())),
      chainGauge('others', async () => otherSigners(ctx, await env, await authority)),
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
      level: worstLevel(samples.map((each) => each.level)),
      pairs: world?.pairs ?? [],
      samples,
    };
  },
  render: ({ environment, chainId, level, pairs, samples }, paint) => {
    const names = Math.max(...samples.map(({ id }) => id.length));
    const gap = 4 + names + 2;
    const lines = samples.map((each, index) => {
      // A node that is away is the reason of many lines; once is enough.
      const first = samples.findIndex(({ summary }) => summary === each.summary);
      const words = first < index ? `unknown, as for ${samples[first]?.id}` : shortened(each.summary, paint);
      const text = wrap(words, paint.width - gap, ' '.repeat(gap));
      return `  ${mark(each.level, paint)} ${padEnd(each.id, names)}  ${text}`;
    });
    const rows = pairs.map(({ pair, nonce: last, ageSeconds, health, from }) => {
      const age = ageSeconds === null ? 'no signal ever' : `${duration(ageSeconds * 1000)} ago`;
      const words = health === 'healthy' ? paint.ok(health) : paint.bad(health);
      return [shortened(pairTitle(pair), paint), words, age, `nonce ${count(BigInt(last))}`, from];
    });
    const next = distinctAdvice(
      samples.filter((each) => each.level !== 'ok').flatMap((each) => each.next ?? []),
    );
    const head = `${paint.bold('Oracle')} · ${environment}${chainId === null ? '' : ` · chain ${chainId}`} · ${inked(level, level, paint)}`;
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

async function keyAge(ctx: Context, of: Parameters<typeof readKeyAge>[1]): Promise<SampleValue> {
  const age = await readKeyAge(ctx.chain(), of);
  return keyAgeSample(age, { now: ctx.clock.now(), maxDays: ctx.settings.oracle.keyMaxAgeDays });
}

/** A rejection is the reading of each sample that awaits it. */
function unlessAwaited(): void {}

/** What is not known leaves a gap; a bug is thrown. */
function unlessBug(error: unknown): undefined {
  if (!(error instanceof TvError)) throw error;
}

/** @throws TvError with the reason why the key, and so all that is about its account, is unknown */
function needed(diagnosis: Diagnosis | undefined, env: Answer<EnvKey>): Diagnosis {
  if (diagnosis !== undefined) return diagnosis;
  throw new TvError(
    'oracle.account-unknown',
    env.known ? 'The account of the oracle is unknown.' : `${env.reason}.`,
  );
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
