import type { Chain } from '../../runbook/context.ts';
import { described } from '../describeRpcError.ts';
import { parseObject } from '../parseAnswer.ts';

export interface Fees {
  readonly maxFeePerGas: bigint;
  readonly maxPriorityFeePerGas: bigint;
}

/** The base fee can rise by an eighth a block: twice the present one lasts for six full blocks. */
const baseFeeMargin = 2n;

/**
 * EIP-1559 fees that get a transaction into one of the next blocks.
 * @throws TvError where no node answers
 */
export async function readFees(chain: Chain): Promise<Fees> {
  const [block, tip] = await described(
    chain,
    Promise.all([
      chain.client.request({ method: 'eth_getBlockByNumber', params: ['latest', false] }),
      // Not every node has an opinion on tips; the base fee alone then has to do.
      chain.client.request({ method: 'eth_maxPriorityFeePerGas' }).catch(() => '0x0' as const),
    ]),
  );
  const base = BigInt(String(parseObject(block, 'block')['baseFeePerGas'] ?? '0x0'));
  const maxPriorityFeePerGas = BigInt(tip);
  return { maxFeePerGas: base * baseFeeMargin + maxPriorityFeePerGas, maxPriorityFeePerGas };
}
