import { readProtocol } from '../chain/readProtocol.ts';
import type { ServiceName } from '../config/settings.ts';
import { type Answer, answer, unknown } from '../errors/answer.ts';
import { detectSystemd } from '../host/detectSystemd.ts';
import { type HostProcess, listProcesses } from '../host/listProcesses.ts';
import { readUnits, type UnitState } from '../host/readUnits.ts';
import { readUnitTraits, type UnitTraits } from '../host/readUnitTraits.ts';
import { surveyRuns, urgentFirst } from '../journal/readRuns.ts';
import { outsideUnit } from '../operations/service/checkUnit.ts';
import { serviceNames } from '../operations/service/service.ts';
import type { Context } from '../runbook/context.ts';
import { stoppedBy } from './runs.ts';

export interface ServiceRow {
  readonly service: ServiceName;
  readonly unit: string;
  readonly state: UnitState;
  readonly traits: UnitTraits | undefined;
  /** Processes of the same program that the unit does not control. */
  readonly others: Answer<readonly HostProcess[]>;
  /** Whether a process of the program runs at all, in the unit or outside; null where that is unknown. */
  readonly isListed: boolean | null;
  /** The unfinished run that has stopped it. */
  readonly stoppedBy: string | null;
}

export interface ServiceTable {
  readonly rows: Answer<readonly ServiceRow[]>;
  /** Asked only where a service is not active; null where it was not asked, or is unknown. */
  readonly paused: boolean | null;
}

/** The three services as the host has them, with what has stopped them on purpose. */
export async function readServiceTable(ctx: Context): Promise<ServiceTable> {
  const { units, programs } = ctx.settings.host;
  const names = serviceNames.map((service) => units[service]);
  const [read, ...processes] = await Promise.all([
    answer(
      (async () =>
        Promise.all([
          readUnits(ctx.host(), { units: names }),
          readUnitTraits(ctx.host(), { units: names }),
        ]))(),
    ),
    ...serviceNames.map((service) =>
      answer((async () => listProcesses(ctx.host(), { program: programs[service] }))()),
    ),
  ]);
  if (!read.known) {
    const systemd = await answer((async () => detectSystemd(ctx.host()))());
    const isAbsent = systemd.known && !systemd.value.available;
    const reason = isAbsent ? `no systemd on this host (${systemd.value.reason})` : read.reason;
    return { rows: unknown(reason), paused: null };
  }
  const [states, traits] = read.value;
  const { states: runs } = surveyRuns(ctx);
  const stopped = stoppedBy([...urgentFirst(runs), ...runs.filter(({ status }) => status === 'running')]);
  const rows = serviceNames.flatMap((service, index): readonly ServiceRow[] => {
    const state = states[index];
    const found = processes[index];
    if (state === undefined || found === undefined) return [];
    const unit = units[service];
    const others: ServiceRow['others'] = found.known
      ? { known: true, value: outsideUnit({ unit, processes: found.value, mainPid: state.mainPid }) }
      : found;
    const isListed = found.known ? found.value.length > 0 : null;
    return [
      { service, unit, state, traits: traits[index], others, isListed, stoppedBy: stopped[service] ?? null },
    ];
  });
  const isDown = rows.some(({ state }) => state.activeState !== 'active');
  return { rows: { known: true, value: rows }, paused: isDown ? await readPaused(ctx) : null };
}

/** How long the table waits for the chain, in milliseconds. */
const pausedLimitMs = 3_000;

async function readPaused(ctx: Context): Promise<boolean | null> {
  const late = ctx.clock.sleep(pausedLimitMs, ctx.signal).then(
    () => null,
    () => null,
  );
  const read = answer((async () => readProtocol(ctx.chain()))());
  const protocol = await Promise.race([read, late]);
  return protocol?.known ? (protocol.value.paused ?? null) : null;
}
