import { readActivity } from '../../chain/oracle/readActivity.ts';
import { readHead } from '../../chain/readHead.ts';
import { type Advice, onHost } from '../../errors/advice.ts';
import { listProcesses } from '../../host/listProcesses.ts';
import { readUnit } from '../../host/readUnit.ts';
import type { UnitState } from '../../host/readUnits.ts';
import type { Check, Finding } from '../../runbook/check.ts';
import type { StepContext } from '../../runbook/define.ts';
import { poll } from '../../runbook/poll.ts';
import { block, Preflight, pass, warn } from '../../runbook/preflight.ts';
import { duration } from '../../text/format.ts';
import { askApi, describeApi } from '../askApi.ts';
import { awaitProgress } from '../indexer/awaitProgress.ts';
import { judgeFirstSignal } from '../oracle/awaitFirstSignal.ts';
import { isCrashing, outsideUnit } from './checkUnit.ts';
import { type ServiceFacts, serviceTitles } from './service.ts';
import { type Started, started } from './steps.ts';

/** How long an API may take from its start until it is ready, in milliseconds. */
const apiLimitMs = 60_000;
/** Of the wait for progress of the indexer, whatever its poll interval, in milliseconds. */
const progressLimitMs = 600_000;

/** Reads back that the service does its work, and then that it is still the same process. */
export async function verifyUp(ctx: StepContext, facts: ServiceFacts): Promise<readonly Check[]> {
  const { unit, program, service } = facts;
  const preflight = new Preflight(ctx);
  const start = started.result(ctx);
  const progress =
    service === 'api'
      ? preflight.check('api', 'api', () => apiReady(ctx, unit), apiLimitMs * 2)
      : service === 'indexer'
        ? preflight.check('progress', 'database', () => indexerProgress(ctx, start), progressLimitMs)
        : preflight.check('signal', 'chain', () => relaySignal(ctx, facts));
  preflight.check(
    'service',
    'host',
    async () => {
      // What crashes may take a while to do so.
      await progress;
      return judgeUp({ unit, state: await readUnit(ctx.host(), { unit }), start, before: facts.mainPid });
    },
    progressLimitMs,
  );
  preflight.check(
    'processes',
    'host',
    async () => {
      await progress;
      const processes = await listProcesses(ctx.host(), { program });
      const others = outsideUnit({ unit, processes, mainPid: undefined });
      const [first] = others;
      if (first === undefined) return pass(`no process of ${serviceTitles[service]} outside ${unit}`);
      return block(`process ${first.pid} runs ${program} beside ${unit}`, {
        next: [{ tv: ['service', 'status'] }],
      });
    },
    progressLimitMs,
  );
  return preflight.checks();
}

/** @param start undefined where nothing was started by this run, because it ran already */
export function judgeUp({
  unit,
  state,
  start,
  before,
}: {
  readonly unit: string;
  readonly state: UnitState;
  readonly start: Started | undefined;
  /** The main process before this run; 0 where none ran. */
  readonly before: number;
}): Finding {
  const { activeState, subState, mainPid, result, restarts } = state;
  const next: readonly Advice[] = [onHost(`journalctl -u ${unit} -n 50 --no-pager`)];
  if (isCrashing(state)) return block(`${unit} crashes: it ended again (${result})`, { next });
  if (activeState !== 'active') return block(`${unit} is ${activeState} (${subState}, ${result})`, { next });
  if (start === undefined) return pass(`${unit} active, process ${mainPid}`);
  if (mainPid !== start.process && restarts > 0) {
    return block(`${unit} crashes: process ${start.process} ended, and systemd started ${mainPid}`, { next });
  }
  // systemd counts only what it restarts by itself: another run, or a person, has restarted it since.
  if (mainPid !== start.process) {
    return warn(
      `${unit} active; process ${start.process} of this run was replaced by ${mainPid}, without a crash`,
    );
  }
  if (mainPid === before) return block(`${unit} still runs as process ${mainPid}, as before`, { next });
  return pass(`${unit} active, process ${mainPid}`);
}

async function apiReady(ctx: StepContext, unit: string): Promise<Finding> {
  const seen = await poll(
    ctx.clock,
    { everyMs: 500, limitMs: apiLimitMs, signal: ctx.signal },
    () => askApi(ctx.api()),
    ({ isReady }) => isReady,
  );
  if (seen.isReady) return pass(describeApi(seen));
  return block(`the API ${describeApi(seen)}`, {
    next: [onHost(`journalctl -u ${unit} -n 50 --no-pager`), { tv: ['status'] }],
  });
}

function indexerProgress(ctx: StepContext, start: Started | undefined): Promise<Finding> {
  const since = start === undefined ? ctx.clock.now() : new Date(start.at);
  // From where it is now: what moved before its start proves nothing.
  return awaitProgress(ctx, null, since, async () => (await readHead(ctx.chain())).number);
}

async function relaySignal(ctx: StepContext, { relay }: ServiceFacts): Promise<Finding> {
  if (relay === null) return block('the key of the relay is unknown');
  const { oracle, limitMs } = relay;
  if (started.isDone(ctx)) return judgeFirstSignal(ctx, oracle);
  const { number, timestamp } = await readHead(ctx.chain());
  const { newest } = await readActivity(ctx.chain(), { sender: oracle, head: number });
  return judgeNewest(newest === undefined ? undefined : (timestamp - newest.at) * 1000, { oracle, limitMs });
}

/** Of a relay that ran already, the signal must be as new as that of one that was just started. */
export function judgeNewest(
  ageMs: number | undefined,
  { oracle, limitMs }: { readonly oracle: string; readonly limitMs: number },
): Finding {
  const next = [{ tv: ['oracle', 'recover'] }];
  if (ageMs === undefined) return block(`no recent signal of ${oracle} on the chain`, { next });
  const words = `the last signal of ${oracle} is ${duration(ageMs)} old`;
  return ageMs <= limitMs ? pass(words) : block(words, { next });
}
