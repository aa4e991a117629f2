import { keccak256, toHex } from 'viem';
import { describe, expect, it } from 'vitest';
import {
  type Content,
  compareContents,
  describeDifferences,
  type EventRow,
} from '../../src/chain/compareContents.ts';
import { compareEvents } from '../../src/chain/compareEvents.ts';
import type { ChainLog } from '../../src/chain/readLogs.ts';

const vault = `0x${'aB'.repeat(20)}` as const;
const other = `0x${'11'.repeat(20)}`;
const hash = `0x${'0c'.repeat(32)}` as const;
const topicOf = (signature: string) => keccak256(toHex(signature));
const log: ChainLog = {
  ...{ block: 7, blockHash: hash, transactionHash: hash, logIndex: 3, event: 'Deposited' },
  ...{ address: vault.toLowerCase() as typeof vault, time: 1_800_000_000 },
  topic: topicOf('Deposited(uint256,address,uint256,address,uint256)'),
};
const raw: EventRow = {
  ...{ table: 'events', block: 7, transactionHash: hash, logIndex: 3, kind: 'Deposited' },
  ...{ contract: vault, blockHash: hash, time: 1_800_000_000 },
};
const perKind: EventRow = { table: 'deposits', block: 7, transactionHash: hash, logIndex: 3 };
const hour = 3_600;

describe('a row and its log', () => {
  it.each<[string, EventRow, Partial<ChainLog>, readonly Content[], readonly Content[]]>([
    ['all as it is, whatever the case', raw, {}, [], ['contract', 'kind', 'block hash', 'time']],
    ['another contract', { ...raw, contract: other }, {}, ['contract'], ['contract']],
    ['an empty contract', { ...raw, contract: '' }, {}, ['contract'], ['contract']],
    ['without 0x', { ...raw, contract: vault.slice(2) }, {}, [], ['contract']],
    ['as bytea', { ...raw, contract: `\\x${vault.slice(2)}` }, {}, [], ['contract']],
    ['another kind', { ...raw, kind: 'Withdrawn' }, {}, ['kind'], ['kind']],
    ['a kind of a name of its own: not judged', { ...raw, kind: 'deposit' }, {}, [], []],
    ['a log of an unknown kind: not judged', raw, { topic: topicOf('New(uint256)') }, [], []],
    ['another block hash', { ...raw, blockHash: `0x${'0d'.repeat(32)}` }, {}, ['block hash'], ['block hash']],
    ['another time', { ...raw, time: 1_800_000_060 }, {}, ['time'], ['time']],
    ['local time', { ...raw, time: 1_800_000_000 + 5.75 * hour }, {}, [], ['time']],
    ['a time of no zone', { ...raw, time: 1_800_000_000 - 15 * hour }, {}, ['time'], ['time']],
    ['a fraction of a second', { ...raw, time: 1_800_000_000.4 }, {}, [], ['time']],
    ['the table of its kind', perKind, {}, [], ['table']],
    ['the table of another kind', { ...perKind, table: 'withdrawals' }, {}, ['table'], ['table']],
    ['a table that is not known: not judged', { ...perKind, table: 'rebalances' }, {}, [], []],
  ])('%s', (_, row, more, differing, isCompared) => {
    const compared = new Set<Content>();
    expect(compareContents({ ...log, ...more }, row, compared).map(({ of }) => of)).toEqual(differing);
    for (const content of isCompared) expect(compared).toContain(content);
  });

  it('what neither the row keeps nor the node returns is not compared', () => {
    const compared = new Set<Content>();
    const { time: _, ...withoutTime } = log;
    expect(compareContents(withoutTime, { ...raw, blockHash: hash }, compared)).toEqual([]);
    expect([...compared]).toEqual(['contract', 'kind', 'block hash']);
    const none = new Set<Content>();
    compareContents(log, { ...perKind, table: 'events' }, none);
    expect([...none]).toEqual([]);
  });

  it('says what is stored, cleaned, and what is on the chain', () => {
    expect(describeDifferences(compareContents(log, { ...raw, contract: 'a\u202eb' }))).toBe(
      `differs from its log: contract a\\u{202e}b, on the chain ${log.address}`,
    );
  });
});

describe('rows in the place of a log', () => {
  const compare = (logs: readonly ChainLog[], rows: readonly EventRow[]) =>
    compareEvents({
      chain: (async function* () {
        yield* logs;
      })(),
      database: (async function* () {
        yield* rows;
      })(),
      keeps: () => true,
    });

  it('a row of another contract is not the same, and its log is not missing', async () => {
    expect(await compare([log], [{ ...raw, contract: other }])).toMatchObject({
      matched: 0,
      missing: { total: 0 },
      unlisted: { total: 0 },
      differing: { total: 1, first: [{ row: { differences: [{ of: 'contract', stored: other }] }, log }] },
    });
  });

  it('without a log index, a row of another contract holds no place', async () => {
    const row = { ...perKind, logIndex: undefined };
    expect(await compare([log], [{ ...row, contract: other }])).toMatchObject({
      ...{ matched: 0, missing: { total: 1 }, unlisted: { total: 1 } },
    });
    expect(await compare([log], [{ ...row, contract: vault }])).toMatchObject({ matched: 1 });
  });
});
