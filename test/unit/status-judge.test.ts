import { describe, expect, it } from 'vitest';
import { nodeTroubles } from '../../src/chain/checkChainIds.ts';
import { prunable } from '../../src/database/backup/choosePrune.ts';
import type { Backup } from '../../src/database/backup/listBackups.ts';

const now = new Date('2026-11-23T03:12:00.000Z');

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
  expect(
    prunable(all, { now, keepDays: 30, keepVerified: 3, needsCopy: false }).map(({ name }) => name),
  ).toEqual(['d31', 'd60']);
  expect(prunable([backup(90)], { now, keepDays: 30, keepVerified: 3, needsCopy: false })).toEqual([]);
});
