/** A fault that a drill may have: tv's own screens name it, and the command that they advise mends it. */
export interface DrillFault {
  readonly fault: string;
  /**
   * The findings that it makes, by id, with or without a subject. The first names it: who has seen that has
   * diagnosed it. It is mended once none of them is there.
   */
  readonly findings: readonly [string, ...string[]];
  /** Reports without findings that show it as well. */
  readonly shownBy?: readonly string[];
  /** Findings that say that tv cannot see whether it is there. */
  readonly hiddenBy: readonly string[];
  /** The commands of tv that mend it. */
  readonly mendedBy: readonly string[];
  /** What follows the command that its finding advises, for the shortest way. */
  readonly afterwards?: string;
  /** A drill has one fault of a part at most: two of them would hide each other. */
  readonly part: 'database' | 'rows' | 'relay' | 'orders' | 'indexer' | 'api';
}

const ofDatabase = ['database-away', 'unknown-database'];
const ofNode = ['rpc-away', 'unknown-nodes', 'unknown-chain'];
const ofUnits = ['unknown-services', 'unknown-processes'];

/**
 * Not here: what only a command that acts meets (`prune-rpc`, `accept-then-die`, `hidden-order`,
 * `vanished-order`), what a third party mends (`fill-disk`, `expired-certificate`, `drop-tx`), and what the RPC
 * node does, since its remedy names another node and a sandbox has one.
 *
 * In the order in which they are imposed: the database goes last, since others change rows.
 */
export const drillFaults: readonly DrillFault[] = [
  {
    fault: 'no-cors',
    ...{ findings: ['cors-refused'], mendedBy: [], part: 'api' },
    hiddenBy: ['unknown-cors', 'api-away', 'api-unhealthy', 'service-down:api'],
  },
  {
    fault: 'full-memory',
    ...{ findings: ['service-memory:api'], mendedBy: [], part: 'api', hiddenBy: ofUnits },
  },
  {
    fault: 'kill-oracle',
    ...{ findings: ['service-down:oracle'], mendedBy: ['oracle recover', 'service start'], part: 'relay' },
    shownBy: ['service status'],
    hiddenBy: ofUnits,
  },
  {
    fault: 'wrong-fee-token',
    ...{ findings: ['relay-fee-token'], mendedBy: [], part: 'relay' },
    hiddenBy: ['unknown-relay', ...ofNode],
  },
  {
    fault: 'drain-oracle',
    ...{ findings: ['relay-no-fees'], mendedBy: ['oracle fund'], part: 'relay' },
    hiddenBy: ['unknown-relay', ...ofNode],
  },
  {
    fault: 'stuck-nonce',
    ...{ findings: ['relay-stuck'], mendedBy: ['oracle unstick'], part: 'relay' },
    hiddenBy: ['unknown-relay', ...ofNode],
  },
  {
    fault: 'orders-after-pause',
    ...{ findings: ['orders-resting', 'paused'], part: 'orders' },
    mendedBy: ['emergency unwind', 'emergency resume'],
    hiddenBy: ['unknown-orders', 'unknown-protocol', 'unknown-pause', ...ofNode],
  },
  {
    fault: 'reorg',
    ...{ findings: ['events-surplus'], mendedBy: ['reindex'], shownBy: ['reindex check'], part: 'rows' },
    hiddenBy: ['unknown-events', ...ofDatabase, ...ofNode],
  },
  {
    fault: 'corrupt-db',
    ...{ findings: ['events-missing'], mendedBy: ['reindex'], shownBy: ['reindex check'], part: 'rows' },
    afterwards: 'tv reindex --from-block BLOCK, as the check says',
    hiddenBy: ['unknown-events', ...ofDatabase, ...ofNode],
  },
  {
    fault: 'stall-indexer',
    ...{ findings: ['service-frozen:indexer'], mendedBy: [], part: 'indexer', hiddenBy: ofUnits },
  },
  {
    fault: 'two-indexers',
    ...{ findings: ['service-twice:indexer'], mendedBy: [], part: 'indexer', hiddenBy: ofUnits },
  },
  {
    fault: 'stop-db',
    ...{ findings: ['database-away'], mendedBy: [], part: 'database', hiddenBy: ['unknown-database'] },
  },
];

/** Whether one of these findings is among the ids: `service-down` is there with `service-down:oracle`. */
export function isAmong(ids: readonly string[], findings: readonly string[]): boolean {
  return findings.some((finding) => ids.some((id) => id === finding || id.startsWith(`${finding}:`)));
}

/** Whether a machine that has too much to do shows this finding by itself. */
export function isOfBusyMachine(id: string): boolean {
  return isAmong([id], ['rpc-slow', 'api-slow', 'memory-high', 'load-high']);
}
