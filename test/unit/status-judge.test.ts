import { describe, expect, it } from 'vitest';
import status from '../../runbooks/status.ts';
import { WrongChainError } from '../../src/chain/assertChainId.ts';
import { nodeTroubles } from '../../src/chain/checkChainIds.ts';
import type { PairSignal, SignalHealth } from '../../src/chain/oracle/readPairSignals.ts';
import { prunable } from '../../src/database/backup/choosePrune.ts';
import type { Backup } from '../../src/database/backup/listBackups.ts';
import { plainAdvice } from '../../src/errors/advice.ts';
import { UnavailableError } from '../../src/errors/TvError.ts';
import type { RunState } from '../../src/journal/runState.ts';
import { judgeDisk } from '../../src/observe/disk.ts';
import { judgeIndexer } from '../../src/observe/indexer.ts';
import { asChain, onRightChainOnly } from '../../src/observe/rightChain.ts';
import { judgeRuns } from '../../src/observe/runs.ts';
import { adviseOnStopped } from '../../src/observe/services.ts';
import { judgeOracle } from '../../src/observe/signals.ts';
import { plainPaint } from '../support/paint.ts';

const now = new Date('2026-11-23T03:12:00.000Z');

const signal = (health: SignalHealth, ageSeconds: number | null): PairSignal => ({
  pair: { id: `0x${'1'.repeat(64)}`, name: 'A-B' },
  nonce: '7',
  at: 1,
  ageSeconds,
  health,
});

describe('signals of the oracle', () => {
  it.each<[string, PairSignal[], boolean, string, RegExp]>([
    [
      'all healthy',
      [signal('healthy', 5), signal('healthy', 3)],
      false,
      'ok',
      /2 pairs, all healthy; newest signal 3\.0 s ago/,
    ],
    [
      'every pair dead for six minutes',
      [signal('dead', 360), signal('dead', 361)],
      false,
      'critical',
      /2 of 2 pairs .* dead for 6 min/,
    ],
    ['one of two dead', [signal('healthy', 5), signal('dead', 360)], false, 'critical', /1 of 2 pairs/],
    ['one stale', [signal('stale', 200)], false, 'warning', /stale for 3 min 20 s/],
    ['no signal ever', [signal('never', null)], false, 'critical', /has no signal/],
    ['dead while the contract accepts none', [signal('dead', 360)], true, 'warning', /while paused/],
    ['no pair known', [], false, 'unknown', /no pair is known/],
  ])('%s', (_, signals, paused, level, words) => {
    const reading = judgeOracle(signals, { expectsNone: paused, intervalSeconds: undefined, now });
    expect(reading.level).toBe(level);
    expect(reading.summary).toMatch(words);
  });
});

describe('signals that are younger than the threshold of the contract', () => {
  const aged = (ageSeconds: number, clockSeconds = ageSeconds): PairSignal => ({
    ...signal('healthy', ageSeconds),
    at: now.getTime() / 1000 - clockSeconds,
  });
  const judge = (signals: readonly PairSignal[], intervalSeconds: number | undefined, expectsNone = false) =>
    judgeOracle(signals, { expectsNone, intervalSeconds, now });

  it.each<[string, ReturnType<typeof judge>, string]>([
    ['within two intervals', judge([aged(50)], 20), 'ok'],
    ['older than two intervals', judge([aged(56)], 20), 'warning'],
    ['one of two pairs is recent', judge([aged(56), aged(5)], 20), 'ok'],
    ['old by the chain, whose clock is ahead', judge([aged(120, 5)], 20), 'ok'],
    ['interval unknown', judge([aged(120)], undefined), 'ok'],
    ['older than two intervals, paused', judge([aged(120)], 20, true), 'ok'],
  ])('%s', (_, { level, next }, expected) => {
    expect(level).toBe(expected);
    expect(next).toEqual(expected === 'ok' ? undefined : [{ tv: ['oracle', 'status'] }]);
  });

  it('says how often the relay sends', () => {
    expect(judge([aged(56)], 20).summary).toBe(
      '1 pair, all healthy; newest signal 56 s ago; the relay sends one every 20 s, and has missed at least two',
    );
  });
});

describe('advice on services that are stopped on purpose', () => {
  const units = { api: 'tv-api', indexer: 'tv-indexer', oracle: 'tv-oracle' } as const;
  const screen = ({ paused = false, stopped = {}, state = 'inactive' }) =>
    adviseOnStopped(
      [
        { id: 'tv-indexer', level: 'critical', summary: state, next: ['journalctl'], data: { state } },
        { id: 'protocol', level: 'warning', summary: '', next: ['resume'], data: { paused } },
        {
          id: 'indexer',
          level: 'critical',
          summary: 'no progress',
          next: [{ shell: 'systemctl restart', on: 'host' }],
        },
        { id: 'runs', level: 'warning', summary: '', next: [{ tv: ['resume', 'r1'] }], data: { stopped } },
      ],
      units,
    );
  const lines = (samples: ReturnType<typeof screen>) =>
    samples.map(({ summary, next = [] }) => `${summary}: ${next.map(plainAdvice).join()}`);

  it.each<[string, Parameters<typeof screen>[0], readonly string[]]>([
    [
      'by an unfinished run → the run is named, and no restart advised',
      { stopped: { indexer: 'r1' } },
      ['inactive; stopped by r1: ', ': resume', 'no progress: ', ': tv resume r1'],
    ],
    [
      'in a pause',
      { paused: true },
      ['inactive; the protocol is paused: ', ': resume', 'no progress: ', ': tv resume r1'],
    ],
    [
      'failed in a pause → not on purpose',
      { paused: true, state: 'failed' },
      ['failed: journalctl', ': resume', 'no progress: systemctl restart', ': tv resume r1'],
    ],
    [
      'by nobody known',
      { stopped: { api: 'r1' } },
      ['inactive: journalctl', ': resume', 'no progress: systemctl restart', ': tv resume r1'],
    ],
  ])('%s', (_, so, expected) => {
    expect(lines(screen(so))).toEqual(expected);
  });
});

it('an unfinished run comes first in Next, also where it is only a warning; then the pause', () => {
  const samples = [
    {
      id: 'tv-api',
      level: 'critical',
      summary: 'failed',
      next: [{ shell: 'journalctl -u tv-api', on: 'host' }],
    },
    { id: 'protocol', level: 'warning', summary: 'PAUSED', next: [{ tv: ['emergency', 'resume'] }] },
    { id: 'runs', level: 'warning', summary: 'unfinished: r1', next: [{ tv: ['resume', 'r1'] }] },
  ] as const;
  const data = { environment: 'drill', chainId: 1, level: 'critical', samples } as const;
  const text = status.render(data, plainPaint(80), {});
  expect(text.slice(text.indexOf('Next:'))).toBe(
    'Next: tv resume r1\n      tv emergency resume\n      journalctl -u tv-api\n',
  );
});

describe('nodes of the chain', () => {
  const node = (url: string, durationMs: number) => ({
    ...{ url, durationMs, id: 1, head: 5, behind: 0, error: undefined },
  });
  it.each([
    ['quick', [node('a', 100)], []],
    ['slow', [node('a', 3_000)], ['the RPC node takes 3.0 s per answer']],
    ['one of two slow', [node('a', 100), node('b', 2_500)], ['b takes 2.5 s per answer']],
  ] as const)('%s → named', (_, nodes, troubles) => {
    expect(nodeTroubles(nodes)).toEqual(troubles);
  });
});

describe('indexer', () => {
  const at = (block: number, head: number | undefined, speed = 0, source: 'cursor' | 'rows' = 'cursor') =>
    judgeIndexer({ block, head, speed, source, unit: 'tempovault-indexer' });

  const standing = (lag: number, waitingMs: number | undefined) =>
    judgeIndexer(
      { block: 100, head: 100 + lag, speed: 0, source: 'cursor', unit: 'x', waitingMs, stallMs: 72_000 },
      'its journal: read-only',
    );

  it.each<[string, ReturnType<typeof at>, string, RegExp]>([
    ['at the head', at(100, 100), 'ok', /^cursor 100, at the head/],
    ['a block behind', at(99, 100), 'ok', /1 block behind/],
    ['cursor ahead of the head', at(112, 100), 'critical', /12 blocks ahead of the head 100/],
    [
      'newest event ahead of the head',
      at(112, 100, 0, 'rows'),
      'critical',
      /newest event 112 is 12 blocks ahead/,
    ],
    ['far behind and moving', at(100, 300, 9), 'warning', /200 blocks behind, 9 blocks/],
    ['far behind and not moving', at(100, 300), 'critical', /makes no progress/],
    ['behind, not moving, within its polls', standing(39, 10_000), 'ok', /39 blocks behind, 0 blocks\/s$/],
    [
      'behind, and not moving for longer',
      standing(39, 90_000),
      'critical',
      /39 blocks behind, 0 blocks\/s: it makes no progress since block 101 came .* ago; its journal: read-only$/,
    ],
    ['behind, age of the next block unknown', standing(39, undefined), 'ok', /39 blocks behind/],
    ['chain unknown', at(100, undefined), 'unknown', /blocks behind unknown, as chain$/],
  ])('%s', (_, reading, level, words) => {
    expect(reading.level).toBe(level);
    expect(reading.summary).toMatch(words);
  });
});

describe('disk', () => {
  const disk = (freeBytes: number, prunableBytes: number | undefined) =>
    judgeDisk({ directory: '/backup', mount: '/', totalBytes: 1_000, freeBytes, prunableBytes });

  it.each<[string, ReturnType<typeof disk>, string, string | undefined]>([
    ['room enough', disk(500, undefined), 'ok', undefined],
    ['full, old backups', disk(50, 400), 'warning', 'tv db prune'],
    ['full, nothing to prune', disk(50, 0), 'warning', 'du -xh --max-depth=2 / | sort -h | tail'],
    ['full, backups unknown', disk(50, undefined), 'warning', 'du -xh --max-depth=2 / | sort -h | tail'],
  ])('%s → advice that makes room', (_, reading, level, first) => {
    expect(reading.level).toBe(level);
    expect((reading.next ?? []).map(plainAdvice)[0]).toBe(first);
  });

  it('full, nothing to prune → says so', () => {
    expect(disk(50, 0).summary).toContain('no backup is old enough to prune');
  });

  it('what prune would free is what tv db prune removes', () => {
    const backup = (days: number, pinned = false) =>
      ({
        name: `d${days}`,
        createdAt: new Date(now.getTime() - days * 86_400_000).toISOString(),
        bytes: 10,
        problems: [],
        marks: { verified: null, pinned: pinned ? { reason: 'x' } : null },
      }) as unknown as Backup;
    const all = [backup(1), backup(29), backup(31), backup(40, true), backup(60)];
    expect(prunable(all, { now, keepDays: 30, keepVerified: 3 }).map(({ name }) => name)).toEqual([
      'd31',
      'd60',
    ]);
    expect(prunable([backup(90)], { now, keepDays: 30, keepVerified: 3 })).toEqual([]);
  });
});

describe('runs', () => {
  const run = (id: string, runbook: string, status: RunState['status'], supersededBy?: string) =>
    ({
      started: { run: id, runbook, at: now.toISOString(), plan: { steps: [] } },
      steps: new Map(),
      status,
      ...(supersededBy === undefined ? {} : { supersededBy }),
    }) as unknown as RunState;
  const judge = (
    states: readonly RunState[],
    unusual: readonly string[] = [],
    locks: readonly string[] = [],
  ) => judgeRuns({ states, unusual, locks });
  const locks = ['question open: db restore by alice@vault-1'];

  it.each<[string, ReturnType<typeof judge>, string, RegExp]>([
    ['none', judge([]), 'ok', /^none unfinished$/],
    ['unverified', judge([run('r1', 'reindex', 'unverified')]), 'warning', /^not verified: r1$/],
    [
      'unverified, then verified',
      judge([run('r1', 'reindex', 'unverified'), run('r2', 'reindex', 'verified')]),
      'ok',
      /none/,
    ],
    ['unverified and superseded', judge([run('r1', 'reindex', 'unverified', 'r2')]), 'ok', /none/],
    ['unfinished', judge([run('r1', 'reindex', 'killed')]), 'warning', /^unfinished: r1$/],
    [
      'unfinished, protocol open',
      judge([run('r1', 'x', 'killed')], ['protocol is OPEN']),
      'critical',
      /protocol is OPEN/,
    ],
    ['running', judge([run('r1', 'reindex', 'running')], [], locks), 'ok', /^running now: r1; question open/],
    ['question open', judge([], [], locks), 'ok', /^none unfinished; question open: db restore by alice/],
  ])('%s', (_, reading, level, words) => {
    expect(reading.level).toBe(level);
    expect(reading.summary).toMatch(words);
  });

  it('an unverified run comes with the command that checks it again', () => {
    expect(judge([run('r1', 'reindex', 'unverified')]).next).toEqual([{ tv: ['resume', 'r1'] }]);
  });
});

describe('what needs the chain', () => {
  const never = new Promise<never>(() => {});
  const ok = async () => ({ level: 'ok', summary: 'not paused' }) as const;

  it.each<[string, () => Promise<unknown>, Promise<unknown>, string]>([
    ['right chain', () => Promise.resolve(1), never, 'not paused'],
    [
      'wrong chain',
      () => Promise.reject(new WrongChainError('chain.wrong-chain', 'The RPC node is on chain 1, not 2.')),
      never,
      asChain,
    ],
    [
      'node away',
      () => Promise.reject(new UnavailableError('chain.node-unreachable', 'The RPC node cannot be reached.')),
      never,
      asChain,
    ],
    ['node hangs', () => never, Promise.resolve(), asChain],
  ])('%s', async (_, right, late, summary) => {
    expect((await onRightChainOnly(right(), late, ok)).summary).toBe(summary);
  });

  it('a bug is thrown', async () => {
    await expect(onRightChainOnly(Promise.reject(new Error('bug')), never, ok)).rejects.toThrow('bug');
  });
});
