import type { Clock } from './context.ts';

/**
 * Milliseconds that pass evenly, also while the clock of the machine is set. From no fixed time: only for how long
 * something takes, within one process.
 */
export function monotonic(clock: Clock): number {
  return clock.monotonic?.() ?? clock.now().getTime();
}
