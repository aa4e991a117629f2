import { readHead } from '../../chain/readHead.ts';
import { checkUnitsAsBefore } from '../../host/checkAsBefore.ts';
import { readUnit } from '../../host/readUnit.ts';
import { restartUnit } from '../../host/restartUnit.ts';
import { runSystemctl } from '../../host/runSystemctl.ts';
import { startUnit } from '../../host/startUnit.ts';
import { stopUnit } from '../../host/stopUnit.ts';
import type { Step, StepContext } from '../../runbook/define.ts';
import { note, step } from '../../runbook/step.ts';
import { followFirstSignal } from '../oracle/awaitFirstSignal.ts';
import { changeLimitMs, type ServiceFacts, serviceTitles } from './service.ts';

export interface Started {
  readonly unit: string;
  readonly process: number;
  /** When it had come up, ISO 8601. */
  readonly at: string;
  /** Of the relay: the first block in which a signal counts; null for the others. */
  readonly fromBlock: number | null;
}

export interface Stopped {
  readonly unit: string;
  readonly state: string;
  /** How it ended, in systemd's word: `success`, `timeout`, `exit-code`. */
  readonly result: string;
}

export const started = step<Started>('start');
export const stopped = step<Stopped>('stop');
const firstBlock = note<number>('fromBlock');

/** Of the relay, a start is followed by the wait for its first signal. */
export function startPlan(facts: ServiceFacts): readonly Step[] {
  return [startStep(facts), ...awaitSignal(facts)];
}

export function restartPlan(facts: ServiceFacts): readonly Step[] {
  return [restartStep(facts), ...awaitSignal(facts)];
}

export function stopPlan(facts: ServiceFacts): readonly Step[] {
  return [stopStep(facts)];
}

function startStep(facts: ServiceFacts): Step {
  const { service, unit, relay } = facts;
  const title = `start ${serviceTitles[service]}`;
  const command = withReset(facts, `systemctl start ${unit}`);
  const run = (ctx: StepContext) =>
    comeUp(ctx, facts, () =>
      startUnit(ctx.host(), { unit, timeoutMs: changeLimitMs(facts), signal: ctx.signal }),
    );
  // A relay whose signal does not come is better left running than stopped, as in `oracle recover`.
  if (relay !== null) return started.define({ title, command, effect: 'final', idempotent: true, run });
  return started.define({
    title,
    command,
    effect: 'reversible',
    undoTitle: `stop ${serviceTitles[service]}`,
    // Starting what runs changes nothing.
    idempotent: true,
    run,
    undo: async (ctx) => {
      await stopUnit(ctx.host(), { unit, timeoutMs: changeLimitMs(facts), signal: ctx.signal });
    },
    checkUndone: (ctx) =>
      checkUnitsAsBefore(ctx.host(), [{ unit, wasActive: false, crashes: facts.crashes }]),
  });
}

/** One command, so that systemd starts the unit again even if tv ends in between. */
function restartStep(facts: ServiceFacts): Step {
  const { service, unit } = facts;
  return started.define({
    title: `restart ${serviceTitles[service]}`,
    command: withReset(facts, `systemctl restart ${unit}`),
    effect: 'final',
    afterwards: 'the service runs',
    idempotent: true,
    run: (ctx) =>
      comeUp(ctx, facts, () =>
        restartUnit(ctx.host(), { unit, timeoutMs: changeLimitMs(facts), signal: ctx.signal }),
      ),
  });
}

function stopStep(facts: ServiceFacts): Step {
  const { service, unit, crashes } = facts;
  return stopped.define({
    title: `stop ${serviceTitles[service]}`,
    command: `systemctl stop ${unit}`,
    effect: 'reversible',
    undoTitle: `start ${serviceTitles[service]}`,
    idempotent: true,
    run: async (ctx) => {
      const { activeState, result } = await stopUnit(ctx.host(), {
        unit,
        timeoutMs: changeLimitMs(facts),
        signal: ctx.signal,
      });
      return { unit, state: activeState, result };
    },
    undo: async (ctx) => {
      await startUnit(ctx.host(), { unit, signal: ctx.signal });
    },
    checkUndone: (ctx) => checkUnitsAsBefore(ctx.host(), [{ unit, wasActive: true, crashes }]),
  });
}

/**
 * systemd refuses to start a unit that has failed too often in a short time. Its result shows that only
 * sometimes (where its own restarts hit the limit, the result is that of the last run), so every failure is reset.
 */
function withReset({ state, unit }: ServiceFacts, command: string): string {
  return state === 'failed' ? `systemctl reset-failed ${unit} && ${command}` : command;
}

async function comeUp(
  ctx: StepContext,
  { unit, relay }: ServiceFacts,
  change: () => Promise<{ readonly mainPid: number }>,
): Promise<Started> {
  // Noted before: a signal may be on the chain before the unit counts as started.
  const fromBlock =
    relay === null ? null : await firstBlock.once(ctx, async () => (await readHead(ctx.chain())).number + 1);
  const { activeState } = await readUnit(ctx.host(), { unit });
  if (activeState === 'failed') await runSystemctl(ctx.host(), ['reset-failed', unit]);
  const { mainPid } = await change();
  return { unit, process: mainPid, at: ctx.clock.now().toISOString(), fromBlock };
}

function awaitSignal({ unit, relay }: ServiceFacts): readonly Step[] {
  if (relay === null) return [];
  return [
    followFirstSignal(
      { unit, ...relay },
      {
        result: (ctx) => {
          const { fromBlock = null } = started.result(ctx) ?? {};
          return fromBlock === null ? undefined : { fromBlock };
        },
      },
    ),
  ];
}
