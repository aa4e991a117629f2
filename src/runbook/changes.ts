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

/** A unit that runs again after the plan, and stands still meanwhile. */
export function stoppedMeanwhile(unit: string, wasActive: boolean): PlannedChange {
  return { kind: 'unit', what: unit, course: [wasActive ? 'active' : 'stopped', 'stopped', 'active'] };
}
