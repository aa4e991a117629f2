import type { ResolvedIntent } from '../../../src/chain/intents/intent.ts';
import { resolveIntents } from '../../../src/chain/intents/resolveIntent.ts';
import { lookAtNodes } from '../../../src/chain/preflight/lookAtNodes.ts';
import { lookAtSending } from '../../../src/chain/preflight/lookAtSending.ts';
import { readProtocol } from '../../../src/chain/readProtocol.ts';
import { openSigner } from '../../../src/chain/signers/openSigner.ts';
import { readNetwork } from '../../../src/chain/transactions/readNetwork.ts';
import { formatAmount, parseAmount } from '../../../src/chain/treasury/amount.ts';
import { checkRecipient, isKnown } from '../../../src/chain/treasury/checkRecipient.ts';
import { findToken } from '../../../src/chain/treasury/findToken.ts';
import { readPlaces } from '../../../src/chain/treasury/readPlaces.ts';
import { readWithdrawable } from '../../../src/chain/treasury/readWithdrawable.ts';
import type { Address, SignerRole } from '../../../src/config/settings.ts';
import { exitCodes, TvError } from '../../../src/errors/TvError.ts';
import type { Check } from '../../../src/runbook/check.ts';
import type { Context } from '../../../src/runbook/context.ts';
import type { PreflightResult } from '../../../src/runbook/define.ts';
import { block, Lookout, need, pass, warn } from '../../../src/runbook/lookout.ts';
import type { WithdrawInput } from '../withdraw.ts';
import type { WithdrawFacts } from './facts.ts';

/** How long an amount of `max` stays right while the transaction is on its way, in seconds. */
export const holdsFor = 120;

/** Who gets how much of what, whether the vault lets go of it, and what a pause takes. */
export async function preflight(ctx: Context, input: WithdrawInput): Promise<PreflightResult<WithdrawFacts>> {
  const { replace } = input;
  const recipient = checkRecipient(ctx.settings, input.to);
  const max = input.amount === 'max';
  const lookout = new Lookout(ctx);
  const nodes = lookAtNodes(ctx, lookout);
  lookAtRecipient(ctx, lookout, recipient, input);
  const token = lookout.look('token', 'chain', async () => {
    const found = await findToken(ctx.chain(), ctx.settings, input.token);
    // Read now, so that an amount that makes no sense is told before anything else.
    if (!max) parseAmount(input.amount, found);
    return pass(`${found.symbol} ${found.address}, ${found.decimals} decimals`, found);
  });
  const paused = lookout.look('protocol', 'chain', async () => {
    const { paused: is, pausedBy } = await readProtocol(ctx.chain());
    // The runbook's vault keeps the pause itself, and withdrawals go on.
    const refuses = is === true && pausedBy === 'riskController';
    if (!is) return pass('not paused', { refuses });
    return refuses
      ? warn('paused: the vault refuses withdrawals; the pause has to end for this one', {
          value: { refuses },
        })
      : warn('paused; this vault lets withdrawals through all the same', { value: { refuses } });
  });
  const asked = lookout.look('amount', 'chain', async () => {
    const unit = await need(token, 'token');
    const { refuses } = await need(paused, 'protocol');
    const amount = max ? 1n : parseAmount(input.amount, unit);
    const [withdraw, end, begin] = await resolveIntents(ctx.chain(), [
      { intent: 'withdraw', token: unit.address, amount, recipient },
      { intent: 'unpauseProtocol' },
      { intent: 'pauseProtocol' },
    ]);
    if (withdraw === undefined || end === undefined || begin === undefined) throw new Error('three intents');
    const [holder] = withdraw.holders;
    const [ender] = end.holders;
    if (holder === undefined || ender === undefined) return block('nobody holds the role that may withdraw');
    const [free, before] = await Promise.all([
      readWithdrawable(ctx.chain(), {
        vault: withdraw.address,
        token: unit.address,
        from: holder,
        recipient,
        first: refuses ? { from: ender, to: end.address, data: end.data } : undefined,
        holdsFor: max ? holdsFor : 0,
      }),
      readPlaces(ctx.chain(), { token: unit.address, recipient }),
    ]);
    const facts = {
      book: formatAmount(BigInt(before.book), unit),
      deployed: formatAmount(BigInt(before.deployed), unit),
      fees: formatAmount(BigInt(before.fees), unit),
    };
    const wanted = max ? free : amount;
    const value = { amount: wanted.toString(), withdraw, end, begin, before };
    if (free === 0n) return block(`the vault has no ${unit.symbol} that is free`, { facts });
    if (wanted > free) {
      return block(`${formatAmount(wanted, unit)} asked for, ${formatAmount(free, unit)} is free`, {
        facts,
        next: ['--amount max', 'tv emergency unwind, for what is deployed'],
      });
    }
    return pass(
      max
        ? `${formatAmount(free, unit)} is free, less what the management fee takes until then`
        : `${formatAmount(wanted, unit)} of ${formatAmount(free, unit)} that is free`,
      value,
    );
  });

  const known = { found: await asked, token: await token, paused: await paused };
  const { found } = known;
  if (found === undefined || known.token === undefined || known.paused === undefined) {
    return { checks: await lookout.checks(), facts: undefined };
  }
  const { amount, before } = found;
  const [withdraw] = await resolveIntents(ctx.chain(), [
    { intent: 'withdraw', token: known.token.address, amount: BigInt(amount), recipient },
  ]);
  if (withdraw === undefined) throw new Error('one intent, one answer');
  const way = known.paused.refuses
    ? await lookAtPaused(ctx, lookout, { withdraw, end: found.end, begin: found.begin, replace })
    : await lookAtPlain(ctx, lookout, { withdraw, replace });
  const checks = [...(await lookout.checks()), ...way.checks];
  const chain = await nodes;
  if (chain === undefined || way.found === undefined) return { checks, facts: undefined };
  const { token: unit } = known;
  return {
    checks,
    facts: {
      chainId: chain.id,
      token: unit,
      recipient,
      amount,
      max,
      withdraw,
      replace,
      before,
      ...way.found,
    },
  };
}

function lookAtRecipient(ctx: Context, lookout: Lookout, recipient: Address, input: WithdrawInput): void {
  lookout.look('recipient', 'config', async () => {
    const own = Object.entries(ctx.chain().contracts).find(
      ([, address]) => address?.toLowerCase() === recipient.toLowerCase(),
    );
    if (own !== undefined || /^0x0+$/.test(recipient)) {
      return block(
        `${recipient} is ${own === undefined ? 'the zero address' : `the protocol's own ${own[0]}`}`,
      );
    }
    if (isKnown(ctx.settings, recipient)) return pass(`${recipient} is on the list of withdraw.recipients`);
    if (input.toAgain === input.to) return warn(`${recipient} is not on the list; typed twice alike`);
    return block(
      input.toAgain === undefined
        ? `${recipient} is not on the list of withdraw.recipients`
        : 'the two recipients differ',
      {
        facts: input.toAgain === undefined ? {} : { '--to': input.to, '--to-again': input.toAgain },
        next: ['type it a second time, from its source: --to-again 0x…', 'or add it to withdraw.recipients'],
      },
    );
  });
}

interface Ways {
  readonly checks: readonly Check[];
  readonly found: Pick<WithdrawFacts, 'sender' | 'pause'> | undefined;
}

interface Calls {
  readonly withdraw: ResolvedIntent;
  readonly replace: boolean;
}

async function lookAtPlain(ctx: Context, lookout: Lookout, { withdraw, replace }: Calls): Promise<Ways> {
  const sender = await lookAtSending(ctx, lookout, { intents: [withdraw], urgent: true, replace });
  const pause = { way: 'not in the way' } as const;
  return { checks: [], found: sender === undefined ? undefined : { sender, pause } };
}

/** The pause has to end and begin again: in one transaction if one account may do all of it. */
async function lookAtPaused(
  ctx: Context,
  lookout: Lookout,
  { withdraw, end, begin, replace }: Calls & { readonly end: ResolvedIntent; readonly begin: ResolvedIntent },
): Promise<Ways> {
  const three = [end, withdraw, begin];
  const able = await whoMayAll(ctx, three);
  if (able !== undefined) {
    const intents = three.map((intent) => ({ ...intent, role: { ...intent.role, signer: able } }));
    const sender = await lookAtSending(ctx, lookout, { intents, urgent: true, replace });
    const pause = { way: 'atomic', end, begin } as const;
    return { checks: [], found: sender === undefined ? undefined : { sender, pause } };
  }
  const sender = await lookAtSending(ctx, lookout, {
    intents: [withdraw],
    urgent: true,
    replace,
    simulated: [],
  });
  const other = new Lookout(ctx);
  // Not on a nonce line of its own: the end of the pause must be in front of its new beginning.
  const pauser = await lookAtSending(ctx, other, { intents: [end, begin], replace, simulated: [end] });
  const checks = (await other.checks()).map((check) => ({ ...check, id: `${check.id} (pause)` }));
  if (sender === undefined || pauser === undefined) return { checks, found: undefined };
  return { checks, found: { sender, pause: { way: 'steps', end, begin, sender: pauser } } };
}

/** The signer whose account may end the pause and withdraw; only Tempo sends several calls at once. */
async function whoMayAll(ctx: Context, intents: readonly ResolvedIntent[]): Promise<SignerRole | undefined> {
  if ((await readNetwork(ctx.chain())) !== 'tempo') return undefined;
  const roles = [...new Set(intents.map(({ role }) => role.signer))];
  for (const role of roles) {
    const signer = await openSigner(ctx, role).catch((error: unknown) => {
      if (!(error instanceof TvError) || error.exitCode === exitCodes.notConfirmed) throw error;
      return undefined;
    });
    const may = ({ holders }: ResolvedIntent) =>
      holders.some((holder) => holder.toLowerCase() === signer?.address.toLowerCase());
    if (signer !== undefined && intents.every(may)) return role;
  }
  return undefined;
}
