import { encodeFunctionData, erc20Abi, numberToHex } from 'viem';
import { TvError } from '../errors/TvError.ts';
import type { BrokenWorld, Fault } from './breakRecord.ts';
import { readFault } from './breakRecord.ts';
import { devAccount } from './chain/devAccounts.ts';
import { type Hex, type Receipt, rpc, send } from './chain/rpc.ts';

/** One of anvil's accounts that plays no part in TempoVault. */
const bystander = devAccount(9).address;

/** What the account had: base units as decimal text, by token; or of the native token alone. */
interface Funds {
  readonly native: Hex | undefined;
  readonly tokens: readonly { readonly address: Hex; readonly amount: string }[];
}

export const fundFaults: Readonly<Record<string, Fault>> = {
  'drain-oracle': {
    summary: 'the oracle relay cannot pay its fees',
    prepare: async (world): Promise<Funds> => {
      const { url, oracle, feeToken, tokens } = chainOf(world);
      if (feeToken === undefined) {
        return { native: await rpc<Hex>(url, 'eth_getBalance', [oracle, 'latest']), tokens: [] };
      }
      const balances = tokens.map(async (address) => ({
        address,
        amount: String(await balanceOf(url, address, oracle)),
      }));
      return { native: undefined, tokens: await Promise.all(balances) };
    },
    impose: async (world) => {
      const { url, oracle, feeToken, tokens } = chainOf(world);
      if (feeToken === undefined) {
        await rpc(url, 'anvil_setBalance', [oracle, '0x0']);
        return;
      }
      // pathUSD, the first, goes last: it pays for the other transfers.
      for (const token of tokens.toReversed()) await drain(url, token, oracle);
    },
    mend: async (world) => {
      const { url, oracle } = chainOf(world);
      const { native, tokens } = readFault<Funds>(world.paths, 'drain-oracle');
      if (native !== undefined) await rpc(url, 'anvil_setBalance', [oracle, native]);
      for (const { address, amount } of tokens) {
        const missing = BigInt(amount) - (await balanceOf(url, address, oracle));
        if (missing > 0n) {
          await send(url, { from: bystander, to: address, data: transfer(oracle, missing) });
        }
      }
    },
  },
};

function chainOf({ state: { ports, deployment } }: BrokenWorld) {
  return {
    url: `http://127.0.0.1:${ports.chain}`,
    oracle: deployment.accounts.oracle.address,
    feeToken: deployment.feeToken,
    tokens: deployment.tokens.map(({ address }) => address),
  };
}

async function balanceOf(url: string, token: Hex, account: Hex): Promise<bigint> {
  const data = encodeFunctionData({ abi: erc20Abi, functionName: 'balanceOf', args: [account] });
  return BigInt(await rpc<Hex>(url, 'eth_call', [{ to: token, data }, 'latest']));
}

function transfer(to: Hex, amount: bigint): Hex {
  return encodeFunctionData({ abi: erc20Abi, functionName: 'transfer', args: [to, amount] });
}

/** The relay still pays fees meanwhile, and may have spent some of what a transfer was to take. */
const attempts = 10;

/** Sends all of a token away. What is left is less than the fee of an oracle signal. */
async function drain(url: string, token: Hex, from: Hex): Promise<void> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    if (await drainOnce(url, token, from)) return;
  }
  throw new TvError('sandbox.fault-failed', 'The tokens of the oracle could not be sent away.', {
    facts: { token, oracle: from },
  });
}

/** @returns false where it had less than that by the time of the block */
async function drainOnce(url: string, token: Hex, from: Hex): Promise<boolean> {
  // A transfer takes up to 53 000; a signal about 100 000.
  const limit = 60_000n;
  const price = BigInt(await rpc<Hex>(url, 'eth_gasPrice'));
  // Gas prices on Tempo are in 10^-18 dollars, its tokens in 10^-6.
  const fee = (limit * price) / 10n ** 12n + 1n;
  const balance = await balanceOf(url, token, from);
  if (balance <= fee) return true;
  const data = transfer(bystander, balance - fee);
  const receipt = await rpc<Receipt>(url, 'eth_sendTransactionSync', [
    { from, to: token, data, gas: numberToHex(limit), maxFeePerGas: numberToHex(price) },
  ]);
  return receipt.status === '0x1';
}
