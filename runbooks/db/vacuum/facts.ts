/** What the preflight has found and the plan is made from. */
export type VacuumFacts = {
  readonly database: string;
  /** Largest first. */
  readonly tables: readonly {
    readonly schema: string;
    readonly name: string;
    readonly bytes: number;
    readonly deadRows: number;
    /** When it was last vacuumed, ISO 8601; null where never. */
    readonly lastVacuum: string | null;
  }[];
};

/** The name under which the run's session appears in `pg_stat_activity`. */
export function applicationName(run: string): string {
  return `tv ${run}`;
}

/** The imagined case that the exported document shows. */
export const exampleFacts: VacuumFacts = {
  database: 'tempovault',
  tables: [
    { schema: 'public', name: 'events', bytes: 1_900_000_000, deadRows: 1_204_332, lastVacuum: null },
    { schema: 'public', name: 'deposits', bytes: 210_000_000, deadRows: 88_210, lastVacuum: null },
  ],
};
