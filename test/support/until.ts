import { type UntilOptions, until as untilOften } from '../../src/sandbox/machine/until.ts';

/**
 * Ten times a second, where asking costs a connection, calls of the node or a process: with the sandbox's own
 * fifty, the question takes more of a small machine than what it waits for.
 */
export function until(condition: () => boolean | Promise<boolean>, options: UntilOptions): Promise<void> {
  return untilOften(condition, { everyMs: 100, ...options });
}
