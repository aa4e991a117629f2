import * as z from 'zod';
import { ofCurrentState } from '../../src/chain/currentState.ts';
import type { ResolvedIntent } from '../../src/chain/intents/intent.ts';
import { judgeReceipts } from '../../src/chain/intents/judgeReceipts.ts';
import { resolveIntents } from '../../src/chain/intents/resolveIntent.ts';
import { signalLimitMs } from '../../src/chain/oracle/awaitSignal.ts';
import { dueAt, forgetOldKey, readOldKeys } from '../../src/chain/oracle/oldKeys.ts';
import { holdsOracleRole, isOracle, readAuthority } from '../../src/chain/oracle/readAuthority.ts';
import { checkedAddress } from '../../src/chain/pairs/pair.ts';
import { checkNodes } from '../../src/chain/preflight/checkNodes.ts';
import { checkSending, type Sender } from '../../src/chain/preflight/checkSending.ts';
import { readHead } from '../../src/chain/readHead.ts';
import { readUntil } from '../../src/chain/readUntil.ts';
import { sameAddress } from '../../src/chain/sameAddress.ts';
import { removeKeyFile } from '../../src/chain/signers/keyFile.ts';
import { sendSteps } from '../../src/chain/transactions/sendSteps.ts';
import type { SentTransaction } from '../../src/chain/transactions/transaction.ts';
import {
  type UnsignedTransactions,
  unsignedInput,
  unsignedTransactions,
} from '../../src/chain/unsigned/unsignedTransactions.ts';
import type { Address } from '../../src/config/settings.ts';
import { UsageError } from '../../src/errors/TvError.ts';
import { changeEnvFile } from '../../src/host/changeEnvFile.ts';
import { assumedIntervalSeconds } from '../../src/host/readRelay.ts';
import { awaitFirstSignal } from '../../src/operations/oracle/awaitFirstSignal.ts';
import { findCopies, judgeCopies, putAside, withoutKey } from '../../src/operations/oracle/findCopies.ts';
import { readOracleKey, readRelayOf } from '../../src/operations/oracle/readOracleKey.ts';
import type { Context } from '../../src/runbook/context.ts';
import { defineRunbook, field, type Step } from '../../src/runbook/define.ts';
import { block, Preflight, pass, warn } from '../../src/runbook/preflight.ts';
import { step } from '../../src/runbook/step.ts';
import { ago, count } from '../../src/text/format.ts';
import { quoteForShell } from '../../src/text/shellLine.ts';
import { byHand } from './revoke-old.byHand.ts';

const input = {
  now: field('--now', 'do not wait for the 24 hours', z.boolean().default(false)),
  address: field(
    '--address <address>',
    'another address than the one that the last rotation replaced',
    z.string().optional(),
  ),
  ...unsignedInput,
};

type RevokeFacts = {
  readonly chainId: number;
  readonly old: Address;
  readonly current: Address;
  /** Empty where the role is revoked already. */
  readonly intents: readonly ResolvedIntent[];
  readonly sender: Sender | null;
  /** Files beside .env that hold the old key. */
  readonly copies: readonly string[];
};

const revoked = step<SentTransaction>('revoke');
const cleaned = step<{ readonly copies: readonly string[] }>('clean');

/** Runbook §4, step 8. */
export default defineRunbook<typeof input, RevokeFacts, UnsignedTransactions>({
  title: 'Revoke the old oracle key',
  summary: 'Revoke the replaced oracle key after a day',
  section: '4',
  order: 5,
  risk: 'severe',
  description: `
A day after a rotation the old address loses its role, and copies of its key beside .env are taken out.
Refused before, unless --now is given, and refused as long as the new key does not work: a fresh signal of
it on the chain is waited for.`,
  byHand,
  examples: [
    { what: 'A day after the rotation', line: 'tv oracle revoke-old' },
    { what: 'At once', line: 'tv oracle revoke-old --now' },
  ],
  input,
  example: {
    facts: {
      chainId: 4217,
      old: '0x9965507D1a55bcC2695C58ba16FB37d819B0A4dc',
      current: '0x976EA74026E726554dB657fA54763abd0C3a0aa9',
      intents: [
        {
          intent: 'revokeOracle',
          contract: 'governanceRoles',
          address: '0x5FbDB2315678afecb367f032d93F642f64180aa3',
          signature: 'revokeRole(bytes32,address)',
          args: [`0x${'4d'.repeat(32)}`, '0x9965507D1a55bcC2695C58ba16FB37d819B0A4dc'],
          data: '0x',
          role: { name: 'ADMIN', id: `0x${'0'.repeat(64)}`, signer: 'admin' },
          holders: ['0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266'],
        },
      ],
      sender: {
        role: 'admin',
        from: '0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266',
        network: 'tempo',
        feeToken: '0x20c0000000000000000000000000000000000000',
      },
      copies: [],
    },
    input: { now: false, address: undefined, calldata: false, safe: undefined },
  },
  onFailure: 'stop',
  concurrency: () => ({ touches: ['oracle key'] }),
  printout: (ctx, given) =>
    unsignedTransactions(ctx, given, 'Revoke an oracle', async () =>
      resolveIntents(ctx.chain(), [{ intent: 'revokeOracle', oracle: chosen(ctx, given.address).old }]),
    ),
  preflight: async (ctx, given) => {
    const { old, entry } = chosen(ctx, given.address);
    const preflight = new Preflight(ctx);
    const nodes = checkNodes(ctx, preflight);
    const key = await readOracleKey(ctx);
    const limitMs = signalLimitMs(assumedIntervalSeconds(await readRelayOf(ctx, key)));

    preflight.check('due', 'run', async () => {
      const now = ctx.clock.now();
      if (entry === undefined) return warn(`tv did not replace ${old} itself`);
      const due = dueAt(entry);
      const since = `replaced ${ago(new Date(entry.replacedAt), now)}`;
      if (due <= now) return pass(`${since}, due`);
      if (given.now) return warn(`${since}, due ${ago(due, now)}; --now does not wait`);
      return block(`${since}, due ${ago(due, now)}`, {
        next: [{ when: 'wait, or', tv: ['oracle', 'revoke-old', '--now'] }],
      });
    });
    preflight.check(
      'new',
      'chain',
      async (signal) => {
        if (sameAddress(key.address, old)) {
          return block(`${old} is the key in .env`, { next: [{ tv: ['oracle', 'rotate-key'] }] });
        }
        if (!(await isOracle(ctx.chain(), key.address))) {
          return block(`the key in .env, ${key.address}, is not authorised`, {
            next: [{ tv: ['oracle', 'status'] }],
          });
        }
        const { number } = await readHead(ctx.chain());
        const wait = {
          oracle: key.address,
          fromBlock: number + 1,
          limitMs,
          unit: ctx.settings.host.units.oracle,
        };
        const found = await awaitFirstSignal({ ...ctx, signal }, wait);
        return pass(`${key.address} works: nonce ${found.nonce} in block ${count(found.block)}`, {
          works: true,
        });
      },
      limitMs + 10_000,
    );
    const copies = preflight.check('copies', 'host', async () => {
      const copies = await findCopies(ctx, old);
      return { ...judgeCopies(copies, ': it is removed there'), value: copies.found };
    });
    const held = preflight.check('role', 'chain', async () => {
      const { roleId, form } = await readAuthority(ctx.chain());
      const holds = await holdsOracleRole(ctx.chain(), { account: old, roleId });
      if (form === 'one-address' && (await isOracle(ctx.chain(), old))) {
        return block(`${old} is the one oracle of the contract`, {
          next: [{ tv: ['oracle', 'rotate-key'] }],
        });
      }
      const intents = holds
        ? await resolveIntents(ctx.chain(), [{ intent: 'revokeOracle', oracle: old }])
        : [];
      return holds
        ? pass(`${old} holds ORACLE`, intents)
        : warn(`${old} does not hold ORACLE`, { value: intents });
    });
    const intents = (await held) ?? [];
    const sender = await checkSending(ctx, preflight, { intents });
    const signing = Promise.resolve(intents.length === 0 ? null : sender);
    return preflight.result({ nodes, held, copies, sender: signing }, (known) => ({
      chainId: known.nodes.id,
      old,
      current: key.address,
      intents,
      sender: known.sender,
      copies: known.copies,
    }));
  },
  basis: ({ chainId, old, current, copies, sender }) => ({
    chainId,
    old,
    current,
    copies,
    from: sender?.from ?? null,
  }),
  consequence: ({ old }) => `This ends ${old} as an oracle.`,
  plan: (facts) => [
    ...(facts.sender === null
      ? []
      : sendSteps({
          id: revoked.id,
          title: () => `revoke ${facts.old}`,
          intents: facts.intents,
          sender: facts.sender,
        })),
    clean(facts),
  ],
  verify: async (ctx, { old, current, copies, intents }) => {
    const preflight = new Preflight(ctx);
    const sent = revoked.result(ctx);
    if (intents.length > 0) {
      preflight.check('revoke', 'chain', () =>
        judgeReceipts(ctx.chain(), {
          sent: sent === undefined ? [] : [sent],
          intents,
          noun: 'accounts',
        }),
      );
    }
    const stillHolds = async () => {
      const { roleId } = await readAuthority(ctx.chain());
      // A replica may show the role a while longer than the node that mined the transaction.
      const holds = await readUntil(
        ctx,
        () => holdsOracleRole(ctx.chain(), { account: old, roleId }),
        (held) => !held,
      );
      return holds
        ? block(`${old} still holds ORACLE`, {
            next: [{ tv: ['oracle', 'revoke-old', '--address', old, '--now'] }],
          })
        : pass(`${old} does not hold ORACLE, read back from the registry`);
    };
    preflight.check('old', 'chain', () => ofCurrentState(ctx, stillHolds));
    const isAuthorised = async () =>
      (await readUntil(ctx, () => isOracle(ctx.chain(), current), Boolean))
        ? pass(`${current} is authorised`)
        : block(`${current} is not authorised`, { next: [{ tv: ['oracle', 'status'] }] });
    preflight.check('new', 'chain', () => ofCurrentState(ctx, isAuthorised));
    preflight.check('copies', 'host', async () => {
      const left = await findCopies(ctx, old);
      if (left.found.length > 0) return block(`the old key is still in ${left.found.join(', ')}`);
      if (left.unread.length > 0 || copies.length === 0) return judgeCopies(left, '');
      return pass(`removed from ${copies.join(', ')}`);
    });
    return preflight.checks();
  },
});

function clean({ old, copies }: RevokeFacts): Step {
  return cleaned.define({
    title:
      copies.length === 0 ? 'note that the old key is done' : `take the old key out of ${copies.join(', ')}`,
    command: copies.map((file) => `sed -i "/$OLD_ORACLE_KEY/d" ${quoteForShell(file)}`).join('; ') || 'true',
    effect: 'final',
    idempotent: true,
    run: async (ctx) => {
      for (const path of putAside(ctx, old)) removeKeyFile(path);
      for (const path of (await findCopies(ctx, old)).found) {
        const edit = (text: string) => withoutKey(ctx, text, old);
        await changeEnvFile(ctx.host(), { path, edit });
      }
      forgetOldKey(ctx.settings, old);
      return { copies };
    },
  });
}

/** @throws UsageError where no address is given and no rotation is on record */
function chosen(ctx: Context, address: string | undefined) {
  const known = readOldKeys(ctx.settings);
  if (address !== undefined) {
    const old = checkedAddress(address);
    return { old, entry: known.find((each) => sameAddress(each.old, old)) };
  }
  const [entry] = known;
  if (entry === undefined) {
    throw new UsageError('usage.missing-value', 'No rotation of tv has left an old key.', {
      next: [{ tv: ['oracle', 'status'] }, 'then: --address ADDRESS'],
    });
  }
  return { old: entry.old, entry };
}
