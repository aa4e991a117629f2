import { type EndedUnit, endUnit } from '../../../src/host/endUnit.ts';
import { readUnit } from '../../../src/host/readUnit.ts';
import { stopUnits } from '../../../src/host/stopUnits.ts';
import type { Step, StepContext } from '../../../src/runbook/define.ts';
import type { Leaves } from '../../../src/runbook/events.ts';
import type { Service } from './facts.ts';

/** Less than systemd gives a service by itself (90 s): the damage goes on while one takes its time. */
const graceMs = 10_000;

/**
 * All of them told at once and watched side by side, so that one that hangs holds up none of the
 * others; then each seen to have ended, in a step of its own.
 */
export function stopSteps(
  services: readonly Service[],
  leaves?: Leaves,
): {
  readonly stop: readonly Step[];
  readonly see: readonly Step[];
} {
  const units = services.map(({ unit }) => unit);
  const ends = new Map<string, Promise<EndedUnit>>();
  const end = (ctx: StepContext, unit: string) => endUnit(ctx.host(), { unit, graceMs, signal: ctx.signal });
  const stop: Step = {
    id: 'stop',
    title: `tell systemd to stop ${units.length === 1 ? units[0] : `all ${units.length} services at once`}`,
    command: `systemctl stop --no-block ${units.join(' ')}`,
    effect: 'final',
    afterwards: { tv: ['emergency', 'resume'] },
    ...(leaves === undefined ? {} : { leaves }),
    probe: async () => 'not-done',
    run: async (ctx) => {
      ctx.note('units', units);
      // A refusal is told by the step of the unit that it is about.
      const complaint = await stopUnits(ctx.host(), { units });
      for (const unit of units) {
        const ended = end(ctx, unit);
        ended.catch(() => {});
        ends.set(unit, ended);
      }
      return { units, complaint: complaint ?? null };
    },
  };
  const see = services.map(
    ({ id, unit }): Step => ({
      id,
      title: `see ${unit} ended`,
      command: `timeout ${graceMs / 1000} systemctl stop ${unit} || systemctl kill -s KILL ${unit}`,
      effect: 'final',
      afterwards: { tv: ['emergency', 'resume'] },
      probe: async (ctx) => {
        const { activeState, mainPid } = await readUnit(ctx.host(), { unit });
        return ['inactive', 'failed'].includes(activeState) && mainPid === 0 ? 'done' : 'not-done';
      },
      run: async (ctx) => {
        const { state, killed } = await (ends.get(unit) ?? end(ctx, unit));
        return { unit, state: state.activeState, killed };
      },
    }),
  );
  return { stop: services.length === 0 ? [] : [stop], see };
}
