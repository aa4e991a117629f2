import { randomInt } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { exitCodes, TvError } from '../../errors/TvError.ts';
import { drillScreensFile } from '../../journal/drills.ts';
import type { Clock } from '../../runbook/context.ts';
import { localTime } from '../../text/format.ts';
import { breakUnrecorded } from '../break.ts';
import { sandboxDown } from '../down.ts';
import { until } from '../machine/until.ts';
import { sandboxPaths } from '../paths.ts';
import type { SandboxState } from '../state.ts';
import { sandboxUp } from '../up.ts';
import { type Drill, forgetDrill, lockDrill, ownDrillName, readDrill, writeDrill } from './drill.ts';
import { type DrillFault, isAmong, isOfBusyMachine } from './faults.ts';
import { countWrongRows, readFindings, readFunds } from './measure.ts';
import { mixFaults, seeds } from './mix.ts';

/** In milliseconds: until a sandbox that has just come up is well, and until faults show. */
const patienceMs = 120_000;

export interface StartedDrill {
  readonly drill: string;
  /** Of the sandbox and of its environment. */
  readonly sandbox: string;
  readonly seed: number;
  readonly minutes: number;
  readonly startedAt: string;
  readonly endsAt: string;
}

/**
 * Makes a sandbox, breaks it in ways that only the seed knows, waits until tv's own screens show them, and starts
 * the clock. Where it cannot, nothing is left.
 * @throws TvError where the operator has a drill already, or the faults do not show
 */
export async function startDrill(
  { seed = randomInt(seeds), minutes }: { readonly seed?: number | undefined; readonly minutes: number },
  { clock, tell, signal }: { clock: Clock; tell: (line: string) => void; signal: AbortSignal },
): Promise<StartedDrill> {
  const name = ownDrillName();
  return lockDrill(name, clock, async () => {
    const before = readDrill(name);
    if (before?.running != null) {
      throw new TvError('drill.running', 'You have a drill already.', {
        facts: { drill: before.id, started: localTime(new Date(before.running.startedAt)) },
        next: [{ tv: ['drill', 'status'] }, { tv: ['drill', 'end'] }],
        exitCode: exitCodes.blocked,
      });
    }
    const id = `${clock
      .now()
      .toISOString()
      .replaceAll(/[-:]|\..*/g, '')
      .replace('T', '-')}-${seed}`;
    const prepared: Drill = { id, seed, minutes, running: null };
    writeDrill(name, prepared);
    try {
      // What a start that was cut off has left.
      await sandboxDown({ name });
      const state = await sandboxUp({ name }, tell, signal);
      const measured = await measure(state, signal);
      tell('it is well; something breaks now …');
      const faults = mixFaults(seed);
      await breakUnrecorded(
        { name },
        faults.map(({ fault }) => fault),
      );
      await untilShown(state, faults, signal);
      const { tvState } = sandboxPaths(state.dir);
      mkdirSync(tvState, { recursive: true, mode: 0o700 });
      writeFileSync(drillScreensFile(tvState), '', { mode: 0o600 });
      const startedAt = clock.now().toISOString();
      writeDrill(name, { ...prepared, running: { startedAt, init: state.machine.init, before: measured } });
      const endsAt = new Date(Date.parse(startedAt) + minutes * 60_000).toISOString();
      return { drill: id, sandbox: name, seed, minutes, startedAt, endsAt };
    } catch (error) {
      await sandboxDown({ name });
      forgetDrill(name);
      throw error;
    }
  });
}

/** Once it is well: what is wrong afterwards is the drill's. */
async function measure(state: SandboxState, signal: AbortSignal) {
  await until(async () => (await readFindings(state)).every(({ id }) => isOfBusyMachine(id)), {
    limitMs: patienceMs,
    everyMs: 500,
    what: 'the sandbox of the drill to be well',
    signal,
  });
  const rows = await countWrongRows(state);
  if (rows === null) {
    throw new TvError('drill.not-begun', 'The rows of the sandbox could not be compared with its chain.', {
      next: { tv: ['drill', 'start'] },
    });
  }
  return { rows, funds: await readFunds(state) };
}

/** A fault that no screen shows cannot be found: a drill with one does not begin. */
async function untilShown(
  state: SandboxState,
  faults: readonly DrillFault[],
  signal: AbortSignal,
): Promise<void> {
  await until(
    async () => {
      const ids = (await readFindings(state)).map(({ id }) => id);
      return faults.every(
        ({ findings: [first], hiddenBy }) => isAmong(ids, [first]) || isAmong(ids, hiddenBy),
      );
    },
    { limitMs: patienceMs, everyMs: 500, what: 'the faults of the drill to show', signal },
  );
}
