import type { SourceId } from '../src/observe/world.ts';

/** One question of a diagnosis, answered by what the rules have found. */
export interface Question {
  /** What is so where nothing is found: `the API runs`. */
  readonly fine: string;
  /**
   * What "nothing is found" rests on: where one of these said nothing, or had nothing to look at, the answer is
   * unknown. Empty for what the command itself asks (`doctor.probes.ts`).
   */
  readonly sources: readonly SourceId[];
  /** Rules that say otherwise; with a subject `service-down:api`. The silence of a source needs no name here. */
  readonly rules: readonly string[];
  /** Left out unless that is given: a flag of the call, or a public URL in the settings. */
  readonly given?: 'origin' | 'origins' | 'address' | 'publicUrl';
}

export interface Symptom {
  readonly title: string;
  /** All that is read. What is found about them is shown, also where no question asks for it. */
  readonly sources: readonly SourceId[];
  /** In the order of the diagnosis: what others rest on comes first. */
  readonly questions: readonly Question[];
  /** Why no question rests on a source that is read. */
  readonly beside?: { readonly [K in SourceId]?: string };
}

const host: readonly SourceId[] = ['services', 'crashes', 'processes', 'runs'];
const chain: readonly SourceId[] = ['nodes', 'chain', 'protocol'];

const ofHost = { crashes: 'it explains why a service went down, which is found without it' } as const;
const ofPause = { protocol: 'a pause explains a service that was stopped on purpose' } as const;
const ofDisk = { services: 'it explains that nothing of the host can be read' } as const;
const ofInterval = {
  relayInterval: "the contract's own limit says without it whether a signal is fresh",
} as const;

const rpc: Question = {
  fine: 'the RPC nodes answer, on the right chain, and quickly',
  sources: ['nodes', 'chain'],
  rules: ['rpc-away', 'rpc-silent', 'rpc-wrong-chain', 'rpc-node-away', 'rpc-lagging', 'rpc-slow'],
};
const moving: Question = { fine: 'the chain makes blocks', sources: ['chain'], rules: ['chain-stopped'] };
const database: Question = {
  fine: 'the database answers, with connections to spare',
  sources: ['database'],
  rules: ['database-connections', 'database-schema'],
};
const disk: Question = { fine: 'the disk has room', sources: ['disk'], rules: ['disk-full'] };
const memory: Question = {
  fine: 'the memory of the host is enough',
  sources: ['machine'],
  rules: ['memory-high'],
};
const open: Question = {
  fine: 'the protocol is not paused',
  sources: ['protocol'],
  rules: ['paused', 'contract-missing'],
};
const breakers: Question = {
  fine: 'no breaker is open',
  sources: ['breakers'],
  rules: ['breaker-open', 'breakers-unknown'],
};
const resting: Question = {
  fine: 'no order rests on the DEX while trading is stopped',
  sources: ['orders'],
  rules: ['orders-resting'],
};
const fresh: Question = {
  fine: 'the signals are fresh',
  sources: ['signals'],
  rules: ['signals-dead', 'signals-stale', 'signals-late', 'pairs-unknown'],
};
const runs: Question = {
  fine: 'no run is unfinished',
  sources: ['runs'],
  rules: ['run-unfinished', 'run-unverified'],
};
const key: Question = {
  fine: 'the key of the relay is authorised',
  sources: ['relay'],
  rules: ['relay-not-authorised'],
};
const relayAccount: Question = {
  fine: 'the account of the relay can pay, and nothing is stuck',
  sources: ['relay'],
  rules: [
    'relay-fee-token',
    'relay-no-fees',
    'relay-stuck',
    'relay-clock',
    'relay-unread',
    'relay-funds-low',
  ],
};
const healthy: Question = {
  fine: 'the API is healthy and ready',
  sources: ['api'],
  rules: ['api-unhealthy', 'api-degraded', 'api-slow'],
};
const certificate: Question = {
  fine: 'the certificate of the public URL is valid',
  sources: ['certificate'],
  rules: ['certificate-expiring', 'certificate-untrusted'],
  given: 'publicUrl',
};

function running(name: 'api' | 'indexer' | 'oracle', title: string): Question {
  return {
    // Several processes of the API are workers.
    fine: `${title} runs${name === 'api' ? '' : ' once'}, and is not suspended`,
    sources: ['services', 'processes'],
    rules: [
      `service-memory:${name}`,
      `service-down:${name}`,
      `service-missing:${name}`,
      `service-frozen:${name}`,
      `service-twice:${name}`,
      `service-restarted:${name}`,
    ],
  };
}

/** Section 10 of the runbook, and what else operators are called for. */
export const symptoms = {
  'api-503': {
    title: 'The API answers 503, or not at all',
    sources: [...host, ...chain, 'database', 'api', 'machine', 'certificate'],
    questions: [runs, running('api', 'the API'), database, rpc, moving, memory, healthy, certificate],
    beside: { ...ofHost, ...ofPause },
  },
  orders: {
    title: 'The frontend shows "Failed to fetch orders"',
    sources: [...host, ...chain, 'database', 'api', 'cors', 'certificate'],
    questions: [
      runs,
      running('api', 'the API'),
      database,
      rpc,
      moving,
      healthy,
      { fine: 'the endpoint of the orders answers', sources: [], rules: ['orders-endpoint'] },
      {
        fine: 'a page of the origin may read the answer (CORS)',
        sources: [],
        rules: ['cors-refused', 'cors-unknown'],
        given: 'origin',
      },
      {
        fine: 'pages of the frontend may read the answer (CORS)',
        sources: ['cors'],
        rules: ['cors-refused'],
        given: 'origins',
      },
      certificate,
    ],
    beside: { ...ofHost, ...ofPause },
  },
  'insufficient-funds': {
    title: 'Transactions fail with "insufficient funds"',
    sources: [...host, ...chain, 'relay'],
    questions: [
      runs,
      rpc,
      moving,
      running('oracle', 'the relay'),
      key,
      relayAccount,
      {
        fine: 'the address given can pay',
        sources: [],
        rules: ['account-empty', 'account-unknown'],
        given: 'address',
      },
    ],
    beside: { ...ofHost, ...ofPause },
  },
  'indexer-stuck': {
    title: 'The indexer does not progress',
    sources: [...host, ...chain, 'database', 'indexer', 'indexerError', 'events', 'disk'],
    questions: [
      runs,
      running('indexer', 'the indexer'),
      database,
      disk,
      rpc,
      moving,
      {
        fine: 'the indexer keeps up with the chain',
        sources: ['indexer'],
        rules: [
          'indexer-ahead',
          'indexer-stalled',
          'indexer-lag',
          'indexer-lag-unknown',
          'indexer-no-cursor',
        ],
      },
      {
        fine: 'the newest rows are those of the chain',
        sources: ['events'],
        rules: ['events-surplus', 'events-missing', 'events-doubtful'],
      },
    ],
    beside: {
      ...ofHost,
      ...ofPause,
      indexerError: 'it is evidence of why an indexer makes no progress, which is found without it',
    },
  },
  'oracle-stale': {
    title: 'The oracle is stale',
    sources: [...host, ...chain, 'signals', 'relay', 'relayInterval'],
    questions: [runs, rpc, moving, open, running('oracle', 'the relay'), key, relayAccount, fresh],
    beside: { ...ofHost, ...ofInterval },
  },
  'strategies-not-deploying': {
    title: 'Strategies do not deploy capital',
    sources: [...host, ...chain, 'breakers', 'orders', 'signals', 'relay', 'relayInterval'],
    questions: [
      runs,
      rpc,
      moving,
      open,
      breakers,
      resting,
      running('oracle', 'the relay'),
      key,
      relayAccount,
      fresh,
    ],
    beside: { ...ofHost, ...ofInterval },
  },
  'transactions-rejected': {
    title: 'Transactions are rejected',
    sources: [...host, ...chain, 'breakers', 'signals', 'relay', 'relayInterval'],
    questions: [runs, rpc, moving, open, breakers, running('oracle', 'the relay'), fresh, key, relayAccount],
    beside: { ...ofHost, ...ofInterval },
  },
  'database-slow': {
    title: 'The database is slow',
    sources: ['services', 'runs', 'database', 'machine', 'disk'],
    questions: [runs, database, disk, memory],
    beside: ofDisk,
  },
  'disk-full': {
    title: 'The disk is full',
    sources: ['services', 'disk', 'database', 'schedule'],
    questions: [
      disk,
      {
        fine: 'scheduled jobs run',
        sources: ['schedule'],
        rules: ['schedule-failed', 'schedule-idle'],
      },
      database,
    ],
    beside: ofDisk,
  },
} as const satisfies Readonly<Record<string, Symptom>>;

export type SymptomName = keyof typeof symptoms;

export const symptomNames = Object.keys(symptoms) as readonly SymptomName[];
