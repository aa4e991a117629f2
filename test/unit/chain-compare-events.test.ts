import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareEvents, type EventRow } from '../../src/chain/compareEvents.ts';
import type { EventName } from '../../src/chain/events.ts';
import type { ChainLog } from '../../src/chain/readLogs.ts';

const hash = (block: number, transaction: number): `0x${string}` =>
  `0x${block.toString(16).padStart(32, '0')}${transaction.toString(16).padStart(32, '0')}`;

const log = (block: number, logIndex: number, event: EventName | undefined, transaction = 0): ChainLog => ({
  block,
  logIndex,
  event,
  blockHash: hash(block, 0),
  transactionHash: hash(block, transaction),
  address: `0x${'11'.repeat(20)}`,
  topic: undefined,
});

const row = (from: ChainLog, table = 'events', numbered = true): EventRow => ({
  table,
  block: from.block,
  transactionHash: from.transactionHash,
  logIndex: numbered ? from.logIndex : undefined,
});

async function* stream<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

const compare = (logs: readonly ChainLog[], rows: readonly EventRow[]) =>
  compareEvents({
    chain: stream(logs),
    database: stream(rows),
    keeps: (one) => one.event !== undefined,
  });

describe('comparing by transaction hash and log index', () => {
  it('finds what is missing, what is too much, and in which blocks', async () => {
    const logs = [
      log(1, 0, 'Deposited'),
      log(2, 0, undefined),
      log(3, 0, 'Withdrawn'),
      log(5, 1, 'Deposited'),
      log(9, 0, 'Deposited'),
    ];
    const [first, , third, fifth, ninth] = logs as [ChainLog, ChainLog, ChainLog, ChainLog, ChainLog];
    const result = await compare(logs, [row(first), row(log(4, 7, 'Deposited')), row(ninth), row(ninth)]);
    expect(result).toEqual({
      matched: 2,
      missing: { total: 2, first: [third, fifth] },
      surplus: { total: 2, first: [row(log(4, 7, 'Deposited')), row(ninth)] },
      missingBlocks: { total: 1, first: [{ from: 3, to: 5, events: 2 }] },
      ignored: 1,
    });
  });

  it('compares hashes whatever their case, and tells two logs of one transaction apart', async () => {
    const [a, b] = [log(10, 0, 'Deposited', 0xabc), log(10, 1, 'Deposited', 0xabc)];
    const shouted = { ...row(a), transactionHash: a.transactionHash.toUpperCase().replace('0X', '0x') };
    expect(await compare([a, b], [shouted])).toMatchObject({ matched: 1, missing: { total: 1, first: [b] } });
  });

  it('lists a thousand and counts all', async () => {
    const logs = Array.from({ length: 1_500 }, (_, block) => log(block, 0, 'Deposited'));
    const { missing, missingBlocks } = await compare(logs, []);
    expect([missing.total, missing.first.length]).toEqual([1_500, 1_000]);
    expect(missingBlocks).toEqual({ total: 1, first: [{ from: 0, to: 1_499, events: 1_500 }] });
  });

  it('equals the plain set difference', async () => {
    const entry = fc.record({
      block: fc.nat(12),
      transaction: fc.nat(2),
      logIndex: fc.nat(4),
      kept: fc.boolean(),
      where: fc.constantFrom('chain', 'database', 'both'),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(entry, { selector: (e) => `${e.block}:${e.transaction}:${e.logIndex}` }),
        async (entries) => {
          const all = entries
            .map((e) => ({
              ...e,
              log: log(e.block, e.logIndex, e.kept ? 'Deposited' : undefined, e.transaction),
            }))
            .sort((a, b) => a.block - b.block);
          const logs = all.filter((e) => e.where !== 'database').map((e) => e.log);
          const rows = all.filter((e) => e.where !== 'chain').map((e) => row(e.log));
          const key = (e: { transactionHash: string; logIndex: number | undefined }) =>
            `${e.transactionHash}:${e.logIndex}`;
          const keptLogs = logs.filter((one) => one.event !== undefined);
          const inLogs = new Set(keptLogs.map(key));
          const inRows = new Set(rows.map(key));

          const result = await compare(logs, rows);
          expect(new Set(result.missing.first.map(key))).toEqual(
            new Set([...inLogs].filter((k) => !inRows.has(k))),
          );
          expect(new Set(result.surplus.first.map(key))).toEqual(
            new Set([...inRows].filter((k) => !inLogs.has(k))),
          );
          expect(result.matched).toBe([...inLogs].filter((k) => inRows.has(k)).length);
          expect(result.ignored).toBe(logs.length - keptLogs.length);

          const lostIn = new Set(result.missing.first.map((one) => one.block));
          const inRange = (block: number) =>
            result.missingBlocks.first.some((r) => r.from <= block && block <= r.to);
          for (const block of lostIn) expect(inRange(block)).toBe(true);
          for (const one of keptLogs) if (!lostIn.has(one.block)) expect(inRange(one.block)).toBe(false);
        },
      ),
    );
  });
});

describe('comparing rows without a log index', () => {
  it('counts rows per transaction, and names the event whose table lacks it', async () => {
    const [deposit, order] = [log(7, 0, 'Deposited'), log(7, 1, 'OrderPlaced')];
    expect(await compare([deposit, order], [row(order, 'orders_placed', false)])).toMatchObject({
      matched: 1,
      missing: { total: 1, first: [deposit] },
      surplus: { total: 0 },
    });
  });

  it('equals the difference of multisets of transaction hashes', async () => {
    const counts = fc.array(
      fc.record({ block: fc.nat(8), transaction: fc.nat(2), chain: fc.nat(3), database: fc.nat(3) }),
    );
    const tables = fc.infiniteStream(fc.constantFrom('deposits', 'withdrawals', 'rebalances'));
    await fc.assert(
      fc.asyncProperty(counts, tables, async (entries, table) => {
        const unique = [...new Map(entries.map((e) => [hash(e.block, e.transaction), e])).values()].sort(
          (a, b) => a.block - b.block,
        );
        const times = <T>(n: number, make: (index: number) => T) =>
          Array.from({ length: n }, (_, index) => make(index));
        const logs = unique.flatMap((e) =>
          times(e.chain, (index) =>
            log(e.block, e.transaction * 10 + index, index % 2 ? 'Deposited' : 'Withdrawn', e.transaction),
          ),
        );
        const rows = unique.flatMap((e) =>
          times(e.database, () =>
            row(log(e.block, 0, 'Deposited', e.transaction), table.next().value, false),
          ),
        );
        const result = await compare(logs, rows);
        const sum = (of: (e: (typeof unique)[number]) => number) =>
          unique.reduce((total, e) => total + of(e), 0);
        expect(result.matched).toBe(sum((e) => Math.min(e.chain, e.database)));
        expect(result.missing.total).toBe(sum((e) => Math.max(0, e.chain - e.database)));
        expect(result.surplus.total).toBe(sum((e) => Math.max(0, e.database - e.chain)));
      }),
    );
  });
});

describe('streams', () => {
  it('are read one block ahead, and both are closed when one fails', async () => {
    const ended: string[] = [];
    async function* failing(): AsyncGenerator<ChainLog> {
      yield log(1, 0, 'Deposited');
      yield log(2, 0, 'Deposited');
      throw new Error('the node went away');
    }
    let read = 0;
    async function* endless(): AsyncGenerator<EventRow> {
      try {
        for (let block = 1; ; block++) {
          read++;
          yield row(log(block, 0, 'Deposited'));
        }
      } finally {
        ended.push('database');
      }
    }
    const call = compareEvents({ chain: failing(), database: endless(), keeps: () => true });
    await expect(call).rejects.toThrow('the node went away');
    expect(ended).toEqual(['database']);
    expect(read).toBeLessThan(5);
  });

  it('out of order are a bug, not a difference', async () => {
    await expect(compare([log(2, 0, 'Deposited'), log(1, 0, 'Deposited')], [])).rejects.toThrow(
      'block 1 after 2',
    );
  });
});
