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

/** When a block was made, in seconds since 1970. @throws TvError where no node answers, or has no such block */
export async function readBlockTime(chain: Chain, number: number): Promise<number> {
  const call = chain.client.request({
    method: 'eth_getBlockByNumber',
    params: [`0x${number.toString(16)}`, false],
  });
  return parseQuantity(parseObject(await described(chain, call), 'block')['timestamp'], 'block time');
}
