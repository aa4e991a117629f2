import { type Hex, rpc } from '../../src/sandbox/chain/rpc.ts';

/** How many transactions of an account are in blocks from `fromBlock` on, counted from the blocks. */
export async function countSent(url: string, account: string, fromBlock: number): Promise<number> {
  let found = 0;
  for (let block = fromBlock; block <= Number(await rpc<Hex>(url, 'eth_blockNumber')); block++) {
    const { transactions } = await rpc<{ transactions: readonly { readonly from: string }[] }>(
      url,
      'eth_getBlockByNumber',
      [`0x${block.toString(16)}`, true],
    );
    found += transactions.filter(({ from }) => from.toLowerCase() === account.toLowerCase()).length;
  }
  return found;
}
