/**
 * One thing that a plan changes in the database or on the host, as far as the preflight knows it. What its
 * transactions change is in its effects. Not part of the plan id: rows come by themselves.
 */
export interface PlannedChange {
  readonly kind: 'rows' | 'database' | 'file' | 'unit' | 'setting';
  /** The table, file, unit … */
  readonly what: string;
  /** Its state before, what the steps make of it, and its state afterwards. */
  readonly course: readonly [string, string, ...string[]];
}

/** A unit that is down already needs no stop. */
const down = ['inactive', 'failed', 'not installed'];

/**
 * A unit that runs again after the plan, and is stopped meanwhile.
 * @param before systemd's word for its state; a boolean where only that is known, whether it was active
 */
export function stoppedMeanwhile(unit: string, before: string | boolean): PlannedChange {
  const state = stateOf(before);
  return {
    kind: 'unit',
    what: unit,
    course: down.includes(state) ? [state, 'active'] : [state, 'stopped', 'active'],
  };
}

/** What is not active may be failed, or about to start: it is not said to be stopped. */
function stateOf(before: string | boolean): string {
  if (typeof before === 'boolean') return before ? 'active' : 'not active';
  return before === '' ? 'unknown' : before;
}
