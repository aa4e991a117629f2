import { describe, expect, it } from 'vitest';
import { connectChain } from '../../src/chain/connectChain.ts';
import { whatBecameOf } from '../../src/chain/transactions/whatBecameOf.ts';
import { type RpcCall, RpcRefusal, rpcServer } from '../support/rpcServer.ts';
import { fakeSigned } from '../support/signedTransaction.ts';

const signed = fakeSigned('a');
const ownKey = fakeSigned('b', { nonceKey: '12345' });

/** What a node answers, by method; the rest as on a chain that has never seen the transaction. */
type Node = Readonly<Record<string, unknown>>;

const fresh: Node = {
  eth_chainId: '0x1079',
  eth_blockNumber: '0x40',
  eth_getTransactionReceipt: null,
  eth_getTransactionByHash: null,
  eth_getTransactionCount: '0x7',
  eth_getBlockByNumber: { transactions: [] },
  eth_call: `0x${'0'.repeat(64)}`,
};
const receipt = (status: unknown) => ({
  eth_getTransactionReceipt: {
    transactionHash: signed.hash,
    blockNumber: '0xc',
    status,
    logs: [],
    gasUsed: '0x5208',
    effectiveGasPrice: '0x1',
  },
});
const dead = Object.fromEntries(Object.keys(fresh).map((method) => [method, new RpcRefusal(-32603, 'no')]));

async function ask(nodes: readonly Node[], transaction = signed) {
  const servers = await Promise.all(
    nodes.map((node) =>
      rpcServer(({ method }: RpcCall) => {
        const said = { ...fresh, ...node }[method];
        if (said instanceof RpcRefusal) throw said;
        return said;
      }),
    ),
  );
  try {
    const rpcUrls = servers.map(({ url }) => url);
    const chain = connectChain({ rpcUrls, id: 4217, timeoutMs: 500, contracts: {} as never });
    return (await whatBecameOf(chain, [transaction]))[0];
  } finally {
    await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()));
  }
}

describe('what became of a journaled transaction', () => {
  it.each<readonly [string, readonly Node[], string, number | null, RegExp]>([
    ['its receipt says success', [receipt('0x1')], 'effect', 12, /^is in block 12 and took effect$/],
    ['its receipt says failure', [receipt('0x0')], 'no-effect', 12, /reverted/],
    ['its receipt has no status', [receipt(null)], 'mined', 12, /whether it succeeded is unknown/],
    ['two nodes contradict each other', [receipt('0x0'), receipt('0x1')], 'mined', 12, /unknown/],
    ['only the second node has it', [{}, receipt('0x1')], 'effect', 12, /took effect/],
    [
      'it is pending',
      [{ eth_getTransactionByHash: { hash: signed.hash, blockNumber: null } }],
      'pending',
      null,
      /may still take effect/,
    ],
    ['no node knows it', [{}, {}], 'not-found', null, /^may still take effect: no RPC node knows it/],
    ['one node knows nothing of it, one is silent', [{}, dead], 'not-found', null, /\(1 did not\)/],
    ['its nonce is used', [{ eth_getTransactionCount: '0x8' }], 'unknown', null, /may have taken effect/],
    ['no node answers', [dead], 'unknown', null, /^could not be looked up/],
    [
      'the node is on another chain',
      [{ eth_chainId: '0x1', eth_getTransactionCount: '0x7' }],
      'unknown',
      null,
      /is on chain 1, not 4217$/,
    ],
  ])('%s', { timeout: 60_000 }, async (_, nodes, fate, block, words) => {
    expect(await ask(nodes)).toEqual({ fate, block, words: expect.stringMatching(words) });
  });

  it('on a nonce key of its own that is used → it is in a block, and nothing else can be', async () => {
    const used = { eth_call: `0x${'0'.repeat(63)}8` };
    expect(await ask([used], ownKey)).toMatchObject({ fate: 'mined' });
  });
});
