import fc from 'fast-check';
import { keccak256, toHex } from 'viem';
import { describe, expect, it } from 'vitest';
import type { EventRow } from '../../src/chain/compareContents.ts';
import { compareEvents } from '../../src/chain/compareEvents.ts';
import type { ChainLog } from '../../src/chain/readLogs.ts';

const hash = (block: number, transaction: number): `0x${string}` =>
  `0x${block.toString(16).padStart(32, '0')}${transaction.toString(16).padStart(32, '0')}`;

/** Signatures written out apart from the ABI; `Unheard` is a kind that nothing here knows. */
const signatures = {
  Deposited: 'Deposited(uint256,address,uint256,address,uint256)',
  Withdrawn: 'Withdrawn(uint256,address,uint256,address,uint256)',
  OrderPlaced: 'OrderPlaced(bytes32,uint128,address,uint128,int16,bool)',
  Unheard: 'Unheard(uint256)',
};
type Name = keyof typeof signatures;

const log = (block: number, logIndex: number, event: Name, transaction = 0): ChainLog => ({
  block,
  logIndex,
  event: event === 'Unheard' ? undefined : event,
  blockHash: hash(block, 0),
  transactionHash: hash(block, transaction),
  address: `0x${'11'.repeat(20)}`,
  topic: keccak256(toHex(signatures[event])),
});

const row = (from: ChainLog, table = 'events', numbered = true): EventRow => ({
  kind: numbered ? (from.event ?? 'Unheard') : undefined,
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
  it('finds what is missing, what no log accounts for, and in which blocks', async () => {
    const logs = [
      log(1, 0, 'Deposited'),
      log(2, 0, 'Unheard'),
      log(3, 0, 'Withdrawn'),
      log(5, 1, 'Deposited'),
      log(9, 0, 'Deposited'),
    ];
    const [first, second, third, fifth, ninth] = logs as [ChainLog, ChainLog, ChainLog, ChainLog, ChainLog];
    const result = await compare(logs, [row(first), row(log(4, 7, 'Deposited')), row(ninth), row(ninth)]);
    expect(result).toEqual({
      matched: 2,
      differing: { total: 0, first: [] },
      compared: new Set(['kind']),
      missing: { total: 2, first: [third, fifth] },
      unlisted: {
        total: 2,
        first: [
          { row: row(log(4, 7, 'Deposited')), duplicate: false, listedLogs: 0 },
          { row: row(ninth), duplicate: true, listedLogs: 1 },
        ],
      },
      missingBlocks: { total: 1, first: [{ from: 3, to: 5, events: 2 }] },
      unkept: [{ topic: second.topic, logs: { total: 1, first: [second] } }],
      kindByTopic: new Map([[first.topic, 'Deposited']]),
    });
  });

  it('matches a row of an unclaimed kind; from then on its absence is a loss, before and after', async () => {
    const logs = [3, 4, 5, 6].map((block) => log(block, 0, 'Unheard'));
    const [a, b, c, d] = logs as [ChainLog, ChainLog, ChainLog, ChainLog];
    const result = await compare(logs, [row(b), row(c)]);
    expect(result).toMatchObject({
      matched: 2,
      missing: { total: 2, first: [a, d] },
      unlisted: { total: 0 },
      unkept: [],
      kindByTopic: new Map([[a.topic, 'Unheard']]),
    });
  });

  it('compares hashes whatever their case, and distinguishes two logs of one transaction', async () => {
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
              log: log(e.block, e.logIndex, e.kept ? 'Deposited' : 'Unheard', e.transaction),
            }))
            .sort((a, b) => a.block - b.block);
          const logs = all.filter((e) => e.where !== 'database').map((e) => e.log);
          const rows = all.filter((e) => e.where !== 'chain').map((e) => row(e.log));
          const key = (e: { transactionHash: string; logIndex: number | undefined }) =>
            `${e.transactionHash}:${e.logIndex}`;
          const inRows = new Set(rows.map(key));
          const unheardStored = logs.some((one) => one.event === undefined && inRows.has(key(one)));
          const keptLogs = logs.filter((one) => one.event !== undefined || unheardStored);
          const inLogs = new Set(keptLogs.map(key));

          const result = await compare(logs, rows);
          expect(new Set(result.missing.first.map(key))).toEqual(
            new Set([...inLogs].filter((k) => !inRows.has(k))),
          );
          expect(new Set(result.unlisted.first.map((one) => key(one.row)))).toEqual(
            new Set([...inRows].filter((k) => !logs.some((one) => key(one) === k))),
          );
          expect(result.matched).toBe([...inLogs].filter((k) => inRows.has(k)).length);
          expect(result.unkept.reduce((sum, { logs: { total } }) => sum + total, 0)).toBe(
            logs.length - keptLogs.length,
          );

          // Of a kind found out about late, the stretches are not reported.
          const lost = result.missing.first.filter((one) => one.event !== undefined);
          const lostIn = new Set(lost.map((one) => one.block));
          const inRange = (block: number) =>
            result.missingBlocks.first.some((r) => r.from <= block && block <= r.to);
          for (const block of lostIn) expect(inRange(block)).toBe(true);
          if (unheardStored) return;
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
      unlisted: { total: 0 },
    });
  });

  it('does not let a log of a kind that is not kept account for a row too many', async () => {
    const [deposit, other] = [log(7, 0, 'Deposited'), log(7, 1, 'Unheard')];
    const rows = [row(deposit, 'deposits', false), row(deposit, 'deposits', false)];
    expect(await compare([deposit, other], rows)).toMatchObject({
      matched: 1,
      unlisted: { total: 1, first: [{ listedLogs: 2 }] },
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
        expect(result.unlisted.total).toBe(sum((e) => Math.max(0, e.database - e.chain)));
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
