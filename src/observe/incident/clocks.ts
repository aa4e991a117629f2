import { readHead } from '../../chain/readHead.ts';
import { readClock as readDatabaseClock } from '../../database/readClock.ts';
import { answer, unknown } from '../../errors/answer.ts';
import { readClock as readHostClock } from '../../host/readClock.ts';
import type { Context } from '../../runbook/context.ts';
import type { ClockReading, TimeSpan } from './incident.ts';

/** The clocks behind the times of a timeline, each as it is read. */
export interface Clocks {
  readonly host: Promise<ClockReading>;
  readonly database: Promise<ClockReading>;
  readonly chain: Promise<ClockReading>;
}

/**
 * Reads the clocks against that of this machine. Entries of the journal have the host's time, events of the contracts
 * that of the chain; runs, alerts and notes that of this machine.
 */
export function readClocks(ctx: Pick<Context, 'host' | 'database' | 'chain' | 'clock'>): Clocks {
  return {
    // `date` gives whole seconds: the true time is up to one more.
    host: read(ctx, 'host', 500, async () => {
      const at = await readHostClock(ctx.host());
      return at === undefined ? undefined : new Date(at.getTime() + 500);
    }),
    database: read(ctx, 'database', 0, async () => readDatabaseClock(ctx.database())),
    chain: read(ctx, 'chain', 500, async () => new Date((await readHead(ctx.chain())).timestamp * 1000)),
  };
}

/**
 * A stretch of this machine's time, widened by how far another clock is from it: what happened within it has times of
 * that clock within the result. A newest block that is old says nothing of the chain's clock.
 */
export function widened({ since, until }: TimeSpan, { clock, offsetMs, withinMs }: ClockReading): TimeSpan {
  const apart = offsetMs === null || Math.abs(offsetMs) <= withinMs ? 0 : offsetMs;
  const behind = clock === 'chain' ? 0 : Math.min(0, apart);
  return {
    since: new Date(since.getTime() + behind),
    until: new Date(until.getTime() + Math.max(0, apart)),
  };
}

async function read(
  { clock }: Pick<Context, 'clock'>,
  name: ClockReading['clock'],
  resolutionMs: number,
  ask: () => Promise<Date | undefined>,
): Promise<ClockReading> {
  const before = clock.now().getTime();
  const answered = await answer(ask());
  const after = clock.now().getTime();
  const found = answered.known ? answered.value : undefined;
  if (found === undefined) {
    const { reason } = answered.known ? unknown('it did not return its time') : answered;
    return { clock: name, offsetMs: null, withinMs: 0, reason };
  }
  const offsetMs = Math.round(found.getTime() - (before + after) / 2);
  return { clock: name, offsetMs, withinMs: Math.round((after - before) / 2) + resolutionMs, reason: null };
}
