/** A fault of `tv sandbox break` that the screens name, and how it is mended. */
export interface FaultCase {
  readonly fault: string;
  /** The finding that is its cause, by its id; with or without a subject. */
  readonly cause: string;
  /** Who applies the remedy: tv, a line on the host, or a third party, whom the line addresses. */
  readonly by: 'tv' | 'host' | 'others';
  /** What answers the questions of the first command. */
  readonly answer?: 'yes' | 'confirm';
  /** For a cause that is seen only once something has not come for a while. Default: half a minute. */
  readonly withinMs?: number;
  /** Needs a systemd of its own, or Tempo. */
  readonly needs?: 'systemd' | 'tempo';
}

/** Of the RPC node: the line moves the services to another node, whose URL a person puts in. */
const node = { cause: 'rpc-away', by: 'host' } as const;

export const faultCases: readonly FaultCase[] = [
  { fault: 'stop-rpc', ...node },
  { fault: 'cut-rpc', ...node },
  { fault: 'hang-rpc', ...node, cause: 'rpc-silent', withinMs: 60_000 },
  { fault: 'slow-rpc', ...node },
  { fault: 'rate-limit-rpc', ...node },
  { fault: 'html-rpc', ...node },
  { fault: 'wrong-chain', ...node, cause: 'rpc-wrong-chain' },
  { fault: 'stop-db', cause: 'database-away', by: 'host' },
  // A node may change its mind: a monitor waits for half a minute.
  { fault: 'corrupt-db', cause: 'events-missing', by: 'tv', answer: 'confirm', withinMs: 60_000 },
  { fault: 'stuck-nonce', cause: 'relay-stuck', by: 'tv', answer: 'yes' },
  { fault: 'drain-oracle', cause: 'relay-no-fees', by: 'tv', answer: 'yes' },
  { fault: 'reorg', cause: 'events-surplus', by: 'tv', answer: 'confirm', withinMs: 60_000 },
  { fault: 'orders-after-pause', cause: 'orders-resting', by: 'tv', answer: 'confirm' },
  { fault: 'kill-oracle', cause: 'service-down:oracle', by: 'tv', answer: 'yes' },
  { fault: 'stall-indexer', cause: 'service-frozen:indexer', by: 'host' },
  { fault: 'two-indexers', cause: 'service-twice:indexer', by: 'host' },
  { fault: 'full-memory', cause: 'service-memory:api', by: 'host', needs: 'systemd' },
  // A person decides what to delete; no program renews a certificate of the sandbox.
  { fault: 'fill-disk', cause: 'disk-full', by: 'others', needs: 'systemd' },
  { fault: 'expired-certificate', cause: 'certificate-expiring', by: 'others' },
  { fault: 'no-cors', cause: 'cors-refused', by: 'host' },
  { fault: 'wrong-fee-token', cause: 'relay-fee-token', by: 'host', needs: 'tempo' },
  // The relay sends, and nothing arrives: what is seen is that signals stop.
  { fault: 'drop-tx', cause: 'signals-late', by: 'others', withinMs: 60_000 },
];

/** Faults at which only a command that acts can meet: on the screens all is well, and rightly so. */
export const traps: Readonly<Record<string, string>> = {
  'prune-rpc': 'met by tv reindex',
  'accept-then-die': 'met by whatever sends a transaction',
  'hidden-order': 'met by tv emergency unwind',
  'vanished-order': 'met by tv emergency unwind',
};

/** Two faults at once: the causes in the order of the screen, and what must not appear beside them. */
export interface PairCase {
  readonly faults: readonly [string, string];
  readonly first: string;
  /** Also a cause of its own; undefined where the first one explains the second fault. */
  readonly second?: string;
}

export const pairCases: readonly PairCase[] = [
  { faults: ['stop-rpc', 'kill-oracle'], first: 'rpc-away', second: 'service-down:oracle' },
  { faults: ['stop-db', 'stall-indexer'], first: 'database-away', second: 'service-frozen:indexer' },
  { faults: ['stop-db', 'full-memory'], first: 'database-away', second: 'service-memory:api' },
  { faults: ['fill-disk', 'stop-db'], first: 'database-away', second: 'disk-full' },
  { faults: ['kill-oracle', 'drain-oracle'], first: 'service-down:oracle', second: 'relay-no-fees' },
  { faults: ['orders-after-pause', 'kill-oracle'], first: 'service-down:oracle', second: 'orders-resting' },
  { faults: ['stop-rpc', 'stop-db'], first: 'database-away', second: 'rpc-away' },
  { faults: ['two-indexers', 'no-cors'], first: 'service-twice:indexer', second: 'cors-refused' },
  { faults: ['reorg', 'two-indexers'], first: 'service-twice:indexer', second: 'events-surplus' },
  { faults: ['stuck-nonce', 'no-cors'], first: 'relay-stuck', second: 'cors-refused' },
  { faults: ['wrong-chain', 'kill-oracle'], first: 'rpc-wrong-chain', second: 'service-down:oracle' },
  { faults: ['full-memory', 'no-cors'], first: 'service-memory:api' },
];
