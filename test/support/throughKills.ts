import { expect } from 'vitest';
import type { CommandOutput } from '../../src/runbook/context.ts';
import type { TvOptions } from './sandbox.ts';

export interface Kills {
  /** Failpoints, in the order in which one run meets them. */
  readonly points: readonly string[];
  /** What is typed after each kill. */
  readonly resume: readonly string[];
  /** What has to be so after each kill. */
  readonly afterEach?: () => Promise<void>;
}

/**
 * One run that is killed at each of these points in turn and resumed each time. Every resume has to come
 * as far as the next point, so that all of them are shown with one run instead of one for each.
 * @returns the last resume, which is not killed
 */
export async function throughKills(
  tv: (args: readonly string[], options?: TvOptions) => Promise<CommandOutput>,
  start: readonly string[],
  { points, resume, afterEach }: Kills,
): Promise<CommandOutput> {
  let args = start;
  for (const point of points) {
    const killed = await tv(args, { env: { TV_FAILPOINT: point } });
    expect(killed.exitCode, `${point}\n${killed.stderr}`).toBe(-1);
    await afterEach?.();
    args = resume;
  }
  return tv(args);
}
