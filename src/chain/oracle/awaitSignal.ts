import { type Address, decodeFunctionData, recoverTypedDataAddress } from 'viem';
import { TimeoutError, TvError } from '../../errors/TvError.ts';
import type { Chain } from '../../runbook/context.ts';
import { sleep } from '../../runbook/sleep.ts';
import { duration } from '../../text/format.ts';
import { riskControllerAbi } from '../abi/riskController.ts';
import { described } from '../describeRpcError.ts';
import { parseObject, textOf } from '../parseAnswer.ts';
import { readChainId } from '../readChainId.ts';
import { sameAddress } from '../sameAddress.ts';
import { riskControllerOf } from './readAuthority.ts';
import { type AcceptedSignal, signalReader } from './readSignals.ts';
import { signalTypedData } from './signalTypedData.ts';

export interface AwaitSignalParameters {
  /** Who has to have sent and signed it. */
  readonly oracle: Address;
  /** The first block that counts. */
  readonly fromBlock: number;
  /** Milliseconds. */
  readonly limitMs: number;
  readonly signal?: AbortSignal;
  readonly onLook?: (seconds: number) => void;
  /** Asked after each read that found none: why further waiting is pointless. */
  readonly giveUp?: () => Promise<TvError | undefined>;
}

/** A signal of the expected oracle that the contract accepted. */
export type FoundSignal = {
  readonly pair: `0x${string}`;
  readonly nonce: string;
  /** Seconds since 1970, the time in the signal. */
  readonly at: number;
  readonly transaction: `0x${string}`;
  readonly block: number;
};

const betweenLooksMs = 400;

/** How long to wait for a signal, in milliseconds: three intervals of the relay, and time to start. */
export function signalLimitMs(intervalSeconds: number): number {
  return intervalSeconds * 3_000 + 30_000;
}

/**
 * Waits for a signal on the chain that the contract accepted, in a transaction that the expected
 * address sent, with its signature. What the relay's log says is no evidence.
 * @throws TimeoutError where none comes within the limit; TvError where no node answers, or what `giveUp` gives
 */
export async function awaitSignal(chain: Chain, parameters: AwaitSignalParameters): Promise<FoundSignal> {
  const { oracle, fromBlock, limitMs, signal, onLook, giveUp } = parameters;
  const start = performance.now();
  const others = new Set<string>();
  let trouble: TvError | undefined;
  const read = signalReader(chain, { sender: oracle, fromBlock });
  const unexamined: AcceptedSignal[] = [];
  for (;;) {
    signal?.throwIfAborted();
    const elapsed = performance.now() - start;
    onLook?.(Math.round(elapsed / 1000));
    try {
      trouble = undefined;
      unexamined.push(...(await read()));
      for (let next = unexamined[0]; next !== undefined; next = unexamined[0]) {
        const found = await examine(chain, next, oracle);
        if (typeof found !== 'string') return found;
        unexamined.shift();
        others.add(found);
      }
    } catch (error) {
      // A node may come back; the limit below ends it.
      if (!(error instanceof TvError)) throw error;
      trouble = error;
    }
    if (elapsed > limitMs) {
      if (trouble !== undefined) throw trouble;
      throw new TimeoutError(
        'oracle.no-signal',
        `No signal of ${oracle} was accepted within ${duration(limitMs)}.`,
        {
          facts: { oracle, 'signals of others': [...others].join(', ') || 'none' },
          next: [{ tv: ['oracle', 'status'] }],
        },
      );
    }
    const hopeless = await giveUp?.();
    if (hopeless !== undefined) throw hopeless;
    await sleep(betweenLooksMs, signal);
  }
}

/** The signal, or its sender where that is another account. */
async function examine(
  chain: Chain,
  accepted: AcceptedSignal,
  oracle: Address,
): Promise<FoundSignal | string> {
  const { transaction: hash, block, pair } = accepted;
  const transaction = parseObject(
    await described(chain, chain.client.request({ method: 'eth_getTransactionByHash', params: [hash] })),
    'transaction',
  );
  const sender = textOf(transaction['from']);
  if (!sameAddress(sender, oracle)) return sender;
  for (const input of inputsOf(transaction)) {
    const update = decode(input);
    if (update === undefined || update.pair !== pair) continue;
    const signer = await recoverTypedDataAddress({
      ...signalTypedData({
        chainId: await readChainId(chain),
        riskController: riskControllerOf(chain),
        pair,
        signal: update.signal,
      }),
      signature: update.signature,
    });
    if (!sameAddress(signer, oracle)) return `${signer} (signer)`;
    const { nonce, timestamp } = update.signal;
    return { pair, nonce: nonce.toString(), at: Number(timestamp), transaction: hash, block };
  }
  return `${sender}, in a transaction that tv cannot read`;
}

/** Of an ordinary transaction, and of each call of Tempo's own kind. */
function inputsOf(transaction: Readonly<Record<string, unknown>>): readonly `0x${string}`[] {
  const { input, calls } = transaction;
  const inner: readonly unknown[] = Array.isArray(calls) ? calls : [];
  const all = [input, ...inner.map((call) => parseObject(call, 'call')['input'])];
  return all.filter((one): one is `0x${string}` => typeof one === 'string' && one.length > 10);
}

function decode(data: `0x${string}`) {
  try {
    const { functionName, args } = decodeFunctionData({ abi: riskControllerAbi, data });
    if (functionName !== 'updateOracleSignal') return undefined;
    const [pair, signal, signature] = args;
    return { pair, signal, signature };
  } catch {
    return undefined;
  }
}
