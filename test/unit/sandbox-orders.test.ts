import { expect, it } from 'vitest';
import { listedOrders } from '../../src/sandbox/breakOrders.ts';
import type { DeployedPair, Deployment } from '../../src/sandbox/chain/deployment.ts';
import { RpcRefusal, rpcServer } from '../support/rpcServer.ts';

const strategy = '0x00000000000000000000000000000000000000a1';
const pair = { id: `0x${'1c'.repeat(32)}` } as DeployedPair;
const deployment = { generation: 'full', addresses: { dexStrategy: strategy } } as unknown as Deployment;

/** A strategy that lists two orders; what a read beyond them ends with is given. */
async function listFrom(end: RpcRefusal) {
  let reads = 0;
  await using node = await rpcServer(() => {
    reads += 1;
    if (reads > 2) throw end;
    return `0x${reads.toString(16).padStart(64, '0')}`;
  });
  return await listedOrders(node.url, deployment, pair);
}

it('a list of orders ends where the contract reverts', async () => {
  expect(await listFrom(new RpcRefusal(3, 'execution reverted'))).toEqual([1n, 2n]);
});

it.each(['request timed out', 'Internal error', 'too many requests'])(
  'a read that fails with "%s" is not the end of a list',
  async (message) => {
    await expect(listFrom(new RpcRefusal(-32603, message))).rejects.toMatchObject({
      facts: { answer: message },
    });
  },
);
