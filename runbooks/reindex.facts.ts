import type { Address } from '../src/config/settings.ts';
import type { EventSchema } from '../src/database/eventSchema.ts';
import type { UnpairedRows } from '../src/database/findUnpairedRows.ts';
import type { EventKind } from '../src/database/readEventKinds.ts';

/** What the preflight has found and the plan is made from. */
export type ReindexFacts = {
  readonly fromBlock: number;
  readonly truncate: boolean;
  readonly wait: boolean;
  /** Limit of the way to the head, in milliseconds. */
  readonly timeoutMs: number;
  readonly indexer: {
    readonly unit: string;
    readonly program: string;
    readonly wasActive: boolean;
    /** Seconds between two looks of the indexer at the chain (POLL_INTERVAL). */
    readonly pollSeconds: number;
  };
  readonly chain: {
    readonly id: number;
    readonly head: number;
    readonly contracts: readonly Address[];
  };
  readonly database: {
    readonly name: string;
    /** Says whether it is the same database when the run is carried on. */
    readonly identity: string;
    readonly schema: EventSchema;
    readonly cursor: number | null;
    readonly clear: number;
    readonly keep: number;
    /** What was there before, by kind, in the blocks from `fromBlock` to `kindsUpTo`. */
    readonly kinds: readonly EventKind[];
    readonly kindsUpTo: number;
    /**
     * Events up to `kindsUpTo` that had no row in the table of their kind before the run. Absent in journals of
     * releases that did not look.
     */
    readonly unpaired?: readonly UnpairedRows[];
    /** How many of these rows are not on the chain, by kind; null where the preflight had no time to find out. */
    readonly surplus: Readonly<Record<string, number>> | null;
  };
  readonly env: {
    readonly file: string;
    /** Null where START_BLOCK is not in the file. */
    readonly before: string | null;
    readonly after: string;
  };
  readonly backup: { readonly directory: string };
};

/**
 * The cursor, and START_BLOCK: the indexer takes both as "already indexed" and reads from the block
 * after it (deployment-facts, section 4).
 */
export function lastBlockKept(facts: ReindexFacts): number {
  return Math.max(0, facts.fromBlock - 1);
}

/** The name under which a run's dump and restore appear in `pg_stat_activity`. */
export function applicationName(run: string): string {
  return `tv ${run}`;
}

/** Where the run's backup lies: known before it is made, so that a resumed run finds it. */
export function backupFile(facts: ReindexFacts, run: string): string {
  return `${facts.backup.directory}/${facts.database.name}_${run}.dump`;
}

/** The imagined case that the exported document shows. */
export const exampleFacts: ReindexFacts = {
  fromBlock: 12_345_678,
  truncate: false,
  wait: true,
  timeoutMs: 86_400_000,
  indexer: { unit: 'tempovault-indexer', program: 'event_indexer', wasActive: true, pollSeconds: 12 },
  chain: { id: 4217, head: 15_204_118, contracts: [] },
  database: {
    name: 'tempovault',
    identity: '',
    schema: {
      form: 'raw-and-kinds',
      tables: [],
      raw: null,
      cursor: {
        name: 'indexer_state',
        schema: 'public',
        blockColumn: 'last_indexed_block',
        timeColumn: null,
        keyColumn: 'id',
      },
      missing: ['rebalances'],
      others: [],
      dependents: [],
      fingerprint: '',
    },
    cursor: 15_204_110,
    clear: 1_204_332,
    keep: 88_210,
    kinds: [],
    unpaired: [],
    kindsUpTo: 15_204_110,
    surplus: {},
  },
  env: { file: '/home/tempovault/tempovault/.env', before: '0', after: '12345677' },
  backup: { directory: '/backup' },
};
