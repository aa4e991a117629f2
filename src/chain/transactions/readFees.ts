import { answer } from '../../errors/answer.ts';
import { UnavailableError } from '../../errors/TvError.ts';
import type { Chain } from '../../runbook/context.ts';
import { described } from '../describeRpcError.ts';
import { parseObject } from '../parseAnswer.ts';
import { readNetwork } from './readNetwork.ts';

export interface Fees {
  readonly maxFeePerGas: bigint;
  readonly maxPriorityFeePerGas: bigint;
}

/** The base fee can rise by an eighth a block: twice the present one lasts for six full blocks. */
const baseFeeMargin = 2n;

/**
 * EIP-1559 fees that get a transaction into one of the next blocks. Nodes differ in what they offer:
 * without `eth_maxPriorityFeePerGas` there is no tip, without a base fee in the block `eth_gasPrice` is
 * used. Any of them may be missing, fail or be null.
 * @throws TvError where no node answers, or none of them gives a price
 */
export async function readFees(chain: Chain): Promise<Fees> {
  const [block, tip, gasPrice] = await Promise.all([
    described(chain, chain.client.request({ method: 'eth_getBlockByNumber', params: ['latest', false] })),
    quantity(chain, 'eth_maxPriorityFeePerGas'),
    quantity(chain, 'eth_gasPrice'),
  ]);
  const base = weiOf(parseObject(block, 'block')['baseFeePerGas']);
  const maxPriorityFeePerGas = tip ?? 0n;
  if (base !== undefined) {
    return { maxFeePerGas: base * baseFeeMargin + maxPriorityFeePerGas, maxPriorityFeePerGas };
  }
  if (gasPrice === undefined) {
    throw new UnavailableError('chain.malformed-answer', 'The RPC node returns no gas price.', {
      facts: { asked: 'baseFeePerGas of the latest block, eth_gasPrice' },
      next: [{ when: 'check the RPC URLs', tv: ['config', 'show'] }],
    });
  }
  // A chain without a base fee: the price holds the tip.
  return { maxFeePerGas: gasPrice * baseFeeMargin, maxPriorityFeePerGas: tip ?? gasPrice };
}

/** Tempo: what one transaction may take (TIP-1000). */
const tempoGas = 30_000_000n;

/**
 * The most gas that a transaction can take here: what a block holds, on Tempo also its own limit. An
 * estimate above it is nonsense, and so would be what is signed with it.
 * @returns undefined where the node does not return the limit of its blocks
 * @throws TvError where no node answers
 */
export async function readMostGas(chain: Chain): Promise<bigint | undefined> {
  const [network, block] = await Promise.all([
    readNetwork(chain),
    described(chain, chain.client.request({ method: 'eth_getBlockByNumber', params: ['latest', false] })),
  ]);
  const held = weiOf(parseObject(block, 'block')['gasLimit']);
  if (network === 'plain') return held;
  return held !== undefined && held < tempoGas ? held : tempoGas;
}

async function quantity(
  chain: Chain,
  method: 'eth_maxPriorityFeePerGas' | 'eth_gasPrice',
): Promise<bigint | undefined> {
  const read = await answer(described(chain, chain.client.request({ method })));
  return read.known ? weiOf(read.value) : undefined;
}

function weiOf(value: unknown): bigint | undefined {
  return typeof value === 'string' && /^0x[0-9a-f]{1,64}$/i.test(value) ? BigInt(value) : undefined;
}
