import { describe, expect, it } from 'vitest';
import type { UnlistedRow } from '../../src/chain/compareEvents.ts';
import { assertPlaced, confirmSurplus } from '../../src/chain/confirmSurplus.ts';
import { connectChain } from '../../src/chain/connectChain.ts';
import { RpcRefusal, rpcServer } from '../support/rpcServer.ts';

const ours = `0x${'11'.repeat(20)}` as const;
const stranger = `0x${'22'.repeat(20)}` as const;
const hashOf = (n: number) => `0x${n.toString(16).padStart(64, '0')}`;
const hash = hashOf(0xabc);

const unlisted = (more: Partial<UnlistedRow['row']> = {}, duplicate = false): UnlistedRow => ({
  row: { table: 'events', block: 100, transactionHash: hash, logIndex: 7, kind: 'Deposited', ...more },
  duplicate,
  listedLogs: 0,
});
const receipt = (block: number, ...logs: readonly { index: number; address: string }[]) => ({
  transactionHash: hash,
  status: '0x1',
  blockNumber: `0x${block.toString(16)}`,
  logs: logs.map(({ index, address }) => ({ logIndex: `0x${index.toString(16)}`, address, topics: [hash] })),
});
const refuse = () => {
  throw new RpcRefusal(-32603, 'internal error');
};

const connect = (url: string) =>
  connectChain({
    rpcUrls: [url],
    id: undefined,
    timeoutMs: 2_000,
    contracts: {},
  } as unknown as Parameters<typeof connectChain>[0]);

async function judge(
  answers: { readonly receipt?: unknown; readonly block?: unknown },
  rows: readonly UnlistedRow[] = [unlisted()],
  total = rows.length,
) {
  await using server = await rpcServer(({ method }) => {
    const answer = method === 'eth_getTransactionReceipt' ? answers.receipt : answers.block;
    return typeof answer === 'function' ? answer() : answer;
  });
  const chain = connect(server.url);
  const done = await confirmSurplus(chain, { rows: { total, first: rows }, addresses: [ours] });
  return {
    verdicts: [
      ...done.surplus.first.map(({ reason }) => `surplus: ${reason}`),
      ...done.leftOut.first.map(() => 'left out'),
      ...done.unconfirmed.first.map(() => 'unknown'),
    ],
    totals: [done.surplus.total, done.leftOut.total, done.unconfirmed.total],
    reason: done.reason,
    requests: server.requests,
  };
}

describe('a row without a log', () => {
  it.each([
    [
      'its block no longer holds the transaction → surplus, named as reorganised',
      { receipt: null, block: { transactions: [hashOf(1)] } },
      'surplus: reorganised: block 100 does not hold the transaction',
    ],
    [
      'the transaction is in another block → surplus, named as reorganised',
      { receipt: receipt(104, { index: 7, address: ours }) },
      'surplus: reorganised: the transaction is in block 104 now',
    ],
    [
      'the receipt has no log of that index → surplus',
      { receipt: receipt(100, { index: 6, address: ours }) },
      'surplus: its transaction has no such log of these contracts',
    ],
    [
      'the log of that index is of another contract → surplus',
      { receipt: receipt(100, { index: 7, address: stranger }) },
      'surplus: its transaction has no such log of these contracts',
    ],
    [
      'the receipt has the log, which eth_getLogs left out → on the chain',
      { receipt: receipt(100, { index: 7, address: ours.toUpperCase().replace('0X', '0x') }) },
      'left out',
    ],
    [
      'the receipt has the log, of another contract than the row → surplus',
      { receipt: receipt(100, { index: 7, address: ours }) },
      `surplus: differs from its log: contract ${stranger}, on the chain ${ours}`,
      [unlisted({ contract: stranger })] as readonly UnlistedRow[],
    ],
    ['receipt and block pruned → unknown', { receipt: null, block: null }, 'unknown'],
    [
      'receipt pruned, transaction in the block → unknown',
      { receipt: null, block: { transactions: [hash] } },
      'unknown',
    ],
    ['receipts refused → unknown', { receipt: refuse }, 'unknown'],
    ['block refused → unknown', { receipt: null, block: refuse }, 'unknown'],
    ['a receipt without logs → unknown', { receipt: { blockNumber: '0x64' } }, 'unknown'],
    ['a receipt that is no object → unknown', { receipt: 'yes' }, 'unknown'],
  ])('%s', async (_, answers, expected, rows?: readonly UnlistedRow[]) => {
    const { verdicts, reason } = await judge(answers, rows);
    expect(verdicts).toEqual([expected]);
    expect(reason !== undefined).toBe(expected === 'unknown');
  });

  it('a second row for the same log → surplus, without asking', async () => {
    expect(await judge({ receipt: refuse }, [unlisted({}, true)])).toMatchObject({
      verdicts: ['surplus: a second row for the same log'],
      requests: 0,
    });
  });

  it('a hash that is none → surplus, without asking', async () => {
    expect(await judge({ receipt: refuse }, [unlisted({ transactionHash: 'deadbeef' })])).toMatchObject({
      totals: [1, 0, 0],
      requests: 0,
    });
  });

  it('a node that answers nothing → all unknown, and few of them asked for', async () => {
    const rows = Array.from({ length: 200 }, (_, n) => unlisted({ transactionHash: hashOf(n + 1) }));
    const { totals, reason, requests } = await judge({ receipt: refuse }, rows);
    expect(totals).toEqual([0, 0, 200]);
    expect(reason).toContain('RPC node');
    expect(requests).toBeLessThan(60);
  });

  it('more rows than are listed → the rest unknown, and said so', async () => {
    const { totals, reason } = await judge({ receipt: receipt(100) }, [unlisted()], 5_000);
    expect(totals).toEqual([1, 0, 4_999]);
    expect(reason).toBe('only the first 1 rows were looked up');
  });

  it('without log indexes: as many logs in the receipt as rows → left out; fewer → surplus', async () => {
    const rows = [unlisted({ logIndex: undefined }), unlisted({ logIndex: undefined })];
    const two = receipt(100, { index: 1, address: ours }, { index: 2, address: ours });
    expect((await judge({ receipt: two }, rows)).totals).toEqual([0, 2, 0]);
    const one = receipt(100, { index: 1, address: ours }, { index: 2, address: stranger });
    expect((await judge({ receipt: one }, rows)).totals).toEqual([2, 0, 0]);
  });
});

describe('a log without a row', () => {
  const log = {
    block: 100,
    blockHash: hashOf(9) as `0x${string}`,
    transactionHash: hash as `0x${string}`,
    logIndex: 7,
    address: ours,
    topic: hash as `0x${string}`,
    event: undefined,
  };
  it.each([
    ['its receipt is in the same block → in its place', { ...receipt(100), blockHash: hashOf(9) }, true],
    ['its receipt cannot be read → nothing is proven', null, true],
    ['its receipt is in another block → the node contradicts itself', receipt(104), false],
    [
      'its receipt has the hash of another block → the same',
      { ...receipt(100), blockHash: hashOf(8) },
      false,
    ],
    [
      'its receipt has it of the same contract → in its place',
      receipt(100, { index: 7, address: ours }),
      true,
    ],
    [
      'its receipt has it of another contract → the same',
      receipt(100, { index: 7, address: stranger }),
      false,
    ],
  ])('%s', async (_, answer, isPlaced) => {
    await using server = await rpcServer(() => answer);
    const placed = assertPlaced(connect(server.url), [log]).then(
      () => true,
      (error: unknown) => error,
    );
    if (isPlaced) expect(await placed).toBe(true);
    else expect(await placed).toMatchObject({ message: expect.stringMatching(/contradict/), exitCode: 3 });
  });
});
