import { endUnit } from '../../../src/host/endUnit.ts';
import { readUnit } from '../../../src/host/readUnit.ts';
import { stopUnits } from '../../../src/host/stopUnits.ts';
import type { Step } from '../../../src/runbook/define.ts';
import type { Service } from './facts.ts';

/** Less than systemd gives a service by itself (90 s): the damage goes on while one takes its time. */
const graceMs = 10_000;

/** All of them at once, so that one that hangs holds up none of the others. */
export function stopAll(services: readonly Service[]): Step {
  const units = services.map(({ unit }) => unit);
  return {
    id: 'stop',
    title: `tell systemd to stop ${units.length === 1 ? units[0] : `all ${units.length} services at once`}`,
    command: `systemctl stop --no-block ${units.join(' ')}`,
    effect: 'final',
    undoTitle: 'tv emergency resume',
    probe: async () => 'not-done',
    run: async (ctx) => {
      // A refusal is told by the step of the unit that it is about.
      const complaint = await stopUnits(ctx.host(), { units });
      return { units, complaint: complaint ?? null };
    },
  };
}

/** See one of them ended, killed if need be. */
export function endOne({ id, unit }: Service): Step {
  return {
    id,
    title: `see ${unit} ended`,
    command: `systemctl stop ${unit}; systemctl kill -s KILL ${unit} after ${graceMs / 1000} s`,
    effect: 'final',
    undoTitle: 'tv emergency resume',
    probe: async (ctx) => {
      const { activeState, mainPid } = await readUnit(ctx.host(), { unit });
      return ['inactive', 'failed'].includes(activeState) && mainPid === 0 ? 'done' : 'not-done';
    },
    run: async (ctx) => {
      const { state, killed } = await endUnit(ctx.host(), { unit, graceMs, signal: ctx.signal });
      return { unit, state: state.activeState, killed };
    },
  };
}
