import { numberToHex } from 'viem';
import type { BrokenWorld, Fault } from './breakRecord.ts';
import { readFault } from './breakRecord.ts';
import { enqueue, type Hex, nonceOf, rpc } from './chain/rpc.ts';
import { runInside } from './machine/runInside.ts';
import { keyRoles } from './units/keyFiles.ts';

/** Just below what a transaction of `enqueue` asks for; all that tv and the relay send fits in easily. */
const tightGasLimit: Hex = '0xe00000';

export const nonceFaults: Readonly<Record<string, Fault>> = {
  'stuck-nonce': {
    summary: "a transaction of each operator's account, and of the oracle's, is stuck in the pool",
    prepare: async (world): Promise<Hex> => {
      const newest = ['latest', false];
      return (await rpc<{ gasLimit: Hex }>(urlOf(world), 'eth_getBlockByNumber', newest)).gasLimit;
    },
    // anvil puts whatever is valid into the next block, so it needs one that is valid and does not fit. It
    // is handed over while it fits, behind a gap, and then the gap is filled. The relay's offers more than
    // the relay does, which signs with the same nonce and would otherwise replace it.
    impose: async (world) => {
      const url = urlOf(world);
      await relay(world, 'SIGSTOP');
      const price = 5n * BigInt(await rpc<Hex>(url, 'eth_gasPrice'));
      const fees = { maxFeePerGas: numberToHex(price), maxPriorityFeePerGas: numberToHex(price) };
      for (const account of accounts(world)) {
        await enqueue(url, {
          from: account,
          to: account,
          data: '0x',
          nonce: (await nonceOf(url, account)) + 1,
          ...(account === world.state.deployment.accounts.oracle.address ? fees : {}),
        });
      }
      await rpc(url, 'anvil_setBlockGasLimit', [tightGasLimit]);
      for (const account of accounts(world)) {
        await rpc(url, 'eth_sendTransactionSync', [{ from: account, to: account, gas: '0x100000' }]);
      }
      await relay(world, 'SIGCONT');
    },
    mend: async (world) => {
      const url = urlOf(world);
      for (const account of accounts(world)) await rpc(url, 'anvil_removePoolTransactions', [account]);
      await rpc(url, 'anvil_setBlockGasLimit', [readFault<Hex>(world.paths, 'stuck-nonce')]);
      // The newest block names the limit that is to be restored next time.
      await rpc(url, 'evm_mine');
      await relay(world, 'SIGCONT');
    },
  },
};

function urlOf({ state }: BrokenWorld): string {
  return `http://127.0.0.1:${state.ports.chain}`;
}

/** One account may hold several roles. */
function accounts({ state: { deployment } }: BrokenWorld): readonly Hex[] {
  return [...new Set([...keyRoles, 'oracle' as const].map((role) => deployment.accounts[role].address))];
}

/** It would take the nonces that are being counted on. One that does not run needs no holding. */
async function relay({ state }: BrokenWorld, signal: 'SIGSTOP' | 'SIGCONT'): Promise<void> {
  await runInside(state.machine, ['systemctl', 'kill', `--signal=${signal}`, 'tempovault-oracle']);
}
