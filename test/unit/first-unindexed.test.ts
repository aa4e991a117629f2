import { describe, expect, it } from 'vitest';
import { connectChain } from '../../src/chain/connectChain.ts';
import { type EventName, indexedEvents } from '../../src/chain/events.ts';
import { indexer } from '../../src/observe/sources/indexer.ts';
import { firstUnindexed } from '../../src/operations/indexer/firstUnindexed.ts';
import { well, worldNow } from '../support/observedWorld.ts';
import { RpcRefusal, rpcServer } from '../support/rpcServer.ts';

const vault = `0x${'33'.repeat(20)}` as const;
const quantity = (value: number) => `0x${value.toString(16)}`;
const hash = (block: number): `0x${string}` => `0x${block.toString(16).padStart(64, '0')}`;

interface Log {
  readonly block: number;
  readonly kind: EventName;
}
const asSent = ({ block, kind }: Log) => ({
  address: vault,
  topics: [indexedEvents.find(({ name }) => name === kind)?.topic],
  data: '0x',
  blockNumber: quantity(block),
  blockHash: hash(block),
  transactionHash: hash(block),
  transactionIndex: '0x0',
  logIndex: '0x0',
});

interface Given {
  readonly logs: readonly Log[];
  readonly storesOpaque?: boolean;
  /** Logs that receipts hold and `eth_getLogs` leaves out. */
  readonly hidden?: readonly Log[];
}

/** Above block 100, where the newest block is 500 and the indexer keeps all but deposits. */
async function first({ logs, storesOpaque = true, hidden = [] }: Given): Promise<number | null> {
  const all = [...logs, ...hidden];
  await using node = await rpcServer(({ method, params }) => {
    if (method === 'eth_getLogs') {
      const { fromBlock, toBlock } = params[0] as { fromBlock: string; toBlock: string };
      return logs
        .filter(({ block }) => block >= Number(fromBlock) && block <= Number(toBlock))
        .map((log) => asSent(log));
    }
    if (method === 'eth_getTransactionReceipt') {
      const mine = all.filter(({ block }) => hash(block) === params[0]);
      const [one] = mine;
      if (one === undefined) return null;
      const place = { blockNumber: quantity(one.block), blockHash: hash(one.block) };
      return { transactionHash: hash(one.block), ...place, status: '0x1', logs: mine.map(asSent) };
    }
    if (method === 'eth_getBlockByNumber') {
      const number = Number(params[0]);
      const has = all.some(({ block }) => block === number);
      return {
        number: params[0],
        hash: hash(number),
        logsBloom: `0x${(has ? '1' : '0').repeat(512)}`,
        transactions: has ? [hash(number)] : [],
      };
    }
    throw new RpcRefusal(-32601, `unforeseen: ${method}`);
  });
  const none = { governanceRoles: undefined, riskController: undefined, dexStrategy: undefined };
  const chain = connectChain({
    ...{ rpcUrls: [node.url], id: undefined, timeoutMs: 2_000 },
    contracts: { ...none, treasuryVault: vault },
  });
  return await firstUnindexed(chain, {
    ...{ fromBlock: 101, toBlock: 500, contracts: [vault], storesOpaque },
    keeps: ({ event }) => event !== 'Deposited',
    signal: new AbortController().signal,
  });
}

describe('the first event of the chain that is not in a database without a cursor', () => {
  it.each<[string, Given, number | null]>([
    ['a quiet protocol → none', { logs: [{ block: 90, kind: 'Withdrawn' }] }, null],
    [
      'the oldest of several',
      {
        logs: [
          { block: 200, kind: 'Withdrawn' },
          { block: 300, kind: 'Withdrawn' },
        ],
      },
      200,
    ],
    [
      'a kind that the indexer is not meant to keep does not count',
      {
        logs: [
          { block: 200, kind: 'Deposited' },
          { block: 300, kind: 'Withdrawn' },
        ],
      },
      300,
    ],
    [
      'signals count where this indexer stores them',
      { logs: [{ block: 200, kind: 'OracleSignalUpdated' }] },
      200,
    ],
    [
      'signals do not count where it has never stored one',
      { logs: [{ block: 200, kind: 'OracleSignalUpdated' }], storesOpaque: false },
      null,
    ],
  ])('%s', async (_, given, expected) => {
    expect(await first(given)).toBe(expected);
  });

  it('a node whose log index leaves them out has not shown that there is none', async () => {
    await expect(first({ logs: [], hidden: [{ block: 495, kind: 'Withdrawn' }] })).rejects.toMatchObject({
      code: 'chain.unreliable-node',
    });
  });
});

describe('the line of an indexer without a cursor', () => {
  const line = (change: object) =>
    indexer.describe({ ...well.indexer, source: 'rows', block: 4_000, ...change }, worldNow);
  it.each([
    [
      'nothing newer on the chain',
      { unindexed: { known: true, value: null } },
      'newest event 4 000, none newer on the chain',
    ],
    [
      'newer events on the chain',
      { unindexed: { known: true, value: 4_200 } },
      'newest event 4 000, not indexed from block 4 200 on',
    ],
    [
      'the chain could not be searched',
      { unindexed: { known: false, reason: 'late' } },
      'newest event 4 000, 1 000 blocks behind',
    ],
  ])('%s', (_, change, expected) => {
    expect(line(change)).toBe(expected);
  });
});
