import { describe, expect, it } from 'vitest';
import { notAskedFor } from '../../src/chain/askedFor.ts';
import { newestLogs } from '../../src/chain/newestLogs.ts';
import { readLogs } from '../../src/chain/readLogs.ts';
import type { Chain } from '../../src/runbook/context.ts';

const ours = `0x${'aB'.repeat(20)}` as const;
const other = `0x${'cd'.repeat(20)}` as const;
const topic = `0x${'01'.repeat(32)}` as const;
const log = (more: object = {}) => ({
  ...{ address: ours.toLowerCase(), topics: [topic], data: '0x', blockNumber: '0x64', logIndex: '0x0' },
  ...{ blockHash: `0x${'b'.repeat(64)}`, transactionHash: `0x${'c'.repeat(64)}` },
  ...more,
});
const filter = { addresses: [ours], topics: [[topic]], fromBlock: 100, toBlock: 110 };

const strays = [
  ['of another contract', { address: other }, 'a log of a contract that was not asked for'],
  ['of a later block', { blockNumber: '0x6f' }, 'a log of block 111, outside of the blocks asked for'],
  ['of an earlier block', { blockNumber: '0x63' }, 'a log of block 99, outside of the blocks asked for'],
] as const;
const otherTopics = [
  ['of another kind', { topics: [`0x${'02'.repeat(32)}`] }, 'a log with topics that were not asked for'],
  ['of no kind', { topics: [] }, 'a log with topics that were not asked for'],
] as const;

/** A node that returns these for any range. */
function chainOf(...logs: readonly object[]): Chain {
  const request = async ({ method }: { readonly method: string }) => {
    if (method === 'eth_getLogs') return logs;
    throw new Error(`${method} is not served`);
  };
  return { client: { request, transport: {} }, contracts: {} } as unknown as Chain;
}

it('what was asked for, in any case of its letters', () => {
  expect(notAskedFor(log(), filter)).toBeUndefined();
  expect(notAskedFor(log({ topics: [topic, topic] }), { ...filter, topics: [null, topic] })).toBeUndefined();
});

describe.each([...strays, ...otherTopics])('a log %s', (_, more, words) => {
  it('is named', () => {
    expect(notAskedFor(log(more), filter)).toBe(words);
  });

  it('among the newest: nothing of the node is believed, and why is said', async () => {
    const { addresses, topics, fromBlock, toBlock } = filter;
    const found = await newestLogs(chainOf(log(), log(more)), {
      ...{ address: addresses, topics, fromBlock, toBlock, firstWidth: 1_000, limitMs: 5_000 },
    });
    expect(found).toMatchObject({ logs: [], since: null });
    expect(found.unknown).toBe(`the RPC node's eth_getLogs returned ${words}`);
  });
});

it.each(strays)('a log %s, where all are read: the node is unreliable', async (_, more, words) => {
  const range = { fromBlock: 100, toBlock: 110, addresses: [ours] };
  await expect(readLogs(chainOf(log(), log(more)), range).next()).rejects.toMatchObject({
    code: 'chain.unreliable-node',
    message: `The RPC node's eth_getLogs returned ${words}.`,
  });
});
