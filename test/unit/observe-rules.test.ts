import { describe, expect, it } from 'vitest';
import type { Settings } from '../../src/config/settings.ts';
import { readMarks } from '../../src/database/backup/marks.ts';
import { plainAdvice } from '../../src/errors/advice.ts';
import { UnavailableError } from '../../src/errors/TvError.ts';
import { judge, nextOf } from '../../src/observe/findings.ts';
import { pluginExitCode } from '../../src/observe/level.ts';
import { renderFindings } from '../../src/observe/renderFindings.ts';
import { rules, unreadable } from '../../src/observe/rules.ts';
import { sourceIds, type ValueOf, type World } from '../../src/observe/world.ts';
import { away, foundIn, late, well, worldNow, worldSettings, worldWith } from '../support/observedWorld.ts';
import { plainPaint } from '../support/paint.ts';

const now = worldNow;
const seconds = now.getTime() / 1000;
const refused = new UnavailableError('chain.node-unreachable', 'connection refused');
const silent = new UnavailableError('chain.node-timeout', 'The RPC node did not answer in time.');
const [nodeA, nodeB] = well.nodes;
if (nodeA === undefined || nodeB === undefined) throw new Error('the world has two nodes');
const [signal] = well.signals.signals;
if (signal === undefined) throw new Error('the world has a signal');
const [item] = well.checklist.items;
if (item === undefined) throw new Error('the world has an item of the checklist');
const [backup] = well.backups.backups;
if (backup === undefined) throw new Error('the world has a backup');

/** Of the same age, with marks that cannot be read. */
const unread = { ...backup, marks: readMarks('{"verif') };
const old = '2026-11-21T03:00:00.000Z';
const verifiedBefore = { ...backup, name: 'before', createdAt: '2026-11-20T03:00:00.000Z' };

const noLogs = 'the RPC node does not serve eth_getLogs';
const unreadHistory = (value: ValueOf<'breakers'>) => ({ ...value, since: null, historyUnknown: noLogs });

const service = (name: 'api' | 'indexer' | 'oracle', change: object) =>
  worldWith({ services: (all) => ({ ...all, [name]: { ...all[name], ...change } }) });
const job = (more: object) => ({
  name: 'backup',
  service: 'tempovault-db-backup.service',
  timer: 'tempovault-db-backup.timer',
  enabled: true,
  active: true,
  next: undefined,
  running: false,
  last: undefined,
  ...more,
});
const failedRun = {
  startedAt: new Date(now.getTime() - 3_600_000),
  endedAt: new Date(now.getTime() - 3_500_000),
  result: 'exit-code',
  exitCode: 3,
};
const trouble = (id: string, next: object) =>
  worldWith({ relay: (relay) => ({ ...relay, troubles: [{ id, summary: `trouble ${id}`, next: [next] }] }) });
const monitored = (
  service: object,
  health: object | string = { kind: 'answers', lastLook: new Date(now.getTime() - 10_000) },
) =>
  worldWith({
    monitor: () => ({
      service: {
        ...{
          loadState: 'loaded',
          path: '/etc/systemd/system/tempovault-monitor.service',
          activeState: 'active',
        },
        ...{ subState: 'running', result: 'success', enabled: true, invocation: 'b7', restarts: 0 },
        ...{
          since: new Date(now.getTime() - 3_600_000),
          environment: 'production',
          serves: '127.0.0.1:9464',
        },
        ...service,
      },
      health:
        'activeState' in service
          ? undefined
          : typeof health === 'string'
            ? { known: false, reason: health }
            : { known: true, value: health },
    }),
  });
const env = (change: object, ...services: readonly object[]) =>
  worldWith({
    envFile: (value) => ({
      ...value,
      ...change,
      services: value.services.map((each, index) => ({ ...each, ...services[index] })),
    }),
  });
const minutesAgo = (minutes: number) => new Date(now.getTime() - minutes * 60_000);
const lostLog = (block: number) => ({
  block,
  logIndex: 2,
  transactionHash: `0x${'a'.repeat(64)}`,
  topic: undefined,
});
const compared = (change: object) => worldWith({ events: (value) => ({ ...value, ...change }) });
const certificateUntil = (until: string, untrusted?: string) => ({
  host: 'api.example',
  issuer: "Let's Encrypt",
  validTo: new Date(until),
  untrusted,
});
const run = {
  started: { run: 'r1', runbook: 'reindex', at: now.toISOString(), plan: { steps: [] } },
  steps: new Map(),
  status: 'killed',
  lines: [],
};
const db = (change: object) => worldWith({ database: (value) => ({ ...value, ...change }) });
const index = (change: object) => worldWith({ indexer: (value) => ({ ...value, ...change }) });
const withoutCursor = (block: number, unindexed: ValueOf<'indexer'>['unindexed']) =>
  index({ block, source: 'rows', unindexed, waitingMs: { known: false, reason: 'no cursor' } });
const signals = (...all: readonly object[]) =>
  worldWith({ signals: (value) => ({ ...value, signals: all.map((one) => ({ ...signal, ...one })) }) });
const api = (health: object, ready: object = {}) =>
  worldWith({
    api: (value) => ({
      ...value,
      health: { ...value.health, ...health },
      ready: { ...value.ready, ...ready },
    }),
  });

const moveTo = (url: string, when: string) =>
  `${when}: sed -i 's|^RPC_URL=.*|RPC_URL="${url}"|' /home/tempovault/tempovault/.env && systemctl restart tempovault-api tempovault-indexer tempovault-oracle`;
const surplusRow = (block: number) => ({
  ...{
    table: 'events',
    kind: 'Deposited',
    block,
    transactionHash: '0xa',
    logIndex: 0,
    reason: 'reorganised',
  },
});
const missingLog = (block: number) => ({ block, logIndex: 0, transactionHash: '0xb', topic: undefined });
const pathUsd = '0x20c0000000000000000000000000000000000000';
const sampled = (change: object) => worldWith({ events: (value) => value && { ...value, ...change } });
const refusedOrigin = (inEnv: string | null, status = 200) =>
  worldWith({
    cors: () => ({
      asked: [{ origin: 'https://app.example', status, allowOrigin: null, allowed: false }],
      listed: { known: true, value: inEnv },
    }),
  });

const listed = (...items: readonly object[]) =>
  worldWith({ checklist: (value) => ({ ...value, items: items.map((more) => ({ ...item, ...more })) }) });

/** Situation, world, what is found, the first advice. */
const situations: readonly (readonly [string, World, readonly string[], string?])[] = [
  [
    'a unit has failed → down, and started again',
    service('indexer', { activeState: 'failed', subState: 'failed', result: 'exit-code' }),
    ['service-down:indexer'],
    'tv service start indexer',
  ],
  [
    'the relay is off → recover proves that signals come',
    service('oracle', { activeState: 'inactive', subState: 'dead' }),
    ['service-down:oracle'],
    'tv oracle recover',
  ],
  [
    'a unit that systemd does not know → unknown, since another may do its work',
    service('api', { loadState: 'not-found', activeState: 'inactive' }),
    ['service-missing:api'],
    'systemctl list-units --all',
  ],
  [
    'started again ten minutes ago',
    service('api', { restarts: 3, since: new Date(now.getTime() - 600_000) }),
    ['service-restarted:api'],
    'journalctl -u tempovault-api -n 50 --no-pager',
  ],
  [
    'started again, when is unknown → unknown whether it is news',
    service('api', { restarts: 3, since: undefined, sinceUnknown: 'systemd reports "CET"' }),
    ['service-restarted:api'],
    'journalctl -u tempovault-api -n 50 --no-pager',
  ],
  [
    'started again yesterday → no news',
    service('api', { restarts: 3, since: new Date(now.getTime() - 86_400_000) }),
    [],
  ],
  [
    'a second relay, started by hand → the one outside the unit is ended',
    worldWith({
      processes: (all) => ({
        ...all,
        oracle: [...all.oracle, { ...all.oracle[0], pid: 9_001, unit: 'session-3.scope' }],
      }),
    }),
    ['service-twice:oracle'],
    'find out who started it, then end it: kill 9001',
  ],
  [
    'a second indexer in a unit of its own → that unit is stopped, for it would start it again',
    worldWith({
      processes: (all) => ({
        ...all,
        indexer: [...all.indexer, { ...all.indexer[0], pid: 9_002, unit: 'event-indexer-2.service' }],
      }),
    }),
    ['service-twice:indexer'],
    'systemctl stop event-indexer-2.service',
  ],
  [
    'the API dies of its memory, whose limit the unit sets → without that limit',
    worldWith(
      {
        services: (all) => ({
          ...all,
          api: { ...all.api, activeState: 'activating', subState: 'auto-restart', restarts: 9 },
        }),
        crashes: () => ({
          api: {
            outOfMemory: 'MemoryError',
            limits: { LimitAS: '629145600' },
            dropIns: ['/etc/systemd/system/tempovault-api.service.d/limit.conf'],
          },
        }),
      },
      { api: away() },
    ),
    ['service-memory:api', 'api-away < service-memory:api', 'service-down:api < service-memory:api'],
    'without the drop-ins of the unit: systemctl revert tempovault-api && systemctl restart tempovault-api',
  ],
  [
    'a service that crashes for another reason has not used up its memory',
    worldWith({
      services: (all) => ({ ...all, api: { ...all.api, activeState: 'failed', restarts: 2 } }),
      crashes: () => ({ api: { outOfMemory: undefined, limits: {}, dropIns: [] } }),
    }),
    ['service-down:api'],
    'tv service start api',
  ],
  [
    'rows of blocks that were replaced → index again from the first that differs',
    sampled({ surplus: [surplusRow(4_980)], missing: { total: 1, first: [missingLog(4_981)] } }),
    ['events-surplus', 'events-missing < events-surplus'],
    'tv reindex --from-block 4980',
  ],
  [
    'events of the newest blocks are missing',
    sampled({ missing: { total: 1, first: [missingLog(4_100)] } }),
    ['events-missing'],
    'tv reindex check',
  ],
  [
    'pages of the frontend are refused → the origin is added to those of .env',
    refusedOrigin('https://localhost:3000'),
    ['cors-refused'],
    `sed -i 's|^ALLOWED_ORIGINS=.*|ALLOWED_ORIGINS="https://localhost:3000,https://app.example"|' /home/tempovault/tempovault/.env && systemctl restart tempovault-api`,
  ],
  [
    'pages are refused, and .env names no origins',
    refusedOrigin(null),
    ['cors-refused'],
    `printf '\\n%s\\n' 'ALLOWED_ORIGINS="https://app.example"' >>/home/tempovault/tempovault/.env && systemctl restart tempovault-api`,
  ],
  [
    'pages are refused whose origin is listed → the API has not read it',
    refusedOrigin('https://app.example'),
    ['cors-refused'],
    'tv service restart api',
  ],
  ...[429, 502].map(
    (status) =>
      [
        `HTTP ${status} says nothing of origins`,
        refusedOrigin(null, status),
        ['cors-refused'],
        'tv logs api',
      ] as const,
  ),
  [
    'several API processes are workers, and no fault',
    worldWith({ processes: (all) => ({ ...all, api: [...all.api, ...all.api] }) }),
    [],
  ],
  [
    'the indexer is held by SIGSTOP',
    worldWith({ processes: (all) => ({ ...all, indexer: [{ ...all.indexer[0], stopped: true }] }) }),
    ['service-frozen:indexer'],
    'systemctl kill --signal=SIGCONT tempovault-indexer',
  ],
  [
    'disk 90 % full, old backups',
    worldWith({ disk: (disk) => ({ ...disk, freeBytes: disk.totalBytes / 10, prunableBytes: 5_000 }) }),
    ['disk-full'],
    'tv db prune',
  ],
  [
    'disk 90 % full, nothing to prune',
    worldWith({ disk: (disk) => ({ ...disk, freeBytes: disk.totalBytes / 10 }) }),
    ['disk-full'],
    'du -xh --max-depth=2 / | sort -h | tail',
  ],
  [
    'disk 80 % full → at the threshold, not above',
    worldWith({ disk: (disk) => ({ ...disk, freeBytes: disk.totalBytes / 5 }) }),
    [],
  ],
  [
    'memory 90 % used',
    worldWith({
      machine: (machine) => ({ ...machine, memoryAvailableBytes: machine.memoryTotalBytes / 10 }),
    }),
    ['memory-high'],
    'ps -eo pid,user,rss,args --sort=-rss | head',
  ],
  [
    'no node answers → chain unknown because of it',
    worldWith(
      { nodes: (all) => all.map((node) => ({ ...node, id: undefined, head: undefined, error: refused })) },
      {
        chain: refused,
        protocol: refused,
        breakers: refused,
        signals: refused,
        relay: refused,
        orders: refused,
      },
    ),
    [
      'rpc-away',
      'unknown-chain < rpc-away',
      'unknown-protocol < unknown-chain',
      'unknown-breakers < unknown-chain',
      'unknown-orders < unknown-chain',
      'unknown-signals < unknown-chain',
      'unknown-relay < unknown-chain',
    ],
    moveTo('https://OTHER_NODE', 'with the URL of another node in the place of https://OTHER_NODE'),
  ],
  [
    'both nodes accept the request and do not answer → not away, and another node helps first',
    worldWith({
      nodes: (all) =>
        all.map((node) => ({ ...node, id: undefined, head: undefined, durationMs: 2_250, error: silent })),
    }),
    ['rpc-silent'],
    moveTo('https://OTHER_NODE', 'with the URL of another node in the place of https://OTHER_NODE'),
  ],
  [
    'one of two nodes refuses, the other does not answer → away',
    worldWith({
      nodes: (all) =>
        all.map((node, index) => ({
          ...{ ...node, id: undefined, head: undefined },
          error: index === 0 ? refused : silent,
        })),
    }),
    ['rpc-away'],
  ],
  [
    'one of two nodes does not answer in time → the other one helps',
    worldWith({ nodes: () => [nodeA, { ...nodeB, id: undefined, head: undefined, error: silent }] }),
    ['rpc-node-away:https://b.example'],
    moveTo('https://a.example', 'if the services use the other node'),
  ],
  [
    'one of two nodes does not answer',
    worldWith({ nodes: () => [nodeA, { ...nodeB, id: undefined, head: undefined, error: refused }] }),
    ['rpc-node-away:https://b.example'],
    moveTo('https://a.example', 'if the services use the other node'),
  ],
  [
    'a node of another chain',
    worldWith({ nodes: () => [nodeA, { ...nodeB, id: 1 }] }),
    ['rpc-wrong-chain:https://b.example'],
    moveTo('https://OTHER_NODE', 'with the URL of a node of chain 4217 in the place of https://OTHER_NODE'),
  ],
  ['a node lags', worldWith({ nodes: () => [nodeA, { ...nodeB, behind: 512 }] }), ['rpc-lagging']],
  [
    'a node is slow',
    worldWith({ nodes: () => [nodeA, { ...nodeB, durationMs: 3_000 }] }),
    ['rpc-slow:https://b.example'],
  ],
  [
    'the newest block is old',
    worldWith({ chain: (head) => ({ ...head, timestamp: seconds - 3_600 }) }),
    ['chain-stopped'],
  ],
  [
    'no contract at an address',
    worldWith({
      protocol: (value) => ({
        ...value,
        contracts: {
          ...value.contracts,
          treasuryVault: { ...value.contracts.treasuryVault, hasCode: false },
        },
      }),
    }),
    ['contract-missing'],
    'tv config show',
  ],
  [
    'paused',
    worldWith({ protocol: (value) => ({ ...value, paused: true }) }),
    ['paused'],
    'once the cause is gone: tv emergency resume',
  ],
  [
    'no contract returns the paused state → unknown',
    worldWith({ protocol: (value) => ({ ...value, paused: undefined }) }),
    ['paused'],
  ],
  [
    'a breaker is open',
    worldWith({
      breakers: (value) => ({ ...value, breakers: value.breakers.map((one) => ({ ...one, open: true })) }),
    }),
    ['breaker-open'],
    'tv breaker status',
  ],
  [
    'breakers whose history could not be read, none known to be open → one may be',
    worldWith({ breakers: unreadHistory }),
    ['breakers-unknown'],
    'tv breaker status',
  ],
  [
    'the same, and no breaker is known at all',
    worldWith({ breakers: (value) => unreadHistory({ ...value, breakers: [] }) }),
    ['breakers-unknown'],
  ],
  [
    'the history could not be read, and one is open → that is the finding',
    worldWith({
      breakers: (value) =>
        unreadHistory({ ...value, breakers: value.breakers.map((one) => ({ ...one, open: true })) }),
    }),
    ['breaker-open'],
  ],
  [
    'whether a breaker is open is unknown, and so what rests on the DEX by one',
    worldWith({ breakers: unreadHistory, orders: () => ({ known: false, reason: noLogs }) }),
    ['breakers-unknown', 'orders-resting < breakers-unknown'],
  ],
  [
    'paused, and what rests on the DEX could not be read → a matter of its own',
    worldWith({
      protocol: (protocol) => ({ ...protocol, paused: true }),
      orders: () => ({ known: false, reason: 'no answer' }),
    }),
    ['orders-resting', 'paused'],
  ],
  [
    'orders rest on the DEX',
    worldWith({
      orders: () => ({
        known: true,
        value: { pairs: [{ pair: signal.pair, orders: '2 orders, 300 AlphaUSD' }], unknown: null },
      }),
    }),
    ['orders-resting'],
    'tv emergency unwind --pair A-B',
  ],
  [
    'orders rest while paused → what stops them comes before the end of the pause',
    worldWith({
      protocol: (protocol) => ({ ...protocol, paused: true }),
      orders: () => ({
        known: true,
        value: { pairs: [{ pair: signal.pair, orders: '2 orders, 300 AlphaUSD' }], unknown: null },
      }),
    }),
    ['orders-resting', 'paused'],
    'tv emergency unwind --pair A-B',
  ],
  [
    'what rests there is not known',
    worldWith({ orders: () => ({ known: true, value: { pairs: [], unknown: 'no logs' } }) }),
    ['orders-resting'],
  ],
  [
    'the key of the relay is not authorised',
    trouble('not-authorised', { tv: ['oracle', 'rotate-key'] }),
    ['relay-not-authorised'],
    'tv oracle rotate-key',
  ],
  [
    'the relay cannot pay',
    trouble('no-fees', { tv: ['oracle', 'recover'] }),
    ['relay-no-fees'],
    'tv oracle recover',
  ],
  [
    'a transaction of the relay is stuck',
    trouble('stuck', { tv: ['oracle', 'unstick'] }),
    ['relay-stuck'],
    'tv oracle unstick',
  ],
  [
    'the clock of the host is ahead',
    trouble('clock', { shell: 'timedatectl status', on: 'host' }),
    ['relay-clock'],
    'timedatectl status',
  ],
  [
    'FEE_TOKEN in .env names a token that the relay does not have → what it paid with before',
    worldWith({
      relay: (relay) => ({
        ...relay,
        troubles: [{ id: 'fee-token', summary: 'FEE_TOKEN is wrong', next: [] }],
        payer: {
          known: true,
          value: { ...(relay.payer.known ? relay.payer.value : {}), feeToken: pathUsd },
        },
      }),
      signals: (value) => ({ ...value, signals: [{ ...signal, health: 'dead', ageSeconds: 400 }] }),
    }),
    ['relay-fee-token', 'signals-dead < relay-fee-token'],
    `sed -i 's|^FEE_TOKEN=.*|FEE_TOKEN="${pathUsd}"|' /home/tempovault/tempovault/.env && systemctl restart tempovault-oracle`,
  ],
  ['a transaction that is on its way is no fault', trouble('pending', { tv: ['oracle', 'status'] }), []],
  [
    'the funds of the relay last a day',
    worldWith({
      relay: (relay) => ({
        ...relay,
        payer: {
          known: true,
          value: { ...(relay.payer.known ? relay.payer.value : {}), balance: 1_728_000n },
        },
      }),
    }),
    ['relay-funds-low'],
    'tv oracle fund',
  ],
  [
    'the nonces of the relay are unknown',
    worldWith({ relay: (relay) => ({ ...relay, unknown: [{ id: 'nonce', summary: 'the nonces' }] }) }),
    ['relay-unread'],
    'tv oracle status',
  ],
  [
    'every pair dead for six minutes',
    signals({ health: 'dead', ageSeconds: 360 }, { health: 'dead', ageSeconds: 361 }),
    ['signals-dead'],
    'tv oracle recover',
  ],
  ['no signal ever', signals({ health: 'never', ageSeconds: null, at: 0 }), ['signals-dead']],
  ['one stale', signals({}, { health: 'stale', ageSeconds: 200 }), ['signals-stale'], 'tv oracle recover'],
  [
    'healthy, and two intervals late by both clocks',
    signals({ ageSeconds: 140, at: seconds - 140 }),
    ['signals-late'],
    'tv oracle recover',
  ],
  ['late by the chain, whose clock is ahead', signals({ ageSeconds: 140, at: seconds - 5 }), []],
  [
    'late, and the interval of the relay is unknown → not judged',
    worldWith(
      { signals: (value) => ({ ...value, signals: [{ ...signal, ageSeconds: 140, at: seconds - 140 }] }) },
      { relayInterval: away() },
    ),
    [],
  ],
  ['no pair is known → unknown', signals(), ['pairs-unknown'], 'tv oracle status'],
  [
    'an old key, due',
    worldWith({
      oldKeys: () => [
        {
          old: `0x${'a'.repeat(40)}`,
          replacedBy: `0x${'b'.repeat(40)}`,
          replacedAt: '2026-11-20T00:00:00.000Z',
          run: 'r',
        },
      ],
    }),
    ['old-key'],
    'tv oracle revoke-old',
  ],
  [
    'an old key, not due yet',
    worldWith({
      oldKeys: () => [
        {
          old: `0x${'a'.repeat(40)}`,
          replacedBy: `0x${'b'.repeat(40)}`,
          replacedAt: '2026-11-23T00:00:00.000Z',
          run: 'r',
        },
      ],
    }),
    ['old-key'],
    'once it is due: tv oracle revoke-old',
  ],
  [
    'event tables cannot be read',
    db({ problem: 'There is no table of events.' }),
    ['database-schema'],
    'tv reindex check',
  ],
  [
    'connections run out',
    db({ connections: { used: 81, max: 100 }, oldestTransactionSeconds: 600 }),
    ['database-connections'],
    'tv db slow-queries',
  ],
  ['the cursor is ahead', index({ block: 5_012 }), ['indexer-ahead'], 'tv reindex check'],
  [
    'behind, and the cursor does not advance',
    index({ block: 4_990, waitingMs: { known: true, value: 120_000 }, isMoving: false }),
    ['indexer-stalled'],
    'tv service restart indexer',
  ],
  [
    'far behind, and the cursor moves',
    index({ block: 4_000, waitingMs: { known: true, value: 120_000 }, isMoving: true }),
    ['indexer-lag'],
    'tv reindex check',
  ],
  [
    'far behind, and it does not advance → the lag is its consequence',
    index({ block: 4_000, waitingMs: { known: true, value: 120_000 }, isMoving: false }),
    ['indexer-stalled', 'indexer-lag < indexer-stalled'],
  ],
  ['100 blocks behind → at the threshold, not above', index({ block: 4_900 }), []],
  [
    'without a cursor, the newest event is near the head → the indexer is no further behind',
    withoutCursor(4_900, undefined),
    [],
  ],
  [
    'without a cursor, and the chain has nothing after the newest event: a quiet protocol is no dead indexer',
    withoutCursor(10, { known: true, value: null }),
    [],
  ],
  [
    'without a cursor, and the chain has an event that came just now → not yet indexed',
    withoutCursor(10, { known: true, value: 4_901 }),
    [],
  ],
  [
    'without a cursor, and the chain has had newer events for more than 100 blocks',
    withoutCursor(10, { known: true, value: 4_900 }),
    ['indexer-lag'],
    'tv reindex check',
  ],
  [
    'without a cursor, and the chain could not be searched for newer events → unknown',
    withoutCursor(10, { known: false, reason: 'no logs' }),
    ['indexer-no-cursor'],
    'tv reindex check',
  ],
  [
    'without a cursor, and the head is unknown',
    index({ block: 10, source: 'rows', head: { known: false, reason: 'connection refused' } }),
    ['indexer-lag-unknown'],
  ],
  [
    'the head is unknown, the cursor is known',
    index({ head: { known: false, reason: 'connection refused' } }),
    ['indexer-lag-unknown'],
  ],
  [
    'the API is not ready, and names nobody',
    api({}, { ready: false, checks: {} }),
    ['api-unhealthy'],
    'tv service restart api',
  ],
  ['the API is degraded', api({ status: 'degraded' }), ['api-degraded']],
  ['the API is slow', api({ durationMs: 2_400 }), ['api-slow'], 'tv db slow-queries'],
  [
    'the last verified backup is two days old',
    worldWith({
      backups: (value) => ({ ...value, backups: [{ ...backup, createdAt: '2026-11-21T03:00:00.000Z' }] }),
    }),
    ['backup-old'],
    'tv db backup',
  ],
  [
    'a backup that nobody verified',
    worldWith({
      backups: (value) => ({ ...value, backups: [{ ...backup, marks: { verified: null, pinned: null } }] }),
    }),
    ['backup-old'],
    'tv db verify --latest',
  ],
  [
    'a backup in which the verification found a problem does not count',
    worldWith({
      backups: (value) => ({
        ...value,
        backups: [
          {
            ...backup,
            marks: { verified: { at: now.toISOString(), how: 'read', problems: ['1 byte'] }, pinned: null },
          },
        ],
      }),
    }),
    ['backup-old'],
  ],
  [
    'the marks of the only backup cannot be read → unknown whether it was verified',
    worldWith({ backups: (value) => ({ ...value, backups: [unread] }) }),
    ['backup-old'],
    'tv db verify tempovault_20261122T2200Z',
  ],
  [
    'the last verified one is old, and the marks of a newer one cannot be read → unknown, too',
    worldWith({ backups: (value) => ({ ...value, backups: [unread, verifiedBefore] }) }),
    ['backup-old'],
    'tv db verify tempovault_20261122T2200Z',
  ],
  [
    'marks that cannot be read of a backup that is old itself → none of the last hours was verified',
    worldWith({
      backups: (value) => ({ ...value, backups: [{ ...unread, createdAt: old }, verifiedBefore] }),
    }),
    ['backup-old'],
    'tv db backup',
  ],
  [
    'a backup is broken, and its marks cannot be read → it is not the verified one',
    worldWith({
      backups: (value) => ({ ...value, backups: [{ ...unread, problems: ['it is empty'] }] }),
    }),
    ['backup-old'],
    'tv db verify --latest',
  ],
  [
    'the newest verified one is recent → the marks of a newer one do not matter',
    worldWith({ backups: (value) => ({ ...value, backups: [unread, backup] }) }),
    [],
  ],
  [
    'no backup at all',
    worldWith({ backups: (value) => ({ ...value, backups: [] }) }),
    ['backup-old'],
    'tv db backup',
  ],
  [
    'the scheduled backup failed',
    worldWith({ schedule: () => [job({ last: failedRun })] }),
    ['schedule-failed:backup'],
    'journalctl -u tempovault-db-backup.service -n 50 --no-pager',
  ],
  [
    'the scheduled backup failed, when is unknown',
    worldWith({
      schedule: () => [job({ last: { ...failedRun, startedAt: undefined, endedAt: undefined } })],
    }),
    ['schedule-failed:backup'],
  ],
  [
    'a failed job that runs again is not judged yet',
    worldWith({ schedule: () => [job({ last: failedRun, running: true })] }),
    [],
  ],
  [
    'a timer is not enabled',
    worldWith({ schedule: () => [job({ enabled: false })] }),
    ['schedule-idle'],
    'tv db schedule install',
  ],
  [
    '.env has another RPC_URL than the indexer was started with',
    env({ changedAt: minutesAgo(180) }, {}, { outdated: ['RPC_URL'] }),
    ['env-outdated:indexer'],
    'tv service restart indexer',
  ],
  [
    '.env was changed after the start, in nothing that a service reads',
    env({ changedAt: minutesAgo(180) }),
    [],
  ],
  [
    'a service has other values, and was started after the change: its unit sets them',
    env({ changedAt: minutesAgo(5_000) }, {}, { outdated: ['RPC_URL'] }),
    [],
  ],
  [
    'services read .env themselves, and none was started since → none knows the change',
    env({ changedAt: minutesAgo(180) }, ...['', '', ''].map(() => ({ outdated: undefined }))),
    ['env-outdated:api', 'env-outdated:indexer', 'env-outdated:oracle'],
    'tv service restart api',
  ],
  [
    'services read .env themselves, and the relay was started since: a new key is for it alone',
    env(
      { changedAt: minutesAgo(180) },
      { outdated: undefined },
      { outdated: undefined },
      { outdated: undefined, since: minutesAgo(179) },
    ),
    [],
  ],
  [
    'a service that does not run has no old values',
    env({ changedAt: minutesAgo(180) }, { outdated: undefined, since: undefined }),
    [],
  ],
  [
    'a service was started in the second of the change',
    env({ changedAt: minutesAgo(4_560) }, { outdated: ['RPC_URL'] }),
    [],
  ],
  [
    '.env lacks what the relay needs',
    env({}, {}, {}, { missing: ['ORACLE_PRIVATE_KEY'] }),
    ['env-incomplete:oracle'],
    'once ORACLE_PRIVATE_KEY is set in /home/tempovault/tempovault/.env: tv service restart oracle',
  ],
  [
    '.env may be read by everybody',
    env({ mode: 0o644 }),
    ['env-exposed'],
    'chmod o-rwx /home/tempovault/tempovault/.env',
  ],
  [
    '.env may be read by everybody, and the services read it so → they keep it',
    env({ mode: 0o644, owner: 'root' }),
    ['env-exposed'],
    'chown tempovault /home/tempovault/tempovault/.env && chmod 600 /home/tempovault/tempovault/.env',
  ],
  ['.env may be read by its group', env({ mode: 0o640 }), []],
  [
    'events of the chain are missing in the database',
    compared({ missing: { total: 2, first: [lostLog(4_800), lostLog(4_700)] } }),
    ['events-missing'],
    'tv reindex check',
  ],
  [
    'the database has an event that the chain does not have',
    compared({ surplus: [{ table: 'events', block: 4_700, reason: 'reorganised' }] }),
    ['events-surplus'],
    'tv reindex --from-block 4700',
  ],
  [
    'the node leaves logs out → whether events are missing is unknown',
    compared({ doubt: "the RPC node's eth_getLogs leaves out logs that its receipts hold" }),
    ['events-doubtful'],
    'tv reindex check',
  ],
  ['no event in the database', worldWith({ events: () => undefined }), []],
  ['older blocks that were not compared', compared({ skipped: [{ from: 1, to: 9, reason: 'pruned' }] }), []],
  [
    'the installed monitor has exited → it is started',
    monitored({ activeState: 'failed', subState: 'failed', result: 'exit-code', since: undefined }),
    ['monitor-down'],
    'systemctl start tempovault-monitor.service',
  ],
  [
    'the monitor ends right after each start → its journal says why',
    monitored({ activeState: 'activating', subState: 'auto-restart', restarts: 40, since: undefined }),
    ['monitor-down'],
    'journalctl -u tempovault-monitor.service -n 50 --no-pager',
  ],
  [
    'the monitor was stopped and disabled by hand → one fault',
    monitored({ activeState: 'inactive', subState: 'dead', enabled: false, since: undefined }),
    ['monitor-down', 'monitor-not-enabled < monitor-down'],
    'systemctl start tempovault-monitor.service',
  ],
  [
    'the monitor is masked → it is unmasked first',
    monitored({ loadState: 'masked', activeState: 'inactive', subState: 'dead', since: undefined }),
    ['monitor-down'],
    'systemctl unmask tempovault-monitor.service && systemctl start tempovault-monitor.service',
  ],
  [
    'the monitor is active and its last check is old',
    monitored({}, { kind: 'waiting', reason: 'its last check is too old' }),
    ['monitor-silent'],
    'systemctl restart tempovault-monitor.service',
  ],
  [
    'the monitor has just been started',
    monitored(
      { since: new Date(now.getTime() - 59_000) },
      { kind: 'waiting', reason: 'its first check has not finished' },
    ),
    [],
  ],
  [
    'the monitor has been active for a minute without a check',
    monitored(
      { since: new Date(now.getTime() - 60_000) },
      { kind: 'waiting', reason: 'its first check has not finished' },
    ),
    ['monitor-silent'],
    'systemctl restart tempovault-monitor.service',
  ],
  ['the monitor looks', monitored({}), []],
  [
    'the monitor looks, and does not start at boot',
    monitored({ enabled: false }),
    ['monitor-not-enabled'],
    'systemctl enable tempovault-monitor.service',
  ],
  [
    'the monitor cannot be asked → unknown',
    monitored({}, 'curl is not installed on the host'),
    ['monitor-silent'],
    'systemctl status tempovault-monitor.service --no-pager',
  ],
  [
    'the certificate expires in a week',
    worldWith({ certificate: () => certificateUntil('2026-11-30T03:12:00.000Z') }),
    ['certificate-expiring'],
    'certbot renew && systemctl reload nginx',
  ],
  [
    'the certificate has expired, and so is not trusted',
    worldWith({ certificate: () => certificateUntil('2026-11-22T03:12:00.000Z', 'certificate has expired') }),
    ['certificate-expiring', 'certificate-untrusted < certificate-expiring'],
    'certbot renew && systemctl reload nginx',
  ],
  [
    'the certificate is of another host',
    worldWith({ certificate: () => certificateUntil('2027-11-22T03:12:00.000Z', 'altnames do not match') }),
    ['certificate-untrusted'],
    'certbot certificates',
  ],
  [
    'a run is unfinished',
    worldWith({ runs: () => ({ ...well.runs, left: [run] }) }),
    ['run-unfinished'],
    'tv resume r1',
  ],
  [
    'a run is not verified',
    worldWith({ runs: (value) => ({ ...value, unverified: ['r2'] }) }),
    ['run-unverified'],
    'tv resume r2',
  ],
  [
    'an item of the checklist that only a person can do',
    listed({}, { id: 'contract-audit', state: 'due', due: null }),
    ['checklist-due'],
    'once it is done: tv checklist done contract-audit --note "…"',
  ],
  [
    'one that tv does itself',
    listed({ id: 'backups', state: 'due', due: '2026-11-01T00:00:00.000Z' }),
    ['checklist-due'],
    'tv db verify --latest --restore',
  ],
  [
    'several are due → the list shows them',
    listed({ id: 'backups', state: 'due' }, { id: 'penetration-test', state: 'due' }),
    ['checklist-due'],
    'tv checklist',
  ],
  [
    'a certificate that expires has a finding of its own, and is not reported twice',
    listed({ id: 'certificates', state: 'due', evidence: { kind: 'contradicted', words: 'expires' } }),
    [],
  ],
  [
    'what proves an item could not be read → unknown, not due',
    listed({ id: 'roles', state: 'unknown', reason: 'the registry does not list role members' }),
    ['checklist-unknown'],
    'tv checklist',
  ],
  [
    'the RPC node is away, and with it what proves the roles → one cause',
    {
      ...listed({ id: 'roles', state: 'unknown', reason: 'connection refused' }),
      nodes: worldWith({ nodes: (all) => all.map((node) => ({ ...node, error: refused })) }).nodes,
    } as World,
    ['rpc-away', 'checklist-unknown < rpc-away'],
  ],
  [
    'a run was started without the signatures that it needs',
    worldWith({
      runs: (all) => ({
        ...all,
        unapproved: [
          {
            ...{ run: 'r1', runbook: 'breaker trip', at: '2026-11-23T02:00:00.000Z', by: 'ops@vault-1' },
            reason: 'funds are leaving',
          },
        ],
      }),
    }),
    ['run-unapproved:r1'],
    'tv runs report r1',
  ],
];

describe('rules', () => {
  it('find nothing where all is well', () => {
    expect(judge({ world: worldWith(), settings: worldSettings, now })).toEqual({
      level: 'ok',
      findings: [],
    });
  });

  it.each([
    ['activating', /systemd starts it again each time$/],
    ['failed', /systemd does not start it again$/],
  ])('a service that used up its memory and is %s', (activeState, sentence) => {
    const world = worldWith({
      services: (all) => ({ ...all, api: { ...all.api, activeState, restarts: 5 } }),
      crashes: () => ({ api: { outOfMemory: 'MemoryError', limits: {}, dropIns: [] } }),
    });
    const { findings } = judge({ world, settings: worldSettings, now });
    const found = findings.find(({ id }) => id.startsWith('service-memory'));
    expect(found?.sentence).toMatch(sentence);
  });

  it.each(situations.map(([name, world, expected, first]) => ({ name, world, expected, first })))(
    '$name',
    ({ world, expected, first }) => {
      expect(foundIn(world)).toEqual(expected);
      const [advice] = nextOf(judge({ world, settings: worldSettings, now }), 3);
      if (first !== undefined) expect(advice === undefined ? undefined : plainAdvice(advice)).toBe(first);
    },
  );

  it('restarted by systemd at a time that is unknown → unknown, no warning for ever', () => {
    const restarted = service('api', {
      ...{ restarts: 3, since: undefined },
      sinceUnknown: 'systemd reports "CET"',
    });
    expect(judge({ world: restarted, settings: worldSettings, now }).findings).toMatchObject([
      { level: 'unknown', sentence: expect.stringContaining('whether in the last hour is unknown') },
    ]);
  });

  it('the cursor does not move, and how often it is moved is unknown → unknown, no stall', () => {
    const world = worldWith({
      indexer: (state) => ({
        ...state,
        ...{ block: 4_800, isMoving: false, waitingMs: { known: true, value: 120_000 } },
        pollSeconds: { known: false, reason: '/srv/.env may not be read by this user' },
      }),
    });
    const { findings } = judge({ world, settings: worldSettings, now });
    expect(findings.find(({ id }) => id === 'indexer-stalled')).toMatchObject({
      level: 'unknown',
      sentence:
        'whether the indexer makes progress is unknown: it is 200 blocks behind and its cursor does not move since block 4 801 came 2 min ago, and how often it asks for blocks is unknown (/srv/.env may not be read by this user)',
    });
  });

  it('each has a situation', () => {
    // That one rests on a setting, and has a table of its own.
    const situated = situations.flatMap(([, , ids]) => ids.map((id) => id.split(/[: ]/)[0]));
    const found = new Set(['backup-not-copied', ...situated]);
    expect(rules.map(({ id }) => id).filter((id) => !found.has(id))).toEqual([]);
  });

  it('have names of their own, and name causes that exist', () => {
    const ids = rules.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const known = new Set([
      ...ids,
      ...sourceIds.map((id) => `unknown-${id}`),
      ...Object.values(unreadable).flatMap(({ away: id }) => (id === undefined ? [] : [id])),
    ]);
    const named = [
      ...[...rules, ...Object.values(unreadable)].flatMap(({ causes = [] }) => causes),
      ...Object.values(unreadable).flatMap(({ lateCauses = [] }) => lateCauses),
    ];
    expect(named.map((id) => id.split(':')[0] ?? '').filter((id) => !known.has(id))).toEqual([]);
  });

  const copy = { command: ['rclone'], check: ['rclone'], fetch: undefined, timeoutMs: 6 * 3_600_000 };
  const copied = { at: now.toISOString(), checkedAt: now.toISOString(), problems: [] };
  const before = { ...backup, name: 'old', createdAt: old };
  it.each<[string, readonly object[], string | undefined, (readonly string[])?]>([
    ['a copy proven by sums', [{ copied: { ...copied, how: 'sum' } }], undefined],
    ['a copy proven by sizes', [{ copied: { ...copied, how: 'size' } }], undefined],
    ['none yet, of one that was made just now', [{}], undefined],
    [
      'none yet of the newest, and none of the one before',
      [{}, {}],
      'the newest verified backup has no verified copy off the host',
      ['db', 'copy', 'old'],
    ],
    [
      'the check did not list a file',
      [{ copied: { ...copied, how: 'size', problems: ['the check does not list data/1.dat.gz'] } }],
      'the newest verified backup has no verified copy off the host: the check does not list data/1.dat.gz',
      ['db', 'copy', backup.name],
    ],
    [
      'nothing but an exit code',
      [{ copied: { ...copied, how: 'exit-code' } }],
      'the newest verified backup has no verified copy off the host: only the exit code of rclone says that it was copied',
      ['config', 'show'],
    ],
  ])('backup.copy is set, %s', (_, marks, sentence, words) => {
    const backups = marks.map((mark, index) => {
      const base = index === 0 ? backup : before;
      return { ...base, marks: { ...base.marks, ...mark } };
    });
    const world = worldWith({ backups: (value) => ({ ...value, backups: backups as typeof value.backups }) });
    const settings = { ...worldSettings, backup: { directory: '/backup', copy } };
    const found = judge({ world, settings, now }).findings.filter(({ id }) => id === 'backup-not-copied');
    expect(found.map((finding) => finding.sentence)).toEqual(sentence === undefined ? [] : [sentence]);
    expect(found.flatMap(({ next }) => next)).toEqual(
      words === undefined ? [] : [expect.objectContaining({ tv: words })],
    );
    // Without the setting there is nothing to copy.
    expect(judge({ world, settings: worldSettings, now }).findings).toEqual([]);
  });

  it.each<[string, World, 'unknown' | 'warning', string]>([
    [
      'of a recent backup → unknown',
      worldWith({ backups: (value) => ({ ...value, backups: [unread, verifiedBefore] }) }),
      'unknown',
      'whether the backups of the last 1d 2h were verified is unknown: the marks of tempovault_20261122T2200Z cannot be read',
    ],
    [
      'of an old one → nothing recent was verified, whatever they say',
      worldWith({ backups: (value) => ({ ...value, backups: [{ ...unread, createdAt: old }] }) }),
      'warning',
      'no backup of the last 1d 2h was verified; the marks of tempovault_20261122T2200Z cannot be read',
    ],
  ])('marks that cannot be read, %s', (_, world, level, sentence) => {
    const { findings } = judge({ world, settings: worldSettings, now });
    expect(findings.map((found) => [found.level, found.sentence])).toEqual([[level, sentence]]);
  });

  it.each<[string, object, boolean]>([
    ['that is due for its copy → unknown', { createdAt: old }, true],
    ['that may be on its way → the one before it is judged', {}, false],
  ])('backup.copy is set, and marks cannot be read of a backup %s', (_, change, isUnknown) => {
    const both = [
      { ...unread, ...change },
      { ...verifiedBefore, marks: { ...backup.marks, copied: { ...copied, how: 'sum' as const } } },
    ];
    const world = worldWith({ backups: (value) => ({ ...value, backups: both }) });
    const settings = { ...worldSettings, backup: { directory: '/backup', copy } };
    const found = judge({ world, settings, now }).findings.filter(({ id }) => id === 'backup-not-copied');
    expect(found.map(({ level, sentence }) => [level, sentence])).toEqual(
      isUnknown
        ? [
            [
              'unknown',
              'whether the newest verified backup has a verified copy off the host is unknown: the marks of tempovault_20261122T2200Z cannot be read',
            ],
          ]
        : [],
    );
  });

  it('a new sandbox has no backup → no finding', () => {
    const world = worldWith({ backups: (value) => ({ ...value, backups: [] }) });
    expect(foundIn(world, { ...worldSettings, sandbox: true } as Settings)).toEqual([]);
  });
});

describe('who stopped it, and when', () => {
  const by = '0x70997970C51812dc3A010C7d01b50e0d17dc79C8';
  const evidence = (world: World) =>
    judge({ world, settings: worldSettings, now: worldNow }).findings.map((finding) => finding.evidence);
  const paused = { protocol: (value: object) => ({ ...value, paused: true }) };
  const pausedBy = (pause: unknown) => worldWith({ ...paused, pause: () => pause } as never);

  it.each<readonly [string, World, Readonly<Record<string, string>>]>([
    [
      'a pause with its event',
      pausedBy({ known: true, value: { by, block: 4_900, at: seconds - 300 } }),
      { paused: `5 min ago by ${by}, block 4 900` },
    ],
    [
      'a chain of which the clock runs ahead',
      pausedBy({ known: true, value: { by, block: 4_900, at: seconds + 3 } }),
      { paused: `just now by ${by}, block 4 900` },
    ],
    [
      'a node that leaves the time out of its logs',
      pausedBy({ known: true, value: { by, block: 4_900, at: null } }),
      { paused: `by ${by}, block 4 900` },
    ],
    [
      'blocks that are not served',
      pausedBy({ known: false, reason: 'blocks before 4 000 were not read' }),
      { paused: 'blocks before 4 000 were not read' },
    ],
    [
      'a search that takes too long',
      worldWith(paused as never, { pause: late() }),
      { paused: 'no answer within 2.5 s' },
    ],
  ])('%s', (_name, world, expected) => {
    expect(evidence(world)).toEqual([expected]);
  });

  it.each([
    ['tripped', undefined, `5 min ago by ${by}, block 4 900`],
    // The contract opens one by itself, and names no account.
    ['reset', undefined, 'no event names who opened it'],
    [null, 'blocks before 4 000 were not read', 'blocks before 4 000 were not read'],
  ])('an open breaker, last %s, %s', (kind, historyUnknown, expected) => {
    const last =
      kind === null
        ? null
        : { kind, by, block: 4_900, at: seconds - 300, transaction: `0x${'a'.repeat(64)}` };
    const world = worldWith({
      breakers: (value: { breakers: readonly object[] }) => ({
        ...value,
        historyUnknown,
        breakers: value.breakers.map((one) => ({ ...one, open: true, last })),
      }),
    } as never);
    const more = historyUnknown === undefined ? {} : { 'more may be open': historyUnknown };
    expect(evidence(world)).toEqual([{ 'A-B': expected, ...more }]);
  });
});

describe('what was not read', () => {
  it.each<[string, World, string]>([
    [
      'the database is unknown, and an item of the checklist is due → unknown, first of all',
      worldWith(
        { checklist: (value) => ({ ...value, items: [{ ...item, state: 'due' }] }) },
        { database: late() },
      ),
      'unknown-database',
    ],
    [
      'the database is unknown, and no RPC node answers → critical, first of all',
      worldWith(
        { nodes: (all) => all.map((node) => ({ ...node, id: undefined, head: undefined, error: refused })) },
        { database: late() },
      ),
      'rpc-away',
    ],
  ])('%s', (_, world, first) => {
    const { level, findings } = judge({ world, settings: worldSettings, now });
    expect([level, findings[0]?.id]).toEqual([first === 'rpc-away' ? 'critical' : 'unknown', first]);
    expect(findings.map(({ id }) => id)).toContain('unknown-database');
  });

  it.each(sourceIds)('%s → never ok', (id) => {
    const { level } = judge({ world: worldWith({}, { [id]: late() }), settings: worldSettings, now });
    expect(level).toBe(unreadable[id].quiet === true ? 'ok' : 'unknown');
  });

  it('a source that was not read is not judged', () => {
    const { backups: _, ...world } = worldWith({ backups: (value) => ({ ...value, backups: [] }) });
    expect(foundIn(world)).toEqual([]);
  });

  it.each([
    ['services', 'host-away'],
    ['database', 'database-away'],
    ['api', 'api-away'],
  ] as const)('%s certainly away → %s, critical', (id, finding) => {
    const judged = judge({ world: worldWith({}, { [id]: away() }), settings: worldSettings, now });
    expect(judged.findings.map(({ id: found, level }) => [found, level])).toEqual([[finding, 'critical']]);
  });

  it('a host that cannot be reached explains all that is read through it', () => {
    const world = worldWith(
      {},
      {
        services: away(),
        processes: away(),
        machine: away(),
        disk: away(),
        backups: away(),
        schedule: away(),
        relay: away(),
      },
    );
    const ids = foundIn(world);
    expect(ids[0]).toBe('host-away');
    expect(ids.slice(1).every((id) => id.endsWith('< host-away'))).toBe(true);
    expect(ids).toHaveLength(7);
  });
});

describe('causes', () => {
  const dead = {
    signals: () => ({ ...well.signals, signals: [{ ...signal, health: 'dead', ageSeconds: 360 }] }),
  };
  const down = (name: 'api' | 'indexer' | 'oracle', state = 'inactive') => ({
    services: () => ({
      ...well.services,
      [name]: { ...well.services[name], activeState: state, subState: 'dead' },
    }),
  });
  const stalled = {
    indexer: () => ({
      ...well.indexer,
      block: 4_990,
      waitingMs: { known: true as const, value: 120_000 },
      isMoving: false,
    }),
  };
  const notReady = (checks: object) => ({
    api: () => ({ ...well.api, ready: { ready: false, checks } }),
  });
  const noNodes = {
    nodes: () => [{ ...nodeA, id: undefined, head: undefined, behind: undefined, error: refused }],
  };
  const paused = { protocol: () => ({ ...well.protocol, paused: true }) };
  const relayHas = (id: string) => ({
    relay: () => ({ ...well.relay, troubles: [{ id, summary: id, next: [] }] }),
  });

  it.each<[string, World, readonly string[]]>([
    [
      'relay off → signals dead',
      worldWith({ ...dead, ...down('oracle') } as never),
      ['service-down:oracle', 'signals-dead < service-down:oracle'],
    ],
    [
      'relay without funds → signals dead',
      worldWith({ ...dead, ...relayHas('no-fees') } as never),
      ['relay-no-fees', 'signals-dead < relay-no-fees'],
    ],
    [
      'relay stuck → signals dead',
      worldWith({ ...dead, ...relayHas('stuck') } as never),
      ['relay-stuck', 'signals-dead < relay-stuck'],
    ],
    [
      'wrong key → signals dead',
      worldWith({ ...dead, ...relayHas('not-authorised') } as never),
      ['relay-not-authorised', 'signals-dead < relay-not-authorised'],
    ],
    [
      'paused → signals are refused',
      worldWith({ ...dead, ...paused } as never),
      ['paused', 'signals-dead < paused'],
    ],
    [
      'paused → the relay is off on purpose',
      worldWith({ ...paused, ...down('oracle') } as never),
      ['paused', 'service-down:oracle < paused'],
    ],
    [
      'paused, and the relay has failed → not on purpose',
      worldWith({ ...paused, ...down('oracle', 'failed') } as never),
      ['service-down:oracle', 'paused'],
    ],
    [
      'indexer off → no progress',
      worldWith({ ...stalled, ...down('indexer') } as never),
      ['service-down:indexer', 'indexer-stalled < service-down:indexer'],
    ],
    [
      'database away → API not ready, indexer unknown',
      worldWith(notReady({ database: false }) as never, { database: refused, indexer: refused }),
      ['database-away', 'api-unhealthy < database-away', 'unknown-indexer < database-away'],
    ],
    [
      'RPC away → API not ready',
      worldWith({ ...noNodes, ...notReady({ rpc: false }) } as never),
      ['rpc-away', 'api-unhealthy < rpc-away'],
    ],
    [
      'API off → it cannot be reached',
      worldWith(down('api') as never, { api: refused }),
      ['service-down:api', 'api-away < service-down:api'],
    ],
    [
      'database away, and the API complains of the RPC only → not explained by it',
      worldWith(notReady({ rpc: false }) as never, { database: refused }),
      ['database-away', 'api-unhealthy'],
    ],
    [
      'the relay is off, and .env has no key → the key comes first',
      worldWith({
        ...down('oracle', 'failed'),
        envFile: () => ({
          ...well.envFile,
          services: [
            { service: 'oracle', since: undefined, missing: ['ORACLE_PRIVATE_KEY'], outdated: undefined },
          ],
        }),
      } as never),
      ['env-incomplete:oracle', 'service-down:oracle < env-incomplete:oracle'],
    ],
    [
      'the chain was reorganised → its events are not the ones of the database',
      worldWith({
        indexer: () => ({ ...well.indexer, block: 5_100 }),
        events: () => ({
          ...well.events,
          surplus: [{ table: 'events', block: 4_700, reason: 'reorganised' }],
        }),
      } as never),
      ['events-surplus', 'indexer-ahead < events-surplus'],
    ],
    [
      'a reindex is unfinished → it brings the events back',
      worldWith({
        events: () => ({ ...well.events, missing: { total: 1, first: [lostLog(4_700)] } }),
        runs: () => ({ ...well.runs, left: [run] }),
      } as never),
      ['run-unfinished', 'events-missing < run-unfinished'],
    ],
    [
      'RPC unknown → the comparison is, too',
      worldWith({}, { nodes: late(), events: late() }),
      ['unknown-nodes', 'unknown-events < unknown-nodes'],
    ],
    [
      '.env cannot be read → the account of the relay is unknown for that',
      worldWith({}, { envFile: late(), relay: late() }),
      ['unknown-envFile', 'unknown-relay < unknown-envFile'],
    ],
    [
      'stopped by an unfinished run → the run is to be finished',
      worldWith({
        ...down('indexer'),
        runs: () => ({ ...well.runs, left: [run], stopped: { indexer: 'r1' } }),
      } as never),
      ['run-unfinished', 'service-down:indexer < run-unfinished'],
    ],
    [
      'an unfinished rotation → it is to be finished, not another one begun',
      worldWith({
        ...relayHas('not-authorised'),
        runs: () => ({
          ...well.runs,
          left: [{ ...run, started: { ...run.started, runbook: 'oracle rotate-key' } }],
        }),
      } as never),
      ['run-unfinished', 'relay-not-authorised < run-unfinished'],
    ],
    [
      'another unfinished run does not explain a key that is not authorised',
      worldWith({
        ...relayHas('not-authorised'),
        runs: () => ({ ...well.runs, left: [run] }),
      } as never),
      ['relay-not-authorised', 'run-unfinished'],
    ],
    [
      'RPC away, and the relay is off → neither explains the other, what rests on the node is beneath it',
      worldWith({ ...noNodes, ...down('oracle', 'failed') } as never, { signals: late(), relay: late() }),
      ['rpc-away', 'unknown-signals < rpc-away', 'unknown-relay < rpc-away', 'service-down:oracle'],
    ],
    [
      'RPC away and signals dead as far as a node of before said → the node is no cause of what was read',
      worldWith({ ...noNodes, ...dead } as never),
      ['rpc-away', 'signals-dead'],
    ],
    [
      'database away, and the API waits for it longer than a check → late because of it',
      worldWith({}, { database: refused, indexer: refused, events: refused, api: late() }),
      [
        'database-away',
        'unknown-indexer < database-away',
        'unknown-events < database-away',
        'unknown-api < database-away',
      ],
    ],
    [
      'database away, and the API refuses connections → two faults',
      worldWith({}, { database: refused, indexer: refused, events: refused, api: away('no listener') }),
      ['database-away', 'unknown-indexer < database-away', 'unknown-events < database-away', 'api-away'],
    ],
    [
      'disk full, and the database is away → both, the database first',
      worldWith({ disk: () => ({ ...well.disk, freeBytes: 0 }) } as never, {
        database: refused,
        indexer: refused,
        events: refused,
      }),
      ['database-away', 'unknown-indexer < database-away', 'unknown-events < database-away', 'disk-full'],
    ],
    [
      'disk full, and the indexer makes no progress → for want of room',
      worldWith({ ...stalled, disk: () => ({ ...well.disk, freeBytes: 0 }) } as never),
      ['disk-full', 'indexer-stalled < disk-full'],
    ],
    [
      'RPC and database away → each with what rests on it',
      worldWith(noNodes as never, {
        ...{ chain: refused, database: away('no database'), indexer: late(), events: late() },
      }),
      [
        'database-away',
        'unknown-indexer < database-away',
        'unknown-events < database-away',
        'rpc-away',
        'unknown-chain < rpc-away',
      ],
    ],
    [
      'two indexers, and rows of replaced blocks → the second indexer first',
      worldWith({
        processes: () => ({
          ...well.processes,
          indexer: [...well.processes.indexer, { ...well.processes.indexer[0], pid: 9, unit: 'x.service' }],
        }),
        events: () => ({ ...well.events, surplus: [surplusRow(4_990)] }),
      } as never),
      ['service-twice:indexer', 'events-surplus'],
    ],
    [
      'the API dies of its memory, and pages could not be asked for → one cause',
      worldWith(
        { crashes: () => ({ api: { outOfMemory: 'MemoryError', limits: {}, dropIns: [] } }) } as never,
        { api: away(), cors: refused },
      ),
      ['service-memory:api', 'api-away < service-memory:api', 'unknown-cors < service-memory:api'],
    ],
    [
      'certificate expired, and pages could not be asked for through it → one cause',
      worldWith(
        { certificate: () => certificateUntil('2026-11-20T00:00:00Z', 'CERT_HAS_EXPIRED') } as never,
        { cors: refused },
      ),
      [
        'certificate-expiring',
        'certificate-untrusted < certificate-expiring',
        'unknown-cors < certificate-expiring',
      ],
    ],
    [
      'wrong fee token, and the relay is held → what holds it first, then the token',
      worldWith({
        ...dead,
        ...relayHas('fee-token'),
        processes: () => ({
          ...well.processes,
          oracle: [{ ...well.processes.oracle[0], stopped: true }],
        }),
      } as never),
      ['service-frozen:oracle', 'signals-dead < service-frozen:oracle', 'relay-fee-token'],
    ],
    [
      'cursor ahead of the chain, and rows of replaced blocks → one reorganisation',
      worldWith({
        indexer: () => ({ ...well.indexer, block: 5_020 }),
        events: () => ({ ...well.events, surplus: [surplusRow(4_990)] }),
      } as never),
      ['events-surplus', 'indexer-ahead < events-surplus'],
    ],
    [
      'an unfinished run that stopped something else',
      worldWith({
        ...down('indexer'),
        runs: () => ({ ...well.runs, left: [run], stopped: { api: 'r1' } }),
      } as never),
      ['service-down:indexer', 'run-unfinished'],
    ],
  ])('%s', (_, world, expected) => {
    expect(foundIn(world)).toEqual(expected);
  });

  it('missing events: first see what the sample left out, then rebuild from the first of them', () => {
    const world = compared({ missing: { total: 2, first: [lostLog(4_800), lostLog(4_700)] } });
    const judged = judge({ world, settings: worldSettings, now });
    expect(nextOf(judged).map(plainAdvice)).toEqual(['tv reindex check', 'tv reindex --from-block 4700']);
    expect(judged.findings[0]?.sentence).toBe(
      '2 events of the chain are missing in the database, in a sample of 1 000 blocks up to 4 999',
    );
  });

  it('what a cause explains gives no command, and at most three are given', () => {
    const world = worldWith({ ...dead, ...down('oracle') } as never);
    const judged = judge({ world, settings: worldSettings, now });
    expect(nextOf(judged, 3).map(plainAdvice)).toEqual([
      'tv oracle recover',
      'journalctl -u tempovault-oracle -n 50 --no-pager',
    ]);
    expect(nextOf(judged, 1)).toHaveLength(1);
  });

  it('the worst comes first, also where only its consequence is the worst', () => {
    const world = worldWith({
      ...paused,
      ...down('oracle'),
      disk: () => ({ ...well.disk, freeBytes: well.disk.totalBytes / 10 }),
    } as never);
    // Paused is a warning like the disk, and explains what is critical.
    expect(foundIn(world)).toEqual(['paused', 'service-down:oracle < paused', 'disk-full']);
  });
});

it('exit codes are those of monitoring plugins', () => {
  expect(pluginExitCode).toEqual({ ok: 0, warning: 1, critical: 2, unknown: 3 });
});

it('what is unknown because of one cause is one line, and what is known to be wrong keeps its own', () => {
  const world = worldWith(
    {
      nodes: () => [{ ...nodeA, id: undefined, head: undefined, behind: undefined, error: refused }],
      api: (value) => ({ ...value, ready: { ready: false, checks: { rpc: false }, durationMs: 1 } }),
    },
    { chain: late(), protocol: late(), breakers: late(), database: late() },
  );
  const { findings } = judge({ world, settings: worldSettings, now });
  expect(renderFindings(findings, plainPaint(80)).split('\n')).toEqual([
    '  ✖ Connection refused',
    '    node  https://a.example',
    '    which explains:',
    '    ✖ the API is healthy and not ready, its RPC is away',
    '    ? unknown because of it: chain, protocol, breakers',
    expect.stringMatching(/^ {2}\? Database unknown: no answer within 2\.5 s$/),
  ]);
});
