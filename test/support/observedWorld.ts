import type { Settings } from '../../src/config/settings.ts';
import { TvError, UnavailableError } from '../../src/errors/TvError.ts';
import { judge } from '../../src/observe/findings.ts';
import type { Reading } from '../../src/observe/sourceReader.ts';
import type { SourceId, ValueOf, World } from '../../src/observe/world.ts';

export const worldNow = new Date('2026-11-23T03:12:00.000Z');
const seconds = worldNow.getTime() / 1000;
const minutesAgo = (minutes: number) => new Date(worldNow.getTime() - minutes * 60_000);

export const worldSettings = {
  environment: 'production',
  sandbox: false,
  chain: { id: 4217, rpcUrls: ['https://a.example', 'https://b.example'] },
  database: { unit: 'postgresql' },
  backup: { directory: '/backup' },
  host: {
    envFile: '/home/tempovault/tempovault/.env',
    units: { api: 'tempovault-api', indexer: 'tempovault-indexer', oracle: 'tempovault-oracle' },
  },
  monitor: {
    limitMs: 2_500,
    lagBlocks: 100,
    apiSlowMs: 2_000,
    diskPercent: 80,
    memoryPercent: 85,
    connectionPercent: 80,
    backupHours: 26,
    certificateDays: 14,
  },
} as unknown as Settings;

const unit = (name: string, pid: number): ValueOf<'services'>['api'] => ({
  unit: `${name}.service`,
  loadState: 'loaded',
  activeState: 'active',
  subState: 'running',
  result: 'success',
  mainPid: pid,
  since: minutesAgo(4_560),
  restarts: 0,
  memoryBytes: 50_000_000,
});

const process = (pid: number, name: string): ValueOf<'processes'>['api'][number] => ({
  pid,
  startedSecondsAgo: 273_600,
  user: 'tempovault',
  command: `python3 ${name}.py`,
  stopped: false,
  unit: `tempovault-${name}.service`,
});

const oracle = `0x${'0c'.repeat(20)}` as const;
const contract = (digit: string) => ({
  address: `0x${digit.repeat(40)}` as const,
  hasCode: true,
  implementation: undefined,
});

/** What each source says where all is well. */
export const well: { readonly [K in SourceId]: ValueOf<K> } = {
  services: {
    api: unit('tempovault-api', 811),
    indexer: unit('tempovault-indexer', 812),
    oracle: unit('tempovault-oracle', 813),
  },
  crashes: {},
  processes: {
    api: [process(811, 'api')],
    indexer: [process(812, 'indexer')],
    oracle: [process(813, 'oracle')],
  },
  machine: {
    cores: 4,
    memoryTotalBytes: 16 * 2 ** 30,
    memoryAvailableBytes: 8 * 2 ** 30,
    load: [0.4, 0.3, 0.2],
    hostname: 'vault-1',
    bootId: 'b',
  },
  disk: {
    directory: '/backup',
    mount: '/',
    totalBytes: 100 * 2 ** 30,
    freeBytes: 60 * 2 ** 30,
    prunableBytes: 0,
  },
  envFile: {
    path: '/home/tempovault/tempovault/.env',
    mode: 0o600,
    owner: 'tempovault',
    variables: 13,
    changedAt: minutesAgo(10_000),
    services: (['api', 'indexer', 'oracle'] as const).map((service) => ({
      service,
      since: minutesAgo(4_560),
      missing: [],
      outdated: [],
    })),
  },
  nodes: [
    { url: 'https://a.example', id: 4217, head: 5_000, behind: 0, durationMs: 40, error: undefined },
    { url: 'https://b.example', id: 4217, head: 5_000, behind: 0, durationMs: 60, error: undefined },
  ],
  chain: { number: 5_000, timestamp: seconds - 2, hash: `0x${'b'.repeat(64)}` },
  protocol: {
    contracts: {
      governanceRoles: contract('1'),
      riskController: contract('2'),
      treasuryVault: contract('3'),
      dexStrategy: contract('4'),
    },
    paused: false,
    pausedBy: 'riskController',
  },
  pause: undefined,
  breakers: {
    breakers: [
      { pair: { id: `0x${'1'.repeat(64)}`, name: 'A-B' }, open: false, last: null, signal: null, causes: [] },
    ],
    now: seconds - 2,
    head: { number: 5_000, timestamp: seconds - 2, hash: `0x${'b'.repeat(64)}` },
    stalenessSeconds: 120,
    since: 0,
    historyUnknown: undefined,
  },
  orders: undefined,
  signals: {
    signals: [
      {
        pair: { id: `0x${'1'.repeat(64)}`, name: 'A-B' },
        nonce: '7',
        at: seconds - 20,
        ageSeconds: 18,
        health: 'healthy',
      },
    ],
    stalenessSeconds: 120,
  },
  relay: {
    oracle,
    troubles: [],
    unknown: [],
    nonce: { known: true, value: { latest: 7, pending: 7 } },
    activity: {
      known: true,
      value: {
        fromBlock: 0,
        pairs: [],
        newest: undefined,
        own: [],
        others: [],
        spend: { perSignal: 1_000n, perSecond: 20, signals: 30 },
        feeToken: undefined,
      },
    },
    payer: {
      known: true,
      value: {
        network: 'tempo',
        feeToken: undefined,
        symbol: 'pathUSD',
        decimals: 6,
        balance: 100_000_000n,
        by: 'receipts',
      },
    },
  },
  relayInterval: 60,
  database: {
    durationMs: 9,
    version: '17.2',
    sizeBytes: 1_000_000,
    connections: { used: 4, max: 100 },
    hiddenSessions: 0,
    oldestTransactionSeconds: null,
    schema: {
      ...{ form: 'raw-and-kinds', tables: [], raw: null, cursor: null },
      ...{ missing: [], others: [], dependents: [], fingerprint: '' },
    },
    progress: { block: 4_999, source: 'cursor' },
    problem: null,
  },
  indexer: {
    block: 4_999,
    source: 'cursor',
    head: { known: true, value: 5_000 },
    unindexed: undefined,
    waitingMs: { known: true, value: 2_000 },
    pollSeconds: { known: true, value: 12 },
    isMoving: undefined,
  },
  indexerError: undefined,
  events: {
    ranges: [{ from: 4_000, to: 4_999 }],
    skipped: [],
    matched: 120,
    missing: { total: 0, first: [] },
    surplus: [],
    moreSurplus: 0,
    doubt: undefined,
  },
  api: {
    url: 'http://127.0.0.1:3000',
    health: { status: 'healthy', chainId: 4217, latestBlock: 5_000, durationMs: 12 },
    ready: { ready: true, durationMs: 12, checks: { rpc: true, database: true } },
  },
  cors: undefined,
  backups: {
    directory: '/backup',
    backups: [
      {
        name: 'tempovault_20261122T2200Z',
        path: '/backup/tempovault_20261122T2200Z',
        form: 'directory',
        archive: '/backup/tempovault_20261122T2200Z/data',
        bytes: 1_000,
        createdAt: minutesAgo(312).toISOString(),
        manifest: null,
        marks: { verified: { at: minutesAgo(311).toISOString(), how: 'read', problems: [] }, pinned: null },
        problems: [],
      },
    ],
    leftovers: [],
    unusable: [],
    unreadable: [],
    unsupported: [],
  },
  schedule: undefined,
  monitor: undefined,
  certificate: undefined,
  oldKeys: [],
  checklist: {
    items: [
      {
        id: 'access-logs',
        period: 'monthly',
        title: 'Review access logs for anomalies',
        state: 'recorded',
        due: '2026-12-20T09:00:00.000Z',
        reason: null,
        recorded: {
          seq: 1,
          at: '2026-11-20T09:00:00.000Z',
          by: 'anna@vault-1',
          note: 'nothing unusual',
          evidence: null,
        },
        evidence: { kind: 'person', words: 'tv can read nothing about it' },
      },
    ],
    records: { known: true, value: 1 },
  },
  runs: { left: [], unverified: [], running: [], unapproved: [], unusual: [], locks: [], stopped: {} },
};

type Changes = { readonly [K in SourceId]?: (value: ValueOf<K>) => unknown };

/** A world in which all is well, apart from what is changed, and from sources that failed. */
export function worldWith(changes: Changes = {}, failed: { readonly [K in SourceId]?: Error } = {}): World {
  const known = Object.entries(well).map(([id, value]) => {
    const change = (changes as Record<string, ((value: unknown) => unknown) | undefined>)[id];
    return [id, { known: true, value: change === undefined ? value : change(value) }];
  });
  const not = Object.entries(failed).map(([id, error]) => [id, failure(error as Error)]);
  return Object.fromEntries([...known, ...not]) as World;
}

function failure(error: Error): Reading<never> {
  return {
    known: false,
    reason: error.message,
    away: error instanceof UnavailableError,
    facts: {},
    next: [],
    cause: error,
  };
}

/** What is found: id and, where there is one, `< cause`. */
export function foundIn(world: World, settings: Settings = worldSettings): readonly string[] {
  return judge({ world, settings, now: worldNow }).findings.map(({ id, cause }) =>
    cause === null ? id : `${id} < ${cause}`,
  );
}

/** A source that certainly does not answer. */
export function away(message = 'connection refused'): Error {
  return new UnavailableError('host.ssh-unreachable', message);
}

/** A source whose answer did not come in time. */
export function late(message = 'no answer within 2.5 s'): Error {
  return new TvError('check.timeout', message);
}
