import { toEventSelector } from 'viem';
import type { Address } from '../../config/settings.ts';
import type { Chain } from '../../runbook/context.ts';
import { describeRpcError } from '../describeRpcError.ts';
import { misfit, parseHex, parseObject, parseQuantity } from '../parseAnswer.ts';
import { rpcFailure } from '../rpcFailure.ts';
import { riskControllerOf } from './readAuthority.ts';

const updated = toEventSelector(
  'OracleSignalUpdated(bytes32,(int16,uint256,uint256,uint256,uint256,uint256),uint256)',
);

/** Where the time is in the hex of the event's data: behind `0x`, tick, deviation and two depths. */
const timeAt = [2 + 4 * 64, 2 + 5 * 64] as const;

/** A signal that the contract accepted. */
export interface AcceptedSignal {
  readonly pair: `0x${string}`;
  readonly transaction: `0x${string}`;
  readonly block: number;
  /** Seconds since 1970, the time in the signal. */
  readonly at: number;
}

/**
 * Signals that the contract accepted, in the order of the chain. A node that refuses the range is asked
 * for its newest part.
 * @throws TvError where no node answers
 */
export async function readSignals(
  chain: Chain,
  { fromBlock, toBlock }: { readonly fromBlock: number; readonly toBlock?: number },
): Promise<readonly AcceptedSignal[]> {
  const address = riskControllerOf(chain);
  try {
    return await ask(chain, address, fromBlock, toBlock);
  } catch (error) {
    const { kind } = rpcFailure(error);
    const halved = toBlock === undefined ? undefined : Math.ceil((fromBlock + toBlock) / 2);
    const narrower = ['too-wide', 'too-much', 'pruned', 'rejected'].includes(kind);
    if (narrower && halved !== undefined && toBlock !== undefined && halved < toBlock) {
      return readSignals(chain, { fromBlock: halved, toBlock });
    }
    throw describeRpcError(error, chain);
  }
}

async function ask(
  chain: Chain,
  address: Address,
  from: number,
  to: number | undefined,
): Promise<readonly AcceptedSignal[]> {
  const answer: unknown = await chain.client.request({
    method: 'eth_getLogs',
    params: [
      {
        address,
        topics: [updated],
        fromBlock: `0x${from.toString(16)}`,
        toBlock: to === undefined ? 'latest' : `0x${to.toString(16)}`,
      },
    ],
  });
  if (!Array.isArray(answer)) throw misfit(answer, 'list of logs');
  return answer.map((entry) => {
    const log = parseObject(entry, 'log');
    const topics = Array.isArray(log['topics']) ? log['topics'] : [];
    return {
      pair: parseHex(topics[1], 'pair', 32),
      transaction: parseHex(log['transactionHash'], 'transaction hash', 32),
      block: parseQuantity(log['blockNumber'], 'block number'),
      at: parseInt(parseHex(log['data'], 'signal').slice(...timeAt), 16),
    };
  });
}
