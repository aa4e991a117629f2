import { contractsOf } from '../../chain/contracts.ts';
import { ofCurrentState } from '../../chain/currentState.ts';
import type { ResolvedIntent } from '../../chain/intents/intent.ts';
import { resolveIntents } from '../../chain/intents/resolveIntent.ts';
import type { checkNodes } from '../../chain/preflight/checkNodes.ts';
import { checkSending } from '../../chain/preflight/checkSending.ts';
import { openProtocol, readProtocol } from '../../chain/readProtocol.ts';
import { sameAddress } from '../../chain/sameAddress.ts';
import { openSigner } from '../../chain/signers/openSigner.ts';
import { readNetwork } from '../../chain/transactions/readNetwork.ts';
import { isKnown } from '../../chain/treasury/checkRecipient.ts';
import type { Address, SignerRole } from '../../config/settings.ts';
import { exitCodes, TvError } from '../../errors/TvError.ts';
import { surveyRuns } from '../../journal/readRuns.ts';
import { residualState } from '../../journal/residualState.ts';
import { isUnfinished } from '../../journal/runState.ts';
import type { Check } from '../../runbook/check.ts';
import type { Context } from '../../runbook/context.ts';
import type { StepContext } from '../../runbook/define.ts';
import { block, need, Preflight, pass, warn } from '../../runbook/preflight.ts';
import type { Pausing, PayoutFacts } from './facts.ts';

export interface PayoutCheckParameters {
  readonly withdraws: readonly ResolvedIntent[];
  readonly pausing: Pausing | null;
  readonly replace: boolean;
  /** Distinguishes these checks from others of the same screen. */
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
export async function checkPayout(ctx: Context, parameters: PayoutCheckParameters): Promise<Payer> {
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

export interface RecipientInput {
  readonly to: string;
  readonly toAgain?: string | undefined;
}

/** An address of the settings, or one typed twice alike; never the protocol itself. */
export function checkPayoutRecipient(
  ctx: Context,
  preflight: Preflight,
  recipient: Address,
  { to, toAgain }: RecipientInput,
): void {
  preflight.check('recipient', 'config', async () => {
    const own = contractsOf(ctx.chain()).find(({ address }) => sameAddress(address, recipient));
    if (own !== undefined || /^0x0+$/.test(recipient)) {
      return block(
        `${recipient} is ${own === undefined ? 'the zero address' : `the protocol's own ${own.name}`}`,
        { next: ['--to an address outside the protocol'] },
      );
    }
    if (isKnown(ctx.settings, recipient)) return pass(`${recipient} is on the list of withdraw.recipients`);
    if (toAgain === to) return warn(`${recipient} is not on the list; typed twice alike`);
    return block(
      toAgain === undefined
        ? `${recipient} is not on the list of withdraw.recipients`
        : 'the two recipients differ',
      {
        facts: toAgain === undefined ? {} : { '--to': to, '--to-again': toAgain },
        next: ['type it a second time, from its source: --to-again 0x…', 'or add it to withdraw.recipients'],
      },
    );
  });
}

/** Whether a pause blocks a withdrawal; `pausing` holds the calls around it where it is. */
export function checkPause(
  ctx: Context,
  preflight: Preflight,
  nodes: ReturnType<typeof checkNodes>,
): Promise<{ readonly pausing: Pausing | null } | undefined> {
  return preflight.check<{ readonly pausing: Pausing | null }>('protocol', 'chain', async () => {
    await need(nodes, 'chain');
    const { paused, pausedBy } = await readProtocol(ctx.chain());
    if (paused === undefined) {
      return warn('paused state unknown: no contract returns it', { value: { pausing: null } });
    }
    if (!paused) return pass('not paused', { pausing: null });
    // The runbook's vault keeps the pause itself, and still allows withdrawals.
    if (pausedBy !== 'riskController') {
      return warn('paused; this vault lets withdrawals through all the same', { value: { pausing: null } });
    }
    const [end, begin] = await resolveIntents(ctx.chain(), [
      { intent: 'unpauseProtocol' },
      { intent: 'pauseProtocol' },
    ]);
    if (end === undefined || begin === undefined) throw new Error('one answer for each intent');
    return warn('paused: the vault refuses withdrawals; the pause has to end for this one', {
      value: { pausing: { end, begin } },
    });
  });
}

/**
 * Where another run has left the protocol unpaused, this one leaves it so: no other check
 * would report it at the end.
 */
export function checkOpen(ctx: StepContext, preflight: Preflight): void {
  for (const state of surveyRuns(ctx).states.filter(isUnfinished)) {
    const left = residualState(state);
    if (left.length === 0) continue;
    const { run } = state.started;
    const readBack = async () => {
      const { paused } = await readProtocol(ctx.chain());
      // What else it has left, a pause does not change.
      const still = paused === true ? residualState(state, { [openProtocol]: null }) : left;
      return still.length === 0
        ? pass(`paused, though ${run} is unfinished`)
        : warn(`the ${still.join(', the ')}: ${run} is unfinished`, { next: [{ tv: ['resume', run] }] });
    };
    preflight.check('other run', 'chain', () => ofCurrentState(ctx, readBack));
  }
}
