import * as z from 'zod';
import { handOut, handoutInput } from '../../src/chain/handout/handOut.ts';
import { resolveIntents } from '../../src/chain/intents/resolveIntent.ts';
import { checkedAddress } from '../../src/chain/pairs/pair.ts';
import { UsageError } from '../../src/errors/TvError.ts';
import { protective } from '../../src/runbook/concurrency.ts';
import { defineRunbook, field } from '../../src/runbook/define.ts';
import { authorise, cut, fund } from './rotate/chainSteps.ts';
import { exampleFacts, type RotateFacts } from './rotate/facts.ts';
import { setKey, start, stop } from './rotate/hostSteps.ts';
import { accept, forget, generate } from './rotate/keySteps.ts';
import { preflight } from './rotate/preflight.ts';
import { verify } from './rotate/verify.ts';
import { byHand } from './rotate-key.byHand.ts';

const input = {
  fund: field(
    '--fund <amount>',
    'what the new address gets for fees, in whole tokens (default 0.1; on Tempo 10)',
    z.string().optional(),
  ),
  newAddress: field(
    '--new-address <address>',
    'of a key made elsewhere; the key itself is asked for, or taken from TV_NEW_ORACLE_KEY',
    z.string().optional(),
  ),
  compromised: field(
    '--compromised',
    'cut the old key off first; it is not put back',
    z.boolean().default(false),
  ),
  keystoreOut: field(
    '--keystore-out <file>',
    'keep the new key in an encrypted keystore too',
    z.string().min(1).optional(),
  ),
  keystorePasswordFile: field(
    '--keystore-password-file <file>',
    'its password (0600); without it, it is asked for',
    z.string().min(1).optional(),
  ),
  ...handoutInput,
};

/** Runbook §4: another key signs the oracle's signals from now on. */
export default defineRunbook<typeof input, RotateFacts>({
  title: 'Rotate the oracle key',
  summary: 'Replace the oracle key, or roll back',
  section: '4',
  order: 4,
  risk: 'severe',
  description: `
Every 90 days, after a departure, or when the key may be in wrong hands (--compromised). A new key is made,
funded and authorised, put into .env, and proven by its first signal on the chain. If that does not come,
the old key is put back and proven in turn.

Where every holder of ORACLE may sign, the old key stays valid until \`tv oracle revoke-old\`, a day later.
Where the contract knows one oracle only, authorising the new one ends the old one: .env is written before,
so that the time without a working key is as short as a restart.

While a pause stops the signals nothing could prove a key, so that is refused. A compromised key
can be cut off nevertheless (--override paused): the run then stops at the proof, and \`tv resume\` goes on
there once the pause has ended.

The new key lies in the state directory (0600) until it is proven; afterwards it is in .env alone. One that
was funded and could not be used stays there, and the next rotation takes it.`,
  byHand,
  input,
  example: {
    facts: exampleFacts,
    input: {
      fund: undefined,
      newAddress: undefined,
      compromised: false,
      keystoreOut: undefined,
      keystorePasswordFile: undefined,
      calldata: false,
      safe: undefined,
    },
  },
  onFailure: 'stop',
  concurrency: ({ compromised }) => (compromised ? protective('oracle key') : { touches: ['oracle key'] }),
  handout: (ctx, given) =>
    handOut(ctx, given, 'Authorise an oracle', async () => {
      if (given.newAddress === undefined) {
        throw new UsageError('Which address is to be authorised?', { next: ['--new-address ADDRESS'] });
      }
      return resolveIntents(ctx.chain(), [
        { intent: 'authoriseOracle', oracle: checkedAddress(given.newAddress) },
      ]);
    }),
  preflight,
  basis: ({ form, chainId, oldAddress, newAddress, compromised, funding, sender, unit, keystoreOut }) => ({
    form,
    chainId,
    oldAddress,
    newAddress,
    compromised,
    funding,
    from: sender.from,
    unit,
    keystoreOut,
  }),
  consequence: ({ oldAddress, form, compromised }) =>
    compromised
      ? `This cuts ${oldAddress} off for good; until the new key signs, there is no oracle.`
      : form === 'role'
        ? `This replaces ${oldAddress}, which stays valid until it is revoked.`
        : `This replaces ${oldAddress}, which ends at that instant.`,
  plan: (facts) => {
    const { form, compromised, funding } = facts;
    const money = funding === null ? [] : [fund(facts)];
    const swap =
      form === 'role'
        ? [...(compromised ? [cut(facts)] : []), ...money, authorise(facts), stop(facts), setKey(facts)]
        : compromised
          ? [authorise(facts), ...money, setKey(facts), stop(facts)]
          : [...money, setKey(facts), authorise(facts), stop(facts)];
    return [generate(facts), ...swap, start(facts), accept(facts), forget(facts)];
  },
  verify,
});
