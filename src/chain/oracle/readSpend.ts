import type { Address } from '../../config/settings.ts';
import { UnavailableError } from '../../errors/TvError.ts';
import type { Chain } from '../../runbook/context.ts';
import { described } from '../describeRpcError.ts';
import { parseObject, parseWei } from '../parseAnswer.ts';
import { sameAddress } from '../sameAddress.ts';
import { feeOf } from '../transactions/readFunds.ts';
import { readNetwork } from '../transactions/readNetwork.ts';
import { readNewestSignals } from './readSignals.ts';

/** Far enough back for a rate, near enough for any provider. */
const lookBackBlocks = 5_000;
/** So many of the newest transactions are looked at. */
const looked = 30;

export interface Spend {
  /** In the smallest unit of what paid; undefined where none of its signals was seen. */
  readonly perSignal: bigint;
  /** Undefined where two moments are not known. */
  readonly perSecond: number | undefined;
  /** What paid, on Tempo, as the receipts tell it. */
  readonly feeToken: Address | undefined;
  readonly signals: number;
}

/**
 * What an account spent on its newest signals. Undefined where the newest ones are of other accounts, or
 * there are none.
 * @throws TvError where they could not be read: then nothing is known of its signals
 */
export async function readSpend(
  chain: Chain,
  { sender, head }: { readonly sender: Address; readonly head: number },
): Promise<Spend | undefined> {
  const fromBlock = Math.max(0, head - lookBackBlocks);
  const { signals: seen, unknown } = await readNewestSignals(chain, {
    fromBlock,
    toBlock: head,
    mostTransactions: looked,
  });
  if (seen.length === 0 && unknown !== undefined) {
    throw new UnavailableError(`The oracle's last signals cannot be read: ${unknown}.`, {
      facts: { node: chain.urls.join(', ') },
      next: 'check the RPC URLs: tv config show',
    });
  }
  const hashes = [...new Set(seen.map(({ transaction }) => transaction))].slice(-looked);
  const [network, ...receipts] = await described(
    chain,
    Promise.all([
      readNetwork(chain),
      ...hashes.map((hash) => chain.client.request({ method: 'eth_getTransactionReceipt', params: [hash] })),
    ]),
  );
  const own = receipts
    .filter((receipt) => receipt !== null)
    .map((receipt) => parseObject(receipt, 'receipt'))
    .filter((receipt) => sameAddress(String(receipt['from']), sender));
  const [first] = own;
  const last = own.at(-1);
  if (first === undefined || last === undefined) return undefined;
  const fees = own.map((receipt) =>
    feeOf(
      network,
      parseWei(receipt['gasUsed'], 'amount of gas'),
      parseWei(receipt['effectiveGasPrice'], 'gas price'),
    ),
  );
  const total = fees.reduce((sum, fee) => sum + fee, 0n);
  const timeOf = (receipt: Record<string, unknown>) =>
    seen.find(({ transaction }) => transaction === receipt['transactionHash'])?.at ?? 0;
  const seconds = timeOf(last) - timeOf(first);
  // What the first one cost was spent before the time that is measured.
  const perSecond = seconds > 0 ? Number(total - (fees[0] ?? 0n)) / seconds : undefined;
  const token = last['feeToken'];
  return {
    perSignal: total / BigInt(own.length),
    perSecond,
    feeToken: network === 'tempo' && typeof token === 'string' ? (token as Address) : undefined,
    signals: own.length,
  };
}
