import type { Address, SignerRole } from '../../config/settings.ts';
import { exitCodes, TvError } from '../../errors/TvError.ts';
import type { Finding } from '../../runbook/check.ts';
import type { Context } from '../../runbook/context.ts';
import { block, need, type Preflight, pass, warn } from '../../runbook/preflight.ts';
import { lacks } from '../decodeRevert.ts';
import { holdsRole } from '../holdsRole.ts';
import { contractTitles, type ResolvedIntent } from '../intents/intent.ts';
import { sameAddress } from '../sameAddress.ts';
import { openSigner } from '../signers/openSigner.ts';
import type { Signer } from '../signers/signer.ts';
import { readFees, readMostGas } from '../transactions/readFees.ts';
import { feeOf, formatFunds, readFunds } from '../transactions/readFunds.ts';
import { readNetwork } from '../transactions/readNetwork.ts';
import { readNonce } from '../transactions/readNonce.ts';
import {
  gasPrice,
  generousFactor,
  type Replacement,
  readReplacement,
} from '../transactions/replacementFees.ts';
import { gasLimit, otherNode, tooMuchGas } from '../transactions/signTransaction.ts';
import { simulate } from '../transactions/simulate.ts';
import type { Call, Network } from '../transactions/transaction.ts';

/** Who will sign, and what pays. Plain data, for the facts of a runbook. */
export type Sender = {
  readonly role: SignerRole;
  readonly from: Address;
  readonly network: Network;
  /** Null where fees are paid in the native token. */
  readonly feeToken: Address | null;
};

export interface SendingParameters {
  /** In the order in which they will be sent; all of one role. */
  readonly intents: readonly ResolvedIntent[];
  /** On Tempo with its own nonce key, so a stuck transaction does not delay it. */
  readonly urgent?: boolean;
  /** Whether the operator wants a waiting transaction of this account to be replaced; absent where none may. */
  readonly replace?: boolean;
  /** What other accounts send before, without which these would revert. */
  readonly first?: readonly (Call & { readonly from: Address })[];
}

/**
 * Everything that can keep a transaction from being mined, checked before the question: the
 * key, its role, a waiting transaction in front of it, the simulation, the money for the fee. The
 * key is opened here, which may ask for a password.
 * @returns what the plan needs; undefined where a check blocks
 * @throws TvError with exit code 4 where a password is needed and there is no terminal to ask at
 */
export async function checkSending(
  ctx: Context,
  preflight: Preflight,
  parameters: SendingParameters,
): Promise<Sender | undefined> {
  const { intents, urgent = false, replace, first: before = [] } = parameters;
  const [first] = intents;
  if (first === undefined) return undefined;
  const { role } = first;
  // Outside of any check: typing a password has no time limit.
  const opened = await openForCheck(ctx, role.signer);

  const signer = preflight.check('signer', 'chain', async () => {
    if (opened instanceof TvError) throw orElsewhere(opened);
    return checkSigner(ctx, opened, { first, intents });
  });
  const account = async () => (await need(signer, 'signer')).from;
  const nonce = preflight.check('nonce', 'chain', async () =>
    checkNonce(ctx, { account: await account(), urgent, replace }),
  );
  const simulation = preflight.check('simulation', 'chain', async () =>
    checkSimulation(ctx, { account: await account(), intents, before }),
  );
  const fees = preflight.check('fees', 'chain', async () =>
    checkFees(ctx, {
      account: await account(),
      gas: BigInt((await need(simulation, 'simulation')).gas),
      price: replace === true ? (await need(nonce, 'nonce')).maxFeePerGas : null,
      urgent,
    }),
  );

  const [who, pays] = await Promise.all([signer, fees, nonce]);
  if (who === undefined || pays === undefined) return undefined;
  return { role: role.signer, from: who.from, ...pays };
}

/** Where no key is configured, whoever holds one can still sign. */
function orElsewhere(error: TvError): TvError {
  if (error.code !== 'signer.not-configured') return error;
  const { code, message, facts, next, exitCode } = error;
  return new TvError(code, message, {
    ...{ facts, exitCode, cause: error },
    next: [...next, 'or sign elsewhere: --calldata, --safe FILE'],
  });
}

async function checkSigner(
  ctx: Context,
  { address, source }: Signer,
  { first, intents }: { readonly first: ResolvedIntent; readonly intents: readonly ResolvedIntent[] },
): Promise<Finding<{ readonly from: Address }>> {
  const { role } = first;
  const isListed = ({ holders }: ResolvedIntent) => holders.some((one) => sameAddress(one, address));
  const unlisted = intents.filter((intent) => !isListed(intent));
  const unsure = unlisted.find(({ holdersUnknown }) => holdersUnknown !== undefined);
  if (unlisted.length > 0 && unsure === undefined) {
    const { sentence, facts } = lacks(ctx.chain(), {
      account: address,
      role: role.name,
      members: first.holders,
    });
    return block(sentence, {
      facts: { ...facts, key: source },
      next: [
        { when: `give signers.${role.signer} a key that holds ${role.name}`, tv: ['config', 'show'] },
        'or have its holder sign: --calldata, --safe FILE',
      ],
    });
  }
  // Where the list may be incomplete, the registry is asked for this account alone.
  const holds = unsure === undefined || (await holdsRole(ctx.chain(), { account: address, role: role.id }));
  if (!holds) {
    return warn(`${address} may lack ${role.name} (${source}); the simulation decides`, {
      facts: { 'role members': unsure?.holdersUnknown ?? 'unknown' },
      value: { from: address },
    });
  }
  return pass(`${address} holds ${role.name} (${source})`, { from: address });
}

/** What is pending before the next transaction. `maxFeePerGas` is that of a replacement. */
async function checkNonce(
  ctx: Context,
  { account, urgent, replace }: Readonly<{ account: Address; urgent: boolean; replace: boolean | undefined }>,
) {
  const [{ latest, pending }, network] = await Promise.all([
    readNonce(ctx.chain(), account),
    readNetwork(ctx.chain()),
  ]);
  const value = { pending, latest, maxFeePerGas: null as string | null };
  const waiting = pending - latest;
  const ownLine = urgent && network === 'tempo';
  if (waiting === 0 && ownLine)
    return pass('has a nonce key of its own: nothing pending can delay it', value);
  if (waiting === 0) return pass(`next is ${latest}, nothing waits in front`, value);
  const words = `${waiting === 1 ? 'a transaction' : `${waiting} transactions`} of this account ${waiting === 1 ? 'is' : 'are'} pending, from nonce ${latest} on`;
  if (ownLine) {
    return warn(`${words}; no delay: this transaction uses its own nonce key`, { value });
  }
  if (replace) {
    const replacement = await readReplacement(ctx.chain(), { account, nonce: latest });
    return warn(`${words}; the first will be replaced`, {
      facts: factsOf(replacement),
      value: { ...value, maxFeePerGas: replacement.fees.maxFeePerGas.toString() },
    });
  }
  return block(words, {
    value,
    next:
      replace === undefined
        ? ['wait until it is in a block']
        : [{ when: 'wait until it is in a block, or replace it', again: ['--replace'] }],
  });
}

interface SimulationParameters {
  readonly account: Address;
  readonly intents: readonly ResolvedIntent[];
  readonly before: NonNullable<SendingParameters['first']>;
}

async function checkSimulation(ctx: Context, { account, intents, before }: SimulationParameters) {
  const calls = intents.map(({ address, data }) => ({ to: address, data }));
  const [answer, most] = await Promise.all([
    simulate(ctx.chain(), { from: account, calls, first: before }),
    readMostGas(ctx.chain()),
  ]);
  if (!answer.ok) {
    const { signature = '' } = intents[answer.index] ?? {};
    return block<{ readonly gas: string }>(`${signature} would revert: ${answer.revert.sentence}`, {
      facts: answer.revert.facts,
    });
  }
  if (most !== undefined && answer.gas > most && calls.length === 1) {
    return block(`the RPC node estimates ${tooMuchGas(answer.gas, most)}`, {
      facts: { node: ctx.chain().urls.join(', ') },
      next: otherNode,
    });
  }
  const value = { gas: answer.gas.toString() };
  if (!answer.tried) {
    return warn(`${describe(intents)} cannot be tried beforehand: the node has no eth_simulateV1`, { value });
  }
  const words = `${describe(intents)} would succeed`;
  return pass(before.length === 0 ? words : `${words}, after what comes before it`, value);
}

interface FeesParameters {
  readonly account: Address;
  readonly gas: bigint;
  /** In wei a unit of gas, of a replacement; null for the current one. */
  readonly price: string | null;
  readonly urgent: boolean;
}

async function checkFees(ctx: Context, { account, gas, price, urgent }: FeesParameters) {
  const perGas = price === null ? (await readFees(ctx.chain())).maxFeePerGas : BigInt(price);
  const network = await readNetwork(ctx.chain());
  const needed = feeOf(network, gasLimit(gas, urgent), perGas);
  const funds = await readFunds(ctx.chain(), { account, needed });
  const value = { network, feeToken: funds.feeToken ?? null };
  const summary = `has ${formatFunds(funds.balance, funds)}, needs at most ${formatFunds(needed, funds)}`;
  if (funds.balance >= needed) return pass(summary, value);
  return block(summary, { facts: { account }, next: [`send ${account} some ${funds.symbol}`] });
}

/**
 * Opens a key, which may ask for a password, and so has no time limit: to be called outside of any check.
 * @returns the reason where it cannot be opened
 * @throws TvError with exit code 4 where a password is needed and there is no terminal to ask at
 */
export async function openForCheck(ctx: Context, role: SignerRole): Promise<Signer | TvError> {
  return openSigner(ctx, role).catch((error: unknown) => {
    if (!(error instanceof TvError) || error.exitCode === exitCodes.notConfirmed) throw error;
    return error;
  });
}

/** What is replaced, and what replaces it. */
function factsOf({ pending, fees }: Replacement): Readonly<Record<string, string>> {
  return pending.known
    ? { pending: `${pending.value.hash}, ${gasPrice(pending.value)}`, replacement: gasPrice(fees) }
    : {
        pending: `its fee is unknown: ${pending.reason}`,
        replacement: `${gasPrice(fees)}, over ${generousFactor} times the usual fee`,
      };
}

function describe(intents: readonly ResolvedIntent[]): string {
  const [first] = intents;
  if (first === undefined) return 'nothing';
  const name = `${contractTitles[first.contract]}.${first.signature.split('(')[0]}`;
  return intents.length === 1 ? name : `${name} and ${intents.length - 1} more`;
}
