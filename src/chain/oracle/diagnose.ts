import type { Address } from '../../config/settings.ts';
import { answer } from '../../errors/answer.ts';
import type { Chain } from '../../runbook/context.ts';
import { count, duration, short } from '../../runbook/text.ts';
import { described } from '../describeRpcError.ts';
import { parseObject, parseQuantity } from '../parseAnswer.ts';
import { readHead } from '../readHead.ts';
import { endThePause, readProtocol, stopsSignals } from '../readProtocol.ts';
import { readFees } from '../transactions/readFees.ts';
import { type Funds, feeOf, formatFunds, readWallet } from '../transactions/readFunds.ts';
import { readNetwork } from '../transactions/readNetwork.ts';
import { readNonce } from '../transactions/readNonce.ts';
import { authorisedWords, isOracle, readAuthority } from './readAuthority.ts';
import { readSpend } from './readSpend.ts';

/** A reason why an oracle's signals do not get through, and what mends it. */
export type Trouble = {
  readonly id: 'paused' | 'not-authorised' | 'no-fees' | 'nonce-gap' | 'clock';
  readonly summary: string;
  readonly next: readonly string[];
};

/** Gas of one signal where none was seen, with a margin: about 100 000, and new storage on Tempo. */
const signalGas = 300_000n;
/** A clock this far ahead of the chain makes signals of the future, which the contract refuses. In milliseconds. */
const clockAheadMs = 15_000;

/**
 * What a restart of the relay cannot mend. The node being away is told by the error.
 * @param hostTime the clock of the relay's host
 * @throws TvError where no node answers
 */
export async function diagnose(
  chain: Chain,
  { oracle, hostTime }: { readonly oracle: Address; readonly hostTime: Date | undefined },
): Promise<readonly Trouble[]> {
  const heading = readHead(chain);
  const [head, protocol, [authority, authorised], nonce, fees, network, pending, spend, wallet] =
    await Promise.all([
      heading,
      readProtocol(chain),
      readAuthority(chain).then(async (found) => [found, await isOracle(chain, oracle, found)] as const),
      readNonce(chain, oracle),
      readFees(chain),
      readNetwork(chain),
      readPendingTime(chain),
      heading.then(({ number }) => answer(readSpend(chain, { sender: oracle, head: number }))),
      readWallet(chain, oracle),
    ]);
  const seen = spend.known ? spend.value?.perSignal : undefined;
  const needed = seen ?? feeOf(network, signalGas, fees.maxFeePerGas);
  const funds = wallet(needed);
  const name = short(oracle, false);
  const troubles: Trouble[] = [];
  if (stopsSignals(protocol)) {
    troubles.push({
      id: 'paused',
      summary: 'the protocol is paused, and takes no signals',
      next: [endThePause],
    });
  }
  if (!authorised) {
    troubles.push({
      id: 'not-authorised',
      summary: `${name} is not an authorised oracle; authorised: ${authorisedWords(authority)}`,
      next: ['tv oracle rotate-key'],
    });
  }
  if (funds.balance < needed) {
    troubles.push({
      id: 'no-fees',
      summary: `${name} cannot pay: it has ${formatFunds(funds.balance, funds)}, a signal takes ${formatFunds(needed, funds)}`,
      next: [`${fundingLine(oracle, funds)}, then: tv oracle recover`],
    });
  }
  if (nonce.pending > nonce.latest) {
    const waiting = nonce.pending - nonce.latest;
    troubles.push({
      id: 'nonce-gap',
      summary: `${count(waiting)} ${waiting === 1 ? 'transaction waits' : 'transactions wait'} in the pool, from nonce ${nonce.latest} on`,
      next: [
        `take the place of the first: cast send ${oracle} --nonce ${nonce.latest} --priority-gas-price HIGHER --interactive`,
      ],
    });
  }
  const newest = Math.max(head.timestamp, pending ?? 0) * 1000;
  if (hostTime !== undefined && hostTime.getTime() - newest > clockAheadMs) {
    const ahead = duration(hostTime.getTime() - newest);
    troubles.push({
      id: 'clock',
      summary: `the host's clock is ${ahead} ahead of the chain: signals of the future are refused, or the chain stands still`,
      next: ['timedatectl status', 'tv status'],
    });
  }
  return troubles;
}

/** What an oracle is short of, as a rotation funds a new one; from whatever wallet, so no key is named. */
export function fundingLine(oracle: Address, { network, symbol }: Pick<Funds, 'network' | 'symbol'>): string {
  return `send ${network === 'plain' ? '0.1' : '10'} ${symbol} to ${oracle}`;
}

/** The time that the next block would have. Undefined where the node makes none. */
async function readPendingTime(chain: Chain): Promise<number | undefined> {
  const request = chain.client.request({ method: 'eth_getBlockByNumber', params: ['pending', false] });
  const block: unknown = await described(chain, request).catch(() => null);
  return block === null ? undefined : parseQuantity(parseObject(block, 'block')['timestamp'], 'block time');
}
