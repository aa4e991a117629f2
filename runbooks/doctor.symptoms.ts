import type { SourceId } from '../src/observe/world.ts';

/** One question of a diagnosis, answered by what the rules have found. */
export interface Question {
  /** What is so where nothing is found: `the API runs`. */
  readonly fine: string;
  /** Rules that say otherwise, the most telling first; with a subject `service-down:api`. */
  readonly rules: readonly string[];
  /** Left out unless that is given: a flag of the call, or a public URL in the settings. */
  readonly given?: 'origin' | 'origins' | 'address' | 'publicUrl';
}

export interface Symptom {
  readonly title: string;
  readonly sources: readonly SourceId[];
  /** In the order of the diagnosis: what others rest on comes first. */
  readonly questions: readonly Question[];
}

const host: readonly SourceId[] = ['services', 'crashes', 'processes', 'runs'];
const chain: readonly SourceId[] = ['nodes', 'chain', 'protocol'];

const rpc: Question = {
  fine: 'the RPC nodes answer, on the right chain, and quickly',
  rules: [
    'rpc-away',
    'rpc-wrong-chain',
    'unknown-nodes',
    'unknown-chain',
    'rpc-node-away',
    'rpc-lagging',
    'rpc-slow',
  ],
};
const moving: Question = { fine: 'the chain makes blocks', rules: ['chain-stopped', 'unknown-chain'] };
const database: Question = {
  fine: 'the database answers, with connections to spare',
  rules: ['database-away', 'unknown-database', 'database-connections', 'database-schema'],
};
const disk: Question = { fine: 'the disk has room', rules: ['disk-full', 'unknown-disk'] };
const open: Question = {
  fine: 'the protocol is not paused',
  rules: ['paused', 'contract-missing', 'unknown-protocol'],
};
const breakers: Question = { fine: 'no breaker is open', rules: ['breaker-open', 'unknown-breakers'] };
const fresh: Question = {
  fine: 'the signals are fresh',
  rules: ['signals-dead', 'signals-stale', 'signals-late', 'pairs-unknown', 'unknown-signals'],
};
const runs: Question = {
  fine: 'no run is unfinished',
  rules: ['run-unfinished', 'run-unverified', 'unknown-runs'],
};
const relayAccount: Question = {
  fine: 'the account of the relay can pay, and nothing is stuck',
  rules: [
    'relay-fee-token',
    'relay-no-fees',
    'relay-stuck',
    'relay-clock',
    'relay-unread',
    'relay-funds-low',
    'unknown-relay',
  ],
};

function running(name: 'api' | 'indexer' | 'oracle', title: string): Question {
  return {
    fine: `${title} runs once, and is not suspended`,
    rules: [
      `service-memory:${name}`,
      `service-down:${name}`,
      `service-missing:${name}`,
      `service-frozen:${name}`,
      `service-twice:${name}`,
      `service-restarted:${name}`,
      'host-away',
      'unknown-services',
      'unknown-processes',
    ],
  };
}

/** Section 10 of the runbook, and what else operators are called for. */
export const symptoms = {
  'api-503': {
    title: 'The API answers 503, or not at all',
    sources: [...host, ...chain, 'database', 'api', 'machine', 'certificate'],
    questions: [
      runs,
      running('api', 'the API'),
      database,
      rpc,
      {
        fine: 'the memory of the host is enough',
        rules: ['memory-high', 'unknown-machine'],
      },
      {
        fine: 'the API is healthy and ready',
        rules: ['api-away', 'unknown-api', 'api-unhealthy', 'api-degraded', 'api-slow'],
      },
      {
        fine: 'the certificate of the public URL is valid',
        rules: ['certificate-expiring', 'certificate-untrusted', 'unknown-certificate'],
        given: 'publicUrl',
      },
    ],
  },
  orders: {
    title: 'The frontend shows "Failed to fetch orders"',
    sources: [...host, ...chain, 'database', 'api', 'cors', 'certificate'],
    questions: [
      running('api', 'the API'),
      {
        fine: 'the API is healthy and ready',
        rules: ['api-away', 'unknown-api', 'api-unhealthy', 'api-degraded'],
      },
      { fine: 'the endpoint of the orders answers', rules: ['orders-endpoint'] },
      {
        fine: 'a page of the origin may read the answer (CORS)',
        rules: ['cors-refused', 'cors-unknown'],
        given: 'origin',
      },
      {
        fine: 'pages of the frontend may read the answer (CORS)',
        rules: ['cors-refused', 'unknown-cors'],
        given: 'origins',
      },
      {
        fine: 'the certificate of the public URL is valid',
        rules: ['certificate-expiring', 'certificate-untrusted', 'unknown-certificate'],
        given: 'publicUrl',
      },
    ],
  },
  'insufficient-funds': {
    title: 'Transactions fail with "insufficient funds"',
    sources: [...host, ...chain, 'signals', 'relay'],
    questions: [
      rpc,
      relayAccount,
      {
        fine: 'the address given can pay',
        rules: ['account-empty', 'account-unknown'],
        given: 'address',
      },
    ],
  },
  'indexer-stuck': {
    title: 'The indexer does not progress',
    sources: [...host, ...chain, 'database', 'indexer', 'indexerError', 'events', 'disk', 'backups'],
    questions: [
      runs,
      running('indexer', 'the indexer'),
      database,
      disk,
      rpc,
      moving,
      {
        fine: 'the cursor moves, and is near the head',
        rules: ['indexer-ahead', 'indexer-stalled', 'indexer-lag', 'indexer-lag-unknown', 'unknown-indexer'],
      },
      {
        fine: 'the newest rows are those of the chain',
        rules: ['events-surplus', 'events-missing', 'unknown-events'],
      },
    ],
  },
  'oracle-stale': {
    title: 'The oracle is stale',
    sources: [...host, ...chain, 'signals', 'relay', 'relayInterval', 'oldKeys'],
    questions: [
      runs,
      rpc,
      moving,
      open,
      running('oracle', 'the relay'),
      { fine: 'the key of the relay is authorised', rules: ['relay-not-authorised', 'unknown-relay'] },
      relayAccount,
      fresh,
    ],
  },
  'strategies-not-deploying': {
    title: 'Strategies do not deploy capital',
    sources: [...host, ...chain, 'breakers', 'orders', 'signals', 'relay', 'relayInterval'],
    questions: [rpc, moving, open, breakers, running('oracle', 'the relay'), relayAccount, fresh],
  },
  'transactions-rejected': {
    title: 'Transactions are rejected',
    sources: [...host, ...chain, 'breakers', 'signals', 'relay', 'relayInterval'],
    questions: [rpc, moving, open, breakers, fresh, relayAccount],
  },
  'database-slow': {
    title: 'The database is slow',
    sources: [...host, 'database', 'machine', 'disk', 'backups'],
    questions: [
      database,
      disk,
      { fine: 'the memory of the host is enough', rules: ['memory-high', 'unknown-machine'] },
    ],
  },
  'disk-full': {
    title: 'The disk is full',
    sources: ['services', 'disk', 'backups', 'database', 'schedule'],
    questions: [disk, { fine: 'scheduled jobs run', rules: ['schedule-failed', 'schedule-idle'] }, database],
  },
} as const satisfies Readonly<Record<string, Symptom>>;

export type SymptomName = keyof typeof symptoms;

export const symptomNames = Object.keys(symptoms) as readonly SymptomName[];
