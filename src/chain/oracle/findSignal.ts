import { getAddress, toEventSelector } from 'viem';
import type { Address } from '../../config/settings.ts';
import type { Chain } from '../../runbook/context.ts';
import { described } from '../describeRpcError.ts';
import { misfit, parseHex, parseObject, parseQuantity } from '../parseAnswer.ts';

const accepted = toEventSelector(
  'OracleSignalUpdated(bytes32,(int16,uint256,uint256,uint256,uint256,uint256),uint256)',
);

export interface AcceptedSignal {
  readonly pair: `0x${string}`;
  readonly block: number;
  readonly transaction: `0x${string}`;
  /** Who sent the transaction. */
  readonly from: Address;
}

/**
 * The first oracle signal that the risk controller accepted after a block. Undefined where
 * there is none yet.
 * @throws TvError where no node answers
 */
export async function findSignal(
  chain: Chain,
  { riskController, afterBlock }: { readonly riskController: Address; readonly afterBlock: number },
): Promise<AcceptedSignal | undefined> {
  const logs: unknown = await described(
    chain,
    chain.client.request({
      method: 'eth_getLogs',
      params: [
        {
          address: riskController,
          topics: [accepted],
          // The next block may not be there yet, which nodes refuse to look at.
          fromBlock: `0x${afterBlock.toString(16)}`,
          toBlock: 'latest',
        },
      ],
    }),
  );
  if (!Array.isArray(logs)) throw misfit(logs, 'list of logs');
  const log = logs
    .map((entry) => parseObject(entry, 'log'))
    .find((entry) => parseQuantity(entry['blockNumber'], 'block number') > afterBlock);
  if (log === undefined) return undefined;
  const transaction = parseHex(log['transactionHash'], 'transaction hash', 32);
  const sent = await described(
    chain,
    chain.client.request({ method: 'eth_getTransactionByHash', params: [transaction] }),
  );
  const topics = Array.isArray(log['topics']) ? log['topics'] : [];
  return {
    pair: parseHex(topics[1], 'pair', 32),
    block: parseQuantity(log['blockNumber'], 'block number'),
    transaction,
    from: getAddress(parseHex(parseObject(sent, 'transaction')['from'], 'address', 20)),
  };
}
