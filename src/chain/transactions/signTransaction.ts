import { randomBytes } from 'node:crypto';
import { keccak256 } from 'viem';
import type { Address } from '../../config/settings.ts';
import { exitCodes, TvError } from '../../errors/TvError.ts';
import type { Chain } from '../../runbook/context.ts';
import { readChainId } from '../readChainId.ts';
import type { Signer } from '../signers/signer.ts';
import { type Fees, readFees, readMostGas } from './readFees.ts';
import { readNetwork } from './readNetwork.ts';
import { readNonce } from './readNonce.ts';
import { readReplacement } from './replacementFees.ts';
import { simulate } from './simulate.ts';
import type { Call, SignedTransaction } from './transaction.ts';

export interface SignParameters {
  readonly signer: Signer;
  /** On Tempo all of them are one transaction. Elsewhere exactly one. */
  readonly calls: readonly Call[];
  /** Tempo only. Default: the account's preference. */
  readonly feeToken?: Address | undefined;
  /** Tempo only: its own nonce key, so no other transaction can delay this one. */
  readonly ownNonceLine?: boolean | undefined;
  /** Replaces the pending transaction by paying more. */
  readonly replace?: boolean | undefined;
  /** Of the ordinary nonce line; default: the next one. */
  readonly nonce?: number | undefined;
  /** Default: what gets it into one of the next blocks. */
  readonly fees?: Fees | undefined;
}

/** State may move between the estimate and the block; unused gas costs nothing. */
const gasMargin = { factor: 15n, divisor: 10n, more: 60_000n };
/** The first transaction of a nonce line writes new state, for which Tempo takes up to 250 000 gas (TIP-1000). */
const newLineGas = 350_000n;

/**
 * Makes and signs a transaction, and sends nothing.
 * @throws TvError where the simulation fails, or the node is on another chain
 */
export async function signTransaction(chain: Chain, parameters: SignParameters): Promise<SignedTransaction> {
  const { signer, calls, replace = false } = parameters;
  const from = signer.address;
  // Takes as long to load as a node to answer.
  readNetwork(chain).then(
    (network) => (network === 'tempo' ? import('../tempo.ts') : undefined),
    () => {},
  );
  const [network, chainId, fees, nonces, simulation, most] = await Promise.all([
    readNetwork(chain),
    readChainId(chain),
    readFees(chain),
    readNonce(chain, from),
    simulate(chain, { from, calls }),
    readMostGas(chain),
  ]);
  if (chain.expectedId !== undefined && chain.expectedId !== chainId) {
    throw new TvError('chain.wrong-chain', 'The RPC node is on another chain; nothing was signed.', {
      facts: { expected: chain.expectedId, found: chainId },
      next: [{ tv: ['config', 'show'] }],
      exitCode: exitCodes.blocked,
    });
  }
  if (!simulation.ok) {
    throw new TvError(
      'transaction.would-revert',
      `The contract would refuse the transaction: ${simulation.revert.sentence}.`,
      {
        facts: simulation.revert.facts,
      },
    );
  }
  const ownLine = network === 'tempo' && parameters.ownNonceLine === true;
  // Zero in front keeps clear of the keys that Tempo reserves.
  const nonceKey = ownLine ? BigInt(`0x00${randomBytes(8).toString('hex')}`) : 0n;
  const nonce = ownLine ? 0 : (parameters.nonce ?? (replace ? nonces.latest : nonces.pending));
  if (most !== undefined && simulation.gas > most) {
    throw new TvError(
      'transaction.gas-implausible',
      `The RPC node estimates ${tooMuchGas(simulation.gas, most)}; nothing was signed.`,
      {
        facts: { node: chain.urls.join(', ') },
        next: otherNode,
        exitCode: exitCodes.blocked,
      },
    );
  }
  const margined = gasLimit(simulation.gas, ownLine);
  const gas = most !== undefined && margined > most ? most : margined;
  const replaces = replace && !ownLine && nonces.pending > nonces.latest;
  const paid =
    parameters.fees ?? (replaces ? (await readReplacement(chain, { account: from, nonce })).fees : fees);
  const common = { chainId, nonce, gas, ...paid };
  const feeToken = network === 'tempo' ? (parameters.feeToken ?? null) : null;
  const raw =
    network === 'plain'
      ? await signPlain(signer, calls, common)
      : await signTempo(signer, calls, { ...common, nonceKey, feeToken });
  return {
    hash: keccak256(raw),
    from,
    nonce,
    nonceKey: nonceKey.toString(),
    chainId,
    calls,
    feeToken,
    raw,
  };
}

/** Of an estimate above what a transaction can take, in words. */
export function tooMuchGas(estimate: bigint, most: bigint): string {
  return `${estimate} gas, and a transaction can take ${most}`;
}

export const otherNode = [{ when: 'put the URL of another RPC node first', tv: ['config', 'show'] }];

/** @param used what the simulation took, all calls together */
export function gasLimit(used: bigint, ownNonceLine: boolean): bigint {
  const { factor, divisor, more } = gasMargin;
  return (used * factor) / divisor + more + (ownNonceLine ? newLineGas : 0n);
}

interface Common extends Fees {
  readonly chainId: number;
  readonly nonce: number;
  readonly gas: bigint;
}

function signPlain({ account }: Signer, calls: readonly Call[], common: Common): Promise<`0x${string}`> {
  const [call, ...others] = calls;
  if (call === undefined || others.length > 0) throw new Error('one call a transaction on a plain chain');
  return account.signTransaction({ type: 'eip1559', ...common, ...call, value: BigInt(call.value ?? '0x0') });
}

async function signTempo(
  { account }: Signer,
  calls: readonly Call[],
  { nonceKey, feeToken, ...common }: Common & { nonceKey: bigint; feeToken: Address | null },
): Promise<`0x${string}`> {
  const { serializeTransaction } = await import('../tempo.ts');
  const transaction = {
    ...common,
    type: 'tempo' as const,
    calls: calls.map((call) => ({ ...call, value: BigInt(call.value ?? '0x0') })),
    ...(nonceKey === 0n ? {} : { nonceKey }),
    ...(feeToken === null ? {} : { feeToken }),
  };
  // viem's own type for a serializer knows only Ethereum's transactions.
  return account.signTransaction(transaction as never, { serializer: serializeTransaction as never });
}
