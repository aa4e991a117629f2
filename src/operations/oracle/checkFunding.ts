import { diagnose, paysBy } from '../../chain/oracle/diagnose.ts';
import { type Funding, fundingCall, readFunded } from '../../chain/oracle/fundAccount.ts';
import { planTopUp, type TopUp } from '../../chain/oracle/planTopUp.ts';
import { authorisedWords, isOracle, readAuthority } from '../../chain/oracle/readAuthority.ts';
import { checkNodes } from '../../chain/preflight/checkNodes.ts';
import { openForCheck, type Sender } from '../../chain/preflight/checkSending.ts';
import { readCode } from '../../chain/readCode.ts';
import { sameAddress } from '../../chain/sameAddress.ts';
import { readFees } from '../../chain/transactions/readFees.ts';
import { feeOf, formatFunds, readFeeUnit, readWallet } from '../../chain/transactions/readFunds.ts';
import { readNetwork } from '../../chain/transactions/readNetwork.ts';
import { readNonce } from '../../chain/transactions/readNonce.ts';
import { gasLimit } from '../../chain/transactions/signTransaction.ts';
import { simulate } from '../../chain/transactions/simulate.ts';
import type { Network } from '../../chain/transactions/transaction.ts';
import { parseAmount } from '../../chain/treasury/amount.ts';
import { findToken } from '../../chain/treasury/findToken.ts';
import type { Address } from '../../config/settings.ts';
import { type Answer, answer } from '../../errors/answer.ts';
import { TvError, UsageError } from '../../errors/TvError.ts';
import type { Finding } from '../../runbook/check.ts';
import type { Context } from '../../runbook/context.ts';
import type { PreflightResult } from '../../runbook/define.ts';
import { block, need, Preflight, pass, warn } from '../../runbook/preflight.ts';
import { count, lasting } from '../../text/format.ts';
import type { FundFacts, FundInput } from './fundFacts.ts';
import { type EnvKey, readOracleKey } from './readOracleKey.ts';

/** Whose account, what it pays with, how long that lasts, and whether the sender can pay. */
export async function preflightFund(ctx: Context, input: FundInput): Promise<PreflightResult<FundFacts>> {
  const preflight = new Preflight(ctx);
  // Outside of any check: typing a password has no time limit.
  const opened = await openForCheck(ctx, input.from);
  const nodes = checkNodes(ctx, preflight);
  const relay = checkRecipient(ctx, preflight, nodes);
  const balance = checkBalance(ctx, preflight, relay, input);
  const amount = preflight.check('amount', 'chain', async () => {
    const seen = await need(balance, 'balance');
    const { fundDays: days } = ctx.settings.oracle;
    const unit = { symbol: seen.symbol, decimals: seen.decimals };
    const asked = input.amount === undefined ? null : parseAmount(input.amount, unit);
    const top = planTopUp({
      ...{ network: seen.network, decimals: seen.decimals, balance: BigInt(seen.balance), days },
      perSecond: seen.perSecond ?? undefined,
    });
    return judgeAmount({ asked, top, days, unit, balance: BigInt(seen.balance), perSecond: seen.perSecond });
  });
  const funding = Promise.all([balance, amount]).then(([seen, planned]): Funding | null | undefined => {
    if (seen === undefined || planned === undefined) return undefined;
    if (planned.amount === '0') return null;
    return { token: seen.token, amount: planned.amount, words: formatFunds(BigInt(planned.amount), seen) };
  });
  const signer = preflight.check('signer', 'chain', async () => {
    if (opened instanceof TvError) throw opened;
    const { oracle } = await need(relay, 'relay');
    const { address, source } = opened;
    if (sameAddress(address, oracle)) {
      return block(`the key for ${input.from} is that of the relay itself`, {
        facts: { key: source },
        next: ['--from admin, or another role whose account holds funds'],
      });
    }
    const { latest, pending } = await readNonce(ctx.chain(), address);
    const value = { from: address };
    if (pending === latest) return pass(`${address} (${source}), next nonce ${latest}`, value);
    return block(`pending transactions of ${address}: ${count(pending - latest)}`, {
      value,
      facts: { 'from nonce': String(latest) },
      next: ['wait until they are in a block, or pay from another account with --from'],
    });
  });
  const pays = preflight.check('payment', 'chain', async () => {
    const { oracle } = await need(relay, 'relay');
    const planned = await need(funding, 'amount');
    if (planned === null) return pass('nothing to send');
    const { from } = await need(signer, 'signer');
    return checkPayment(ctx, { from, oracle, funding: planned });
  });
  const checks = await preflight.checks();
  const known = {
    ...{ nodes: await nodes, relay: await relay, balance: await balance, amount: await amount },
    ...{ funding: await funding, signer: await signer, pays: await pays },
  };
  if (
    known.nodes === undefined ||
    known.relay === undefined ||
    known.balance === undefined ||
    known.amount === undefined ||
    known.funding === undefined
  ) {
    return { checks, facts: undefined };
  }
  let sender: Sender | null = null;
  if (known.funding !== null) {
    if (known.signer === undefined || known.pays === undefined) return { checks, facts: undefined };
    sender = { role: input.from, from: known.signer.from, ...known.pays };
  }
  return {
    checks,
    facts: {
      chainId: known.nodes.id,
      oracle: known.relay.oracle,
      funding: known.funding,
      token: known.balance.token,
      target: known.amount.target,
      sender,
    },
  };
}

/** The relay's address, by the key in `.env`, else the only one that the contracts accept. */
function checkRecipient(ctx: Context, preflight: Preflight, nodes: ReturnType<typeof checkNodes>) {
  return preflight.check('relay', 'chain', async () => {
    await need(nodes, 'chain');
    const [env, authority] = await Promise.all([
      answer((async () => readOracleKey(ctx))()),
      readAuthority(ctx.chain()),
    ]);
    const listed = authority.validUnknown === undefined ? authority.valid : undefined;
    const authorised = env.known ? await isOracle(ctx.chain(), env.value.address, authority) : false;
    const found = judgeRelay({ env, listed, authorised, words: authorisedWords(authority) });
    const { value } = found;
    if (value === undefined) return found;
    const code = await readCode(ctx.chain(), value.oracle);
    return isContract(code)
      ? block<typeof value>(`${value.oracle} is a contract, and no relay's account`, {
          next: [{ tv: ['oracle', 'status'] }],
        })
      : found;
  });
}

/** An account that delegates to code (EIP-7702) is still one with a key. */
export function isContract(code: string): boolean {
  return code.length > 2 && !/^0xef0100[0-9a-f]{40}$/i.test(code);
}

export function judgeRelay({
  env,
  listed,
  authorised,
  words,
}: {
  readonly env: Answer<Pick<EnvKey, 'address' | 'feeToken'>>;
  /** All accounts that may sign; undefined where the list may be incomplete. */
  readonly listed: readonly Address[] | undefined;
  /** Of the key in `.env`. */
  readonly authorised: boolean;
  /** The accounts that may sign. */
  readonly words: string;
}): Finding<{ readonly oracle: Address; readonly feeToken: Address | null }> {
  if (env.known) {
    const { address: oracle, feeToken } = env.value;
    const value = { oracle, feeToken };
    if (authorised) return pass(`${oracle}, by the key in .env; authorised`, value);
    return block(`the key in .env is ${oracle}, which is not authorised; authorised: ${words}`, {
      value,
      override: 'not-authorised',
      next: [{ tv: ['oracle', 'status'] }],
    });
  }
  const [only, ...others] = listed ?? [];
  if (only === undefined || others.length > 0 || BigInt(only) === 0n) {
    return block(`the relay's address is unknown: ${env.reason}`, {
      facts: { authorised: words },
      next: [{ when: 'run tv where .env can be read', tv: ['config', 'show'] }],
    });
  }
  return warn(`${only}, the only authorised oracle; the key in .env is unknown: ${env.reason}`, {
    value: { oracle: only, feeToken: null },
  });
}

export type BalanceValue = {
  readonly network: Network;
  readonly token: Address | null;
  readonly symbol: string;
  readonly decimals: number;
  /** In the smallest unit, in decimal. */
  readonly balance: string;
  /** What the last signals cost, in the smallest unit; null where that is unknown, or paid in another token. */
  readonly perSecond: number | null;
};

/** What the relay pays with, how much of it is there, what a signal takes, and how long that lasts. */
function checkBalance(
  ctx: Context,
  preflight: Preflight,
  relay: ReturnType<typeof checkRecipient>,
  { token: named }: FundInput,
) {
  return preflight.check<BalanceValue>('balance', 'chain', async () => {
    const { oracle, feeToken } = await need(relay, 'relay');
    const network = await readNetwork(ctx.chain());
    if (named !== undefined && network === 'plain') {
      throw new UsageError(
        'usage.conflicting-flags',
        '--token is for Tempo: this chain pays fees in its native token.',
        {
          next: ['leave --token out'],
        },
      );
    }
    const [{ payer, activity }, override] = await Promise.all([
      diagnose(ctx.chain(), { oracle, hostTime: undefined, intervalSeconds: null, feeToken }),
      named === undefined ? undefined : findToken(ctx.chain(), ctx.settings, named),
    ]);
    const spend = activity.known ? activity.value.spend : undefined;
    const paying = payer.known ? payer.value : undefined;
    if (override === undefined && paying === undefined) {
      return block(`the token that the relay pays with is unknown: ${payer.known ? '' : payer.reason}`, {
        next: ['name it: --token 0x…'],
      });
    }
    const token = override?.address ?? paying?.feeToken ?? null;
    const other = override !== undefined && !sameAddress(override.address, paying?.feeToken ?? '');
    const unit = override ?? (await readFeeUnit(ctx.chain(), token));
    const balance =
      !other && paying !== undefined
        ? paying.balance
        : await readFunded(ctx.chain(), { token, amount: '0', words: '' }, oracle);
    const value = {
      ...{ network, token, symbol: unit.symbol, decimals: unit.decimals, balance: balance.toString() },
      // What was paid in another token says nothing of this one.
      perSecond: other ? null : (spend?.perSecond ?? null),
    };
    return judgeBalance({
      value,
      paysBy: paying === undefined || other ? '' : paysBy(paying),
      perSignal: other ? undefined : spend?.perSignal,
      payingSymbol: other ? (paying?.symbol ?? 'an unknown token') : undefined,
      unknown: activity.known ? undefined : activity.reason,
    });
  });
}

export function judgeBalance({
  value,
  paysBy: by,
  perSignal,
  payingSymbol,
  unknown,
}: {
  readonly value: BalanceValue;
  readonly paysBy: string;
  readonly perSignal: bigint | undefined;
  /** What the relay pays with, where that is another token than the one that is to be sent. */
  readonly payingSymbol: string | undefined;
  /** Why its signals could not be read. */
  readonly unknown: string | undefined;
}): Finding<BalanceValue> {
  const balance = BigInt(value.balance);
  const has = `has ${formatFunds(balance, value)}${by}`;
  if (payingSymbol !== undefined) {
    return warn(`${has}, and pays its fees with ${payingSymbol}: check --token`, { value });
  }
  if (perSignal === undefined) {
    const why = unknown ?? 'no recent signal of it';
    return warn(`${has}; what it spends is unknown: ${why}`, { value });
  }
  const lasts = lastsWords(balance, value.perSecond);
  const words = `${has}, ${formatFunds(perSignal, value)} a signal${lasts === null ? '' : `, lasts ${lasts}`}`;
  return balance < perSignal ? warn(`${words}: too little for one signal`, { value }) : pass(words, value);
}

function lastsWords(balance: bigint, perSecond: number | null): string | null {
  return perSecond === null || perSecond <= 0 ? null : lasting(Number(balance) / perSecond);
}

export type AmountValue = {
  /** In the smallest unit, in decimal; `0` where nothing is to be sent. */
  readonly amount: string;
  readonly target: string;
};

/** How much is sent: as asked for, else what is missing to the target. */
export function judgeAmount({
  asked,
  top,
  days,
  unit,
  balance,
  perSecond,
}: {
  readonly asked: bigint | null;
  readonly top: TopUp;
  readonly days: number;
  readonly unit: { readonly symbol: string; readonly decimals: number };
  readonly balance: bigint;
  readonly perSecond: number | null;
}): Finding<AmountValue> {
  const shown = (amount: bigint) => formatFunds(amount, unit);
  const amount = asked ?? top.amount;
  const lasts = lastsWords(balance + amount, perSecond);
  const value = {
    amount: amount.toString(),
    target: (asked === null ? top.target : amount).toString(),
  };
  const then = lasts === null ? '' : `; lasts ${lasts} then`;
  if (asked !== null) return pass(`${shown(amount)}, as asked for${then}`, value);
  const goal = `${shown(top.target)}, ${
    {
      spend: `the fees of ${days} days at what its last signals cost`,
      least: 'what a new account is given',
      most: `the most without --amount; ${days} days take more`,
    }[top.by]
  }`;
  if (amount === 0n) {
    return warn(`it has enough: the target is ${goal}`, {
      value,
      next: [{ when: 'to send some all the same', again: ['--amount', 'AMOUNT'] }],
    });
  }
  const words = `${shown(amount)} to reach ${goal}${then}`;
  return top.by === 'most' ? warn(words, { value }) : pass(words, value);
}

/** Tries the transfer, and whether the sender has the amount and the fee. */
async function checkPayment(
  ctx: Context,
  { from, oracle, funding }: { readonly from: Address; readonly oracle: Address; readonly funding: Funding },
): Promise<Finding<{ readonly network: Network; readonly feeToken: Address | null }>> {
  const [has, wallet, network, price] = await Promise.all([
    readFunded(ctx.chain(), funding, from),
    readWallet(ctx.chain(), from),
    readNetwork(ctx.chain()),
    readFees(ctx.chain()),
  ]);
  const amount = BigInt(funding.amount);
  const unit = await readFeeUnit(ctx.chain(), funding.token);
  if (has < amount) {
    return block(`${from} has ${formatFunds(has, unit)}, less than the ${funding.words} to send`, {
      next: [`send ${from} some more, pay from another account with --from, or send less with --amount`],
    });
  }
  const tried = await simulate(ctx.chain(), { from, calls: [fundingCall(funding, oracle)] });
  if (!tried.ok) {
    return block(`the transfer would revert: ${tried.revert.sentence}`, { facts: tried.revert.facts });
  }
  const fee = feeOf(network, gasLimit(tried.gas, false), price.maxFeePerGas);
  const funds = wallet(fee);
  const isSame = funding.token === null || sameAddress(funding.token, funds.feeToken ?? '');
  const value = { network, feeToken: funds.feeToken ?? null };
  const words = `${from} has ${formatFunds(has, unit)}; sends ${funding.words}, and pays at most ${formatFunds(fee, funds)}`;
  if (isSame ? has >= amount + fee : funds.balance >= fee) return pass(words, value);
  return block(`${words}: too little for both`, {
    next: [`send ${from} some ${funds.symbol}, or send less with --amount`],
  });
}
