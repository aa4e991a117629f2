import { signalLimitMs } from '../../src/chain/oracle/awaitSignal.ts';
import { diagnose } from '../../src/chain/oracle/diagnose.ts';
import { checkNodes } from '../../src/chain/preflight/checkNodes.ts';
import { readHead } from '../../src/chain/readHead.ts';
import { readUntil } from '../../src/chain/readUntil.ts';
import { sameAddress } from '../../src/chain/sameAddress.ts';
import { oracleSigner } from '../../src/chain/signers/oracleSigner.ts';
import type { Signer } from '../../src/chain/signers/signer.ts';
import { readFees } from '../../src/chain/transactions/readFees.ts';
import { feeOf, formatFunds, readFunds } from '../../src/chain/transactions/readFunds.ts';
import { readNetwork } from '../../src/chain/transactions/readNetwork.ts';
import { readNonce } from '../../src/chain/transactions/readNonce.ts';
import type { PendingTransaction } from '../../src/chain/transactions/readPool.ts';
import { readUnmined } from '../../src/chain/transactions/readUnmined.ts';
import { feesOf, gasPrice, replacementFees } from '../../src/chain/transactions/replacementFees.ts';
import { type Replaced, replaceNonce } from '../../src/chain/transactions/replaceNonce.ts';
import { node } from '../../src/chain/transactions/sendSteps.ts';
import { gasLimit } from '../../src/chain/transactions/signTransaction.ts';
import { simulate } from '../../src/chain/transactions/simulate.ts';
import type { Address } from '../../src/config/settings.ts';
import { known } from '../../src/errors/answer.ts';
import { TvError } from '../../src/errors/TvError.ts';
import { readClock } from '../../src/host/readClock.ts';
import { assumedIntervalSeconds } from '../../src/host/readRelay.ts';
import { readRelayError } from '../../src/host/readRelayError.ts';
import { followFirstSignal, judgeFirstSignal } from '../../src/operations/oracle/awaitFirstSignal.ts';
import { checkRelayService } from '../../src/operations/oracle/checkRelayService.ts';
import { readOracleKey, readRelayOf } from '../../src/operations/oracle/readOracleKey.ts';
import { defineRunbook, type Step, type StepContext } from '../../src/runbook/define.ts';
import { block, need, Preflight, pass, warn } from '../../src/runbook/preflight.ts';
import { note, step } from '../../src/runbook/step.ts';
import { count } from '../../src/text/format.ts';
import { byHand } from './unstick.byHand.ts';

/** Limit for one nonce, in milliseconds. */
const replaceLimitMs = 120_000;

type UnstickFacts = {
  readonly chainId: number;
  readonly unit: string;
  /** Of the relay's unit: without it no signal is to be expected. */
  readonly wasActive: boolean;
  readonly oracle: Address;
  readonly limitMs: number;
  /** Nonces to be used up, the first one first. */
  readonly nonces: readonly number[];
  /** Those that the node returned. */
  readonly pending: readonly PendingTransaction[];
  /** Null where fees are paid in the native token. */
  readonly feeToken: Address | null;
  /** Of the first replacement now, in the smallest unit of a gas price, in decimal. */
  readonly maxFeePerGas: string;
  readonly maxPriorityFeePerGas: string;
};

const replaced = (nonce: number) => step<Replaced & { readonly fromBlock: number }>(`replace-${nonce}`);
/** The first block in which a signal counts. */
const firstBlock = note<number>('fromBlock');

/** Runbook §2, "check nonce issues": a transaction of the relay's key holds up every signal after it. */
export default defineRunbook<Record<never, never>, UnstickFacts>({
  title: 'Replace a stuck transaction of the oracle',
  summary: 'Replace a stuck transaction of the oracle',
  section: '2',
  order: 4,
  risk: 'moderate',
  description: `
Where a transaction of the relay's key is pending and no signal gets through, a restart does not help:
the relay signs the next signal with the same nonce, and the node refuses it. This command uses the nonce up
with a call of the account to itself that does nothing, signed with the key in .env, and pays as much more as
the node requires. It is never another signal.

If the original gets into a block first, that is as good: the nonce has advanced. The report says which one
was mined. Afterwards a new signal on the chain, sent and signed by the expected address, is the proof that
the relay works again.`,
  byHand,
  examples: [
    { what: 'Show what is stuck, and what would replace it', line: 'tv oracle unstick --dry-run' },
    { what: 'Replace it', line: 'tv oracle unstick' },
  ],
  input: {},
  example: {
    facts: {
      chainId: 4217,
      unit: 'tempovault-oracle',
      wasActive: true,
      oracle: '0x9965507D1a55bcC2695C58ba16FB37d819B0A4dc',
      limitMs: 210_000,
      nonces: [603],
      pending: [
        {
          nonce: 603,
          hash: `0x${'7c'.repeat(32)}`,
          maxFeePerGas: '1000000000',
          maxPriorityFeePerGas: '0',
          gas: '200000',
        },
      ],
      feeToken: '0x20c0000000000000000000000000000000000000',
      maxFeePerGas: '22000000000',
      maxPriorityFeePerGas: '1',
    },
    input: {},
  },
  onFailure: 'stop',
  preflight: async (ctx) => {
    const preflight = new Preflight(ctx);
    const nodes = checkNodes(ctx, preflight);
    const service = checkRelayService(ctx, preflight);
    const key = preflight.check('key', 'host', async () => {
      const env = await readOracleKey(ctx);
      const relay = await readRelayOf(ctx, env);
      return pass(`the key in .env is ${env.address}`, {
        oracle: env.address,
        named: env.feeToken,
        intervalSeconds: relay.intervalSeconds.known ? relay.intervalSeconds.value : null,
        limitMs: signalLimitMs(assumedIntervalSeconds(relay)),
      });
    });
    const stuck = preflight.check('pending', 'chain', async () => {
      const { oracle, named, intervalSeconds } = await need(key, 'key');
      const [hostTime, error] = await Promise.all([readClock(ctx.host()), readRelayError(ctx)]);
      const lastError = error.known ? error.value : undefined;
      const [{ nonce, pool }, { troubles }] = await Promise.all([
        readUnmined(ctx.chain(), oracle),
        diagnose(ctx.chain(), { oracle, hostTime, intervalSeconds, feeToken: named, lastError }),
      ]);
      return judgePending({
        ...{ oracle, nonce, pool: pool.known ? pool.value : undefined },
        trouble: troubles.find(({ id }) => id === 'stuck' || id === 'pending'),
        lastError: lastError?.message,
      });
    });
    const fees = preflight.check('fees', 'chain', async () => {
      const { oracle } = await need(key, 'key');
      const { nonces, pending } = await need(stuck, 'pending');
      const [current, network, tried] = await Promise.all([
        readFees(ctx.chain()),
        readNetwork(ctx.chain()),
        simulate(ctx.chain(), { from: oracle, calls: [{ to: oracle, data: '0x' }] }),
      ]);
      if (!tried.ok) return block(`a call to itself would revert: ${tried.revert.sentence}`);
      const first = pending.find(({ nonce }) => nonce === nonces[0]);
      const next = replacementFees(current, first === undefined ? undefined : feesOf(first));
      const cost = feeOf(network, gasLimit(tried.gas, false), next.maxFeePerGas) * BigInt(nonces.length);
      const funds = await readFunds(ctx.chain(), { account: oracle, needed: cost });
      const value = {
        feeToken: funds.feeToken ?? null,
        maxFeePerGas: next.maxFeePerGas.toString(),
        maxPriorityFeePerGas: next.maxPriorityFeePerGas.toString(),
      };
      const then = first === undefined ? 'an unknown fee' : gasPrice(first);
      const words = `${then} then, ${gasPrice(value)} now; at most ${formatFunds(cost, funds)} of ${formatFunds(funds.balance, funds)}`;
      return funds.balance >= cost
        ? pass(words, value)
        : block(words, {
            next: [{ when: `send ${funds.symbol} to ${oracle}, then`, tv: ['oracle', 'unstick'] }],
          });
    });
    return preflight.result({ nodes, service, key, stuck, fees }, (known) => {
      const { oracle, limitMs } = known.key;
      return { chainId: known.nodes.id, ...known.service, oracle, limitMs, ...known.stuck, ...known.fees };
    });
  },
  basis: ({ chainId, oracle, nonces, pending }) => ({
    chainId,
    oracle,
    nonces,
    pending: pending.map(({ hash }) => hash),
  }),
  consequence: ({ oracle, nonces, pending }) =>
    `This uses up ${namesOf(nonces)} of ${oracle}; ${pending.length === 0 ? 'what waits there' : count(pending.length) === '1' ? 'the transaction that waits there' : 'the transactions that wait there'} will not be mined.`,
  plan: (facts) => [
    ...facts.nonces.map((nonce) => replace(facts, nonce)),
    ...(facts.wasActive ? [followFirstSignal(facts, replaced(facts.nonces[0] ?? 0))] : []),
  ],
  verify: async (ctx, facts) => {
    const preflight = new Preflight(ctx);
    const { oracle, nonces, unit, wasActive } = facts;
    const last = nonces.at(-1) ?? 0;
    preflight.check('nonce', 'chain', async () => {
      const { latest, pending } = await readUntil(
        ctx,
        () => readNonce(ctx.chain(), oracle),
        (state) => state.latest > last,
      );
      if (latest <= last) {
        return block(`nonce ${last} of ${oracle} is not used`, { next: [{ tv: ['oracle', 'status'] }] });
      }
      const words = nonces.map((nonce) => minedWords(replaced(nonce).result(ctx), nonce));
      const summary = `${words.join('; ')}; next is ${latest}`;
      return pending > latest && !wasActive
        ? warn(`${summary}, and ${count(pending - latest)} more wait`, {
            next: [{ tv: ['oracle', 'status'] }],
          })
        : pass(summary);
    });
    preflight.check('signal', 'chain', async () => {
      if (!wasActive) {
        return warn(`${unit} is not running, so no signal can be expected`, {
          next: [{ tv: ['oracle', 'recover'] }],
        });
      }
      return judgeFirstSignal(ctx, oracle);
    });
    return preflight.checks();
  },
});

export interface PendingEvidence {
  readonly oracle: Address;
  readonly nonce: { readonly latest: number; readonly pending: number };
  /** Undefined where the node does not show its pool. */
  readonly pool: readonly PendingTransaction[] | undefined;
  readonly trouble: { readonly id: string; readonly summary: string } | undefined;
  readonly lastError: string | undefined;
}

/** Which nonces hold up the signals; blocks where none does, or one was only just sent. */
export function judgePending({ oracle, nonce, pool, trouble, lastError }: PendingEvidence) {
  const { latest } = nonce;
  const name = oracle;
  if (trouble === undefined) {
    const words =
      pool === undefined
        ? `whether ${name} is stuck is unknown: the RPC node counts no pending transaction, and does not show its pool`
        : `${name} is not stuck: no transaction is pending`;
    return block<Pick<UnstickFacts, 'nonces' | 'pending'>>(words, {
      next: [{ tv: ['oracle', 'status'] }],
    });
  }
  const inPool = (pool ?? []).filter((one) => one.nonce < Math.max(nonce.pending, latest + 1));
  // Behind a gap nothing but the gap itself is in question.
  const waiting = Math.max(1, nonce.pending - latest);
  const value = {
    nonces: Array.from({ length: waiting }, (_, index) => latest + index),
    pending: inPool,
  };
  const facts = {
    ...Object.fromEntries(inPool.map((one) => [`nonce ${one.nonce}`, `${one.hash}, ${gasPrice(one)}`])),
    ...(lastError === undefined ? {} : { 'last error of the relay': lastError }),
  };
  if (trouble.id === 'stuck') return warn(trouble.summary, { value, facts });
  return block(`${trouble.summary}: it may be in the next block`, {
    value,
    facts,
    override: 'not-stuck-yet',
    next: [{ tv: ['oracle', 'status'] }],
  });
}

function replace(facts: UnstickFacts, nonce: number): Step {
  const { oracle, feeToken, pending, maxFeePerGas, maxPriorityFeePerGas } = facts;
  const there = pending.find((one) => one.nonce === nonce);
  return replaced(nonce).define({
    title: `replace what waits at nonce ${nonce} of ${oracle} by a call that does nothing`,
    command: `cast send ${oracle} --nonce ${nonce} --gas-price ${maxFeePerGas} --priority-gas-price ${maxPriorityFeePerGas} ${node} --interactive`,
    runs: 'here',
    effect: 'final',
    // The chain takes one transaction with this nonce at most.
    once: [],
    sends: known({ from: oracle, calls: [{ to: oracle, data: '0x' }], mayLose: true }),
    idempotent: true,
    run: async (ctx) => {
      // Noted before: the signal that proves the relay may come right after.
      const fromBlock = await firstBlock.once(ctx, async () => (await readHead(ctx.chain())).number + 1);
      const outcome = await replaceNonce(ctx, {
        openSigner: () => openOracleKey(ctx, oracle),
        from: oracle,
        nonce,
        pending: there === undefined ? null : { hash: there.hash, fees: feesOf(there) },
        feeToken,
        limitMs: replaceLimitMs,
      });
      return { ...outcome, fromBlock };
    },
  });
}

/** The relay's key, from `.env`. @throws TvError where it is not the key of the plan */
async function openOracleKey(ctx: StepContext, oracle: Address): Promise<Signer> {
  const { address, text } = await readOracleKey(ctx);
  const signer = oracleSigner(text);
  if (signer === undefined || !sameAddress(signer.address, oracle)) {
    throw new TvError('signer.other-key', 'The key in .env is another one than the plan was made for.', {
      facts: { planned: oracle, found: address },
      next: [{ tv: ['oracle', 'status'] }],
    });
  }
  return signer;
}

function minedWords(outcome: Replaced | undefined, nonce: number): string {
  if (outcome === undefined || outcome.mined === 'unknown') {
    return `nonce ${nonce} is used; which transaction used it is unknown`;
  }
  const which = outcome.mined === 'original' ? 'the original transaction' : 'the replacement';
  return `nonce ${nonce} was used by ${which} ${outcome.hash} in block ${count(outcome.block ?? 0)}`;
}

function namesOf(nonces: readonly number[]): string {
  const [first, last] = [nonces[0], nonces.at(-1)];
  return nonces.length === 1 ? `nonce ${first}` : `nonces ${first} to ${last}`;
}
