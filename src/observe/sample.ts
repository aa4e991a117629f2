import type { Advice } from '../errors/advice.ts';
import { TvError, UnavailableError } from '../errors/TvError.ts';
import type { Context } from '../runbook/context.ts';
import type { Level } from './level.ts';
import { LateError, withinLimit } from './withinLimit.ts';

/** One line of a status screen. */
export interface Sample {
  readonly id: string;
  readonly level: Level;
  readonly summary: string;
  readonly next?: readonly Advice[];
  /** Figures for `--json`. */
  readonly data?: Readonly<Record<string, unknown>>;
}

export type SampleValue = Omit<Sample, 'id'>;

/**
 * Reads one source within a limit. One that is slow or fails is a line like any other: `away` where it
 * is certainly away, `unknown` where that cannot be read.
 * @param limitMs milliseconds
 * @param next what to run where nothing comes in time
 * @param away the level of a source that is certainly away: `unknown` where that is not what is asked about
 */
export async function takeSample(
  ctx: Pick<Context, 'chain'>,
  id: string,
  limitMs: number,
  read: () => Promise<SampleValue>,
  next: readonly Advice[] = [],
  away: 'critical' | 'unknown' = 'critical',
): Promise<Sample> {
  try {
    return { id, ...(await withinLimit(ctx, read, limitMs)) };
  } catch (error) {
    if (!(error instanceof TvError)) throw error;
    const level = error instanceof UnavailableError ? away : 'unknown';
    const { reason = error.facts['node'] } = error.facts;
    const summary = reason === undefined ? error.message : `${error.message} (${reason})`;
    const isLate = error instanceof LateError && error.next.length === 0;
    return { id, level, summary, next: isLate ? next : error.next, data: error.facts };
  }
}
