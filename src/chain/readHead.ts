import type { Chain } from '../runbook/context.ts';
import { described } from './describeRpcError.ts';
import { parseHex, parseObject, parseQuantity } from './parseAnswer.ts';

export interface Head {
  readonly number: number;
  /** Seconds since 1970. */
  readonly timestamp: number;
  readonly hash: `0x${string}`;
}

/** The newest block. @throws TvError where no node answers */
export async function readHead(chain: Chain): Promise<Head> {
  const call = chain.client.request({ method: 'eth_getBlockByNumber', params: ['latest', false] });
  const block = parseObject(await described(chain, call), 'block');
  return {
    number: parseQuantity(block['number'], 'block number'),
    timestamp: parseQuantity(block['timestamp'], 'block time'),
    hash: parseHex(block['hash'], 'block hash', 32),
  };
}
