import type { ResolvedIntent } from '../../../src/chain/intents/intent.ts';
import { checkSending } from '../../../src/chain/preflight/checkSending.ts';
import { sameAddress } from '../../../src/chain/sameAddress.ts';
import { openSigner } from '../../../src/chain/signers/openSigner.ts';
import { readNetwork } from '../../../src/chain/transactions/readNetwork.ts';
import type { SignerRole } from '../../../src/config/settings.ts';
import { exitCodes, TvError } from '../../../src/errors/TvError.ts';
import type { Check } from '../../../src/runbook/check.ts';
import type { Context } from '../../../src/runbook/context.ts';
import { Preflight } from '../../../src/runbook/preflight.ts';
import type { Pausing, PayoutFacts } from './facts.ts';

export interface LookAtPayoutParameters {
  readonly withdraws: readonly ResolvedIntent[];
  readonly pausing: Pausing | null;
  readonly replace: boolean;
  /** Tells these checks from others of the same screen. */
  readonly mark?: string;
}

export interface Payer {
  readonly checks: readonly Check[];
  /** Undefined where a check blocks. */
  readonly found: Pick<PayoutFacts, 'sender' | 'pause'> | undefined;
}

/**
 * Who signs the withdrawals, and how the pause ends and begins again around them: in one transaction
 * if one account may do all of it.
 */
export async function checkPayout(ctx: Context, parameters: LookAtPayoutParameters): Promise<Payer> {
  const { withdraws, pausing, replace, mark = '' } = parameters;
  const marked = async (preflight: Preflight, words: string) =>
    (await preflight.checks()).map((check) => ({ ...check, id: `${check.id}${words}` }));
  const first = new Preflight(ctx);
  if (pausing === null) {
    const sender = await checkSending(ctx, first, { intents: withdraws, urgent: true, replace });
    const pause = { way: 'not in the way' } as const;
    return { checks: await marked(first, mark), found: sender === undefined ? undefined : { sender, pause } };
  }
  const { end, begin } = pausing;
  const all = [end, ...withdraws, begin];
  const able = await whoMayAll(ctx, all);
  if (able !== undefined) {
    const intents = all.map((intent) => ({ ...intent, role: { ...intent.role, signer: able } }));
    const sender = await checkSending(ctx, first, { intents, urgent: true, replace });
    const pause = { way: 'atomic', end, begin } as const;
    return { checks: await marked(first, mark), found: sender === undefined ? undefined : { sender, pause } };
  }
  const sender = await checkSending(ctx, first, {
    intents: withdraws,
    urgent: true,
    replace,
    first: end.holders.slice(0, 1).map((from) => ({ from, to: end.address, data: end.data })),
  });
  const second = new Preflight(ctx);
  // Not on a nonce line of its own: the end of the pause must be in front of its new beginning.
  const pauser = await checkSending(ctx, second, { intents: [end, begin], replace });
  const checks = [...(await marked(first, mark)), ...(await marked(second, ' (pause)'))];
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
    if (signer === undefined) continue;
    const may = ({ holders }: ResolvedIntent) =>
      holders.some((holder) => sameAddress(holder, signer.address));
    if (intents.every(may)) return role;
  }
  return undefined;
}
