import * as z from 'zod';
import { ofCurrentState } from '../../src/chain/currentState.ts';
import { type Funding, fundingCall, paidIn, readFunded } from '../../src/chain/oracle/fundAccount.ts';
import { formatFunds, readFeeUnit } from '../../src/chain/transactions/readFunds.ts';
import { readEvidence } from '../../src/chain/transactions/receipt.ts';
import { journaledTransaction, probeSent, sendOnce } from '../../src/chain/transactions/sendOnce.ts';
import { node } from '../../src/chain/transactions/sendSteps.ts';
import { amountPattern } from '../../src/chain/treasury/amount.ts';
import { known } from '../../src/errors/answer.ts';
import { preflightFund } from '../../src/operations/oracle/checkFunding.ts';
import { exampleFacts, type FundFacts, funded } from '../../src/operations/oracle/fundFacts.ts';
import type { Finding } from '../../src/runbook/check.ts';
import { defineRunbook, field, type Step, type StepContext } from '../../src/runbook/define.ts';
import { block, Preflight, pass, warn } from '../../src/runbook/preflight.ts';
import { byHand } from './fund.byHand.ts';

const input = {
  amount: field(
    '--amount <tokens>',
    'how much, in whole tokens (default: the fees of some days)',
    z.string().regex(amountPattern, 'expected an amount in whole tokens, such as 25 or 0.1').optional(),
  ),
  token: field(
    '--token <token>',
    'on Tempo: another fee token than the one that the relay pays with, by address or symbol',
    z.string().optional(),
  ),
  from: field(
    '--from <role>',
    "whose key pays: that of this role, by the settings' signers",
    z.enum(['treasuryManager', 'admin', 'emergency', 'riskOfficer']).default('treasuryManager'),
  ),
};

/** Runbook §2 and §10: the relay runs out of fees. */
export default defineRunbook<typeof input, FundFacts>({
  title: 'Fund the oracle',
  summary: 'Send the relay what it pays fees with',
  section: '2',
  order: 3,
  risk: 'moderate',
  description: `
Sends fee tokens to the relay's account from one of the settings' keys. On Tempo that is a transfer of the token
that paid for the relay's last signal, else FEE_TOKEN in .env, else its preference in the fee manager, else the
chain's default; elsewhere it is the native token. Tempo refuses transactions with a value.

Without --amount it tops the account up to the fees of oracle.fundDays days (default 30) at what the last
signals cost: no less than 0.1 of the native token or 10 on Tempo, and no more than 1 or 100. Where it has that
already, nothing is sent. To have a plan approved, name the amount: the balance moves with every signal.

The payment is sent once. The proof is the receipt of that transaction.`,
  byHand,
  examples: [
    { what: "The fees of some days, with the treasury manager's key", line: 'tv oracle fund' },
    { what: 'A given amount', line: 'tv oracle fund --amount 25' },
  ],
  input,
  example: { facts: exampleFacts, input: { amount: undefined, token: undefined, from: 'treasuryManager' } },
  onFailure: 'stop',
  concurrency: () => ({ touches: ['oracle funds'], blockedBy: 'touching' }),
  preflight: preflightFund,
  basis: ({ chainId, oracle, funding, sender }) => ({
    ...{ chainId, oracle, from: sender?.from ?? null },
    ...{ token: funding?.token ?? null, amount: funding?.amount ?? null },
  }),
  consequence: ({ oracle, funding, sender }) =>
    funding === null
      ? `This sends nothing: ${oracle} has enough.`
      : `This sends ${funding.words} from ${sender?.from} to ${oracle}. It cannot be undone.`,
  plan: (facts) => (facts.funding === null || facts.sender === null ? [] : [pay(facts, facts.funding)]),
  verify: async (ctx, facts) => {
    const preflight = new Preflight(ctx);
    const { funding } = facts;
    if (funding !== null) preflight.check('payment', 'chain', () => checkPaid(ctx, facts, funding));
    preflight.check('balance', 'chain', () => ofCurrentState(ctx, () => checkBalance(ctx, facts)));
    return preflight.checks();
  },
});

function pay({ oracle, sender }: FundFacts, funding: Funding): Step {
  if (sender === null) throw new Error('a payment without a sender');
  const { token, amount, words } = funding;
  const account = `${node} --account ${sender.role}`;
  return funded.define({
    title: `send ${words} from ${sender.from} to ${oracle}`,
    command:
      token === null
        ? `cast send ${oracle} --value ${amount} ${account}`
        : `cast send ${token} "transfer(address,uint256)" ${oracle} ${amount} ${account}`,
    runs: 'here',
    effect: 'final',
    afterwards: "it stays on the relay's account",
    sends: known({ from: sender.from, calls: [fundingCall(funding, oracle)] }),
    probe: (ctx) => probeSent(ctx),
    run: (ctx) =>
      sendOnce(ctx, {
        role: sender.role,
        from: sender.from,
        calls: [fundingCall(funding, oracle)],
        feeToken: sender.feeToken ?? undefined,
      }),
  });
}

/** Whether this run's own transaction moved the amount to the relay, by its receipt. */
async function checkPaid(
  ctx: StepContext,
  { oracle, sender }: FundFacts,
  funding: Funding,
): Promise<Finding> {
  const hash = funded.result(ctx)?.hash ?? hashInJournal(ctx);
  const next = [{ tv: ['resume', ctx.runId] }];
  if (hash === undefined || sender === null) return block('this run has sent no payment', { next });
  const evidence = await readEvidence(ctx.chain(), hash);
  const facts = { transaction: hash };
  if (!evidence.known)
    return block(`not proven that ${oracle} was paid: ${evidence.reason}`, { facts, next });
  return judgePaid({
    oracle,
    funding,
    hash,
    moved: paidIn(evidence.value.logs, funding, sender.from, oracle),
  });
}

/** Of a step that signed and did not come to its end. */
function hashInJournal({ runs, runId }: StepContext): `0x${string}` | undefined {
  const notes = runs
    .read(runId)
    .flatMap((event) => (event.type === 'step.noted' && event.step === funded.id ? [event] : []));
  return journaledTransaction({ notes: Object.fromEntries(notes.map(({ note, value }) => [note, value])) })
    ?.hash;
}

/** @param seen.moved what the token's events moved; null on a chain where the transaction's own value is the payment */
export function judgePaid(seen: {
  readonly oracle: string;
  readonly funding: Funding;
  readonly hash: string;
  readonly moved: bigint | null;
}): Finding {
  const { oracle, funding, hash, moved } = seen;
  if (moved === null) return pass(`${oracle} received ${funding.words}: ${hash} succeeded`);
  if (moved === BigInt(funding.amount)) {
    return pass(`${oracle} received ${funding.words}: Transfer in the receipt of ${hash}`);
  }
  return block(`the receipt shows ${moved} moved to ${oracle}, not ${funding.amount} (smallest unit)`, {
    facts: { transaction: hash, token: funding.token ?? 'native' },
  });
}

async function checkBalance(
  ctx: StepContext,
  { oracle, funding, token, target }: FundFacts,
): Promise<Finding> {
  const counted = funding ?? { token, amount: '0', words: '' };
  const [balance, unit] = await Promise.all([
    readFunded(ctx.chain(), counted, oracle),
    readFeeUnit(ctx.chain(), token),
  ]);
  const words = `${oracle} has ${formatFunds(balance, unit)}`;
  return judgeBalanceAfter({ words, balance, sent: BigInt(counted.amount), target: BigInt(target) });
}

/** @param seen.sent 0 where nothing was to be sent */
export function judgeBalanceAfter(seen: {
  readonly words: string;
  readonly balance: bigint;
  readonly sent: bigint;
  readonly target: bigint;
}): Finding {
  const { words, balance, sent, target } = seen;
  // A relay that was short of fees spends at once: a tenth of it says nothing.
  if (sent > 0n && balance >= (sent * 9n) / 10n) return pass(words);
  if (sent > 0n) {
    return warn(`${words}, much less than was sent: it spends fast, or sends it away`, {
      next: [{ tv: ['oracle', 'status'] }],
    });
  }
  return balance >= (target * 9n) / 10n
    ? pass(words)
    : block(`${words}, less than the target`, { next: [{ tv: ['oracle', 'fund'] }] });
}
