import { join, resolve } from 'node:path';
import { informational } from '../../src/chain/informational.ts';
import type { ResolvedIntent } from '../../src/chain/intents/intent.ts';
import { resolveIntent, resolveIntents } from '../../src/chain/intents/resolveIntent.ts';
import { signalLimitMs } from '../../src/chain/oracle/awaitSignal.ts';
import { type Diagnosis, diagnose, isLasting } from '../../src/chain/oracle/diagnose.ts';
import { type Funding, planFunding, readFunded } from '../../src/chain/oracle/fundAccount.ts';
import type { OracleForm } from '../../src/chain/oracle/readAuthority.ts';
import { isOracle, readAuthority } from '../../src/chain/oracle/readAuthority.ts';
import { type AcceptedSignal, readOwnSignal } from '../../src/chain/oracle/readSignals.ts';
import { checkedAddress, namedPairs } from '../../src/chain/pairs/pair.ts';
import { checkNodes } from '../../src/chain/preflight/checkNodes.ts';
import type { Sender } from '../../src/chain/preflight/checkSending.ts';
import { checkSending } from '../../src/chain/preflight/checkSending.ts';
import { readHead } from '../../src/chain/readHead.ts';
import { endThePause, readProtocol, stopsSignals } from '../../src/chain/readProtocol.ts';
import { listKeyFiles, readKeyFile } from '../../src/chain/signers/keyFile.ts';
import { parseKey, placeholderAddress } from '../../src/chain/signers/oracleKey.ts';
import type { Call } from '../../src/chain/transactions/transaction.ts';
import type { Address } from '../../src/config/settings.ts';
import { type Answer, answer } from '../../src/errors/answer.ts';
import { findEnvFileObstacle } from '../../src/host/envFileObstacle.ts';
import { readClock } from '../../src/host/readClock.ts';
import { assumedIntervalSeconds } from '../../src/host/readRelay.ts';
import { type RelayError, readRelayError } from '../../src/host/readRelayError.ts';
import { readRuns } from '../../src/journal/readRuns.ts';
import { canBeContinued } from '../../src/journal/runState.ts';
import { checkRelayService } from '../../src/operations/oracle/checkRelayService.ts';
import { readOracleKey, readRelayOf } from '../../src/operations/oracle/readOracleKey.ts';
import { askKeystorePassword, askNewKey } from '../../src/operations/oracle/runKeys.ts';
import type { Finding } from '../../src/runbook/check.ts';
import type { Context } from '../../src/runbook/context.ts';
import type { PreflightResult } from '../../src/runbook/define.ts';
import { block, need, Preflight, pass, warn } from '../../src/runbook/preflight.ts';
import { count, duration, howMany } from '../../src/text/format.ts';

/** What the preflight has found and the plan is made from. No key in it. */
export type RotateFacts = {
  readonly form: OracleForm;
  readonly chainId: number;
  readonly oldAddress: Address;
  /** Null where tv makes the key. */
  readonly newAddress: Address | null;
  readonly compromised: boolean;
  /** Null where the account made elsewhere has enough. */
  readonly funding: Funding | null;
  readonly sender: Sender;
  readonly unit: string;
  readonly wasActive: boolean;
  /** Whether a signal of the old key came lately: only then can it be expected to work again. */
  readonly worked: boolean;
  readonly envFile: string;
  readonly limitMs: number;
  readonly keystoreOut: string | null;
  readonly keystorePasswordFile: string | null;
  /** A key that an earlier rotation funded and could not use; null where there is none. */
  readonly reuse: string | null;
  /** With a placeholder for an address that is not known yet. */
  readonly calls: {
    readonly authorise: Call | null;
    /** Of a compromised key; null where that cannot be revoked. */
    readonly revoke: Call | null;
  };
};

export interface RotateInput {
  readonly fund?: string | undefined;
  readonly newAddress?: string | undefined;
  readonly compromised: boolean;
  readonly keystoreOut?: string | undefined;
  readonly keystorePasswordFile?: string | undefined;
}

/** Less than this is a warning, as in tv oracle status. In seconds. */
const shortOfFees = 3 * 86_400;

/** Everything that could leave the oracle without a working key is checked before the question. */
export async function preflight(ctx: Context, input: RotateInput): Promise<PreflightResult<RotateFacts>> {
  const newAddress = input.newAddress === undefined ? null : checkedAddress(input.newAddress);
  const keystoreOut = input.keystoreOut === undefined ? null : resolve(input.keystoreOut);
  const keystorePasswordFile = input.keystorePasswordFile ?? null;
  // Outside of any check: typing has no time limit.
  if (newAddress !== null) await askNewKey(ctx, newAddress);
  if (keystoreOut !== null) await askKeystorePassword(ctx, keystorePasswordFile);

  const preflight = new Preflight(ctx);
  const nodes = checkNodes(ctx, preflight, { protects: input.compromised });
  const service = checkRelayService(ctx, preflight, { mustRun: !input.compromised });

  const env = preflight.check('env', 'host', () => checkEnv(ctx, newAddress));
  const authority = preflight.check('authority', 'chain', async () =>
    checkAuthority(ctx, (await need(env, 'env')).oldAddress),
  );
  preflight.check('paused', 'chain', () => checkPaused(ctx, input.compromised));
  const diagnosis = env.then((known) => (known === undefined ? undefined : diagnoseOld(ctx, known)));
  diagnosis.catch(() => {});
  preflight.check('causes', 'chain', async () =>
    judgeCauses(await need(diagnosis, 'env'), { compromised: input.compromised }),
  );
  const signals = preflight.check('signals', 'chain', async () =>
    checkOldKey(ctx, {
      old: await need(env, 'env'),
      ...(await need(diagnosis, 'env')),
      ...(await need(authority, 'authority')),
      compromised: input.compromised,
    }),
  );
  const reuse = preflight.check('earlier', 'run', async () => checkEarlier(ctx, newAddress));
  if (keystoreOut !== null) {
    preflight.check('keystore', 'run', async () =>
      readKeyFile(keystoreOut) === undefined
        ? pass(`the new key also goes into ${keystoreOut}`)
        : block(`${keystoreOut} is there already`, { next: ['give another --keystore-out'] }),
    );
  }

  const intents = await resolveFor(ctx, newAddress).catch(() => []);
  if (intents.length === 0) {
    preflight.check('contracts', 'chain', async () => {
      await resolveFor(ctx, newAddress);
      return pass('found');
    });
  }
  const sender = checkSending(ctx, preflight, { intents });
  // The key is opened, which may ask for a password, before the funding is planned.
  await sender;
  const funding = preflight.check('funding', 'chain', async () =>
    checkNewFunding(ctx, {
      named: (await need(env, 'env')).feeToken,
      ...(await need(diagnosis, 'env')),
      from: (await need(sender, 'signer')).from,
      newAddress,
      amount: input.fund,
    }),
  );

  // For the preview alone: the step resolves it again.
  const [authorise] = intents.map(asCall);
  const old = input.compromised ? (await env)?.oldAddress : undefined;
  const revoke = old === undefined ? undefined : await informational(resolveRevoke(ctx, old));
  const needed = { nodes, service, env, authority, signals, sender, funding };
  return preflight.result({ ...needed, reuse: reuse.then((found) => found ?? null) }, (known) => ({
    form: known.authority.form,
    chainId: known.nodes.id,
    envFile: known.env.envFile,
    oldAddress: known.env.oldAddress,
    limitMs: known.env.limitMs,
    newAddress,
    compromised: input.compromised,
    funding: known.funding.funding,
    sender: known.sender,
    ...known.service,
    worked: known.signals.worked,
    keystoreOut,
    keystorePasswordFile,
    reuse: known.reuse?.file ?? null,
    calls: { authorise: authorise ?? null, revoke: revoke?.known ? revoke.value : null },
  }));
}

/** The old key, as the relay uses it now. */
type OldKey = {
  readonly envFile: string;
  readonly oldAddress: Address;
  readonly limitMs: number;
  /** Of the relay; null where it is unknown. */
  readonly intervalSeconds: number | null;
  readonly feeToken: Address | null;
  /** Ids. */
  readonly relayPairs: readonly string[];
};

async function checkEnv(ctx: Context, newAddress: Address | null): Promise<Finding<OldKey>> {
  const { envFile } = ctx.settings.host;
  const key = await readOracleKey(ctx);
  const { address, feeToken } = key;
  const obstacle = await findEnvFileObstacle(ctx.host(), { path: envFile });
  if (obstacle !== undefined) return obstacle;
  const relay = await readRelayOf(ctx, key);
  const { pairs, intervalSeconds } = relay;
  if (newAddress === address) return block(`${address} is the key in .env already`);
  return pass(`the old key is ${address}`, {
    envFile,
    oldAddress: address,
    limitMs: signalLimitMs(assumedIntervalSeconds(relay)),
    intervalSeconds: intervalSeconds.known ? intervalSeconds.value : null,
    feeToken,
    relayPairs: pairs.known ? pairs.value.map(({ id }) => id) : [],
  });
}

async function checkAuthority(ctx: Context, oldAddress: Address) {
  const { form, ...found } = await readAuthority(ctx.chain());
  const authorised = await isOracle(ctx.chain(), oldAddress, { form, ...found });
  const value = { form, authorised };
  const words =
    form === 'role'
      ? 'every holder of ORACLE may sign: old and new overlap'
      : 'one oracle at a time: authorising the new one ends the old one';
  return authorised
    ? pass(words, value)
    : warn(`${words}; the old key is not authorised as it is`, { value });
}

async function checkPaused(ctx: Context, compromised: boolean) {
  if (!stopsSignals(await readProtocol(ctx.chain()))) {
    return pass('no pause stops the signal that is to prove the new key');
  }
  const words = 'the protocol is paused, and takes no signals';
  if (!compromised) return block(`${words}: the new key cannot be proven`, { next: [endThePause] });
  // A key in wrong hands is worth cutting off now, and proving the new one later.
  return block(
    `${words}: the old key can be revoked, but the run stops before the new one is proven; tv resume continues there after the pause`,
    { override: 'paused', next: [endThePause] },
  );
}

/** What keeps the signals of the old key away, if anything. */
async function diagnoseOld(ctx: Context, { oldAddress: oracle, feeToken, intervalSeconds }: OldKey) {
  const [hostTime, error] = await Promise.all([readClock(ctx.host()), readRelayError(ctx)]);
  const lastError = error.known ? error.value : undefined;
  const found = await diagnose(ctx.chain(), { oracle, hostTime, feeToken, intervalSeconds, lastError });
  return { ...found, lastError };
}

interface OldKeyParameters
  extends Pick<OldKeyEvidence, 'authorised' | 'activity' | 'lastError' | 'compromised'> {
  readonly old: OldKey;
}

async function checkOldKey(ctx: Context, { old, ...rest }: OldKeyParameters) {
  const { oldAddress, intervalSeconds, limitMs, relayPairs } = old;
  const { activity, authorised, lastError, compromised } = rest;
  const { timestamp: now } = await readHead(ctx.chain());
  const own = activity.known ? undefined : await answer(readOwnSignal(ctx.chain(), oldAddress));
  const named = namedPairs(ctx.settings).length + relayPairs.length;
  const seen = activity.known ? activity.value.pairs.length : own?.known && own.value !== undefined ? 1 : 0;
  const pairs = named > 0 ? named : seen;
  const evidence = { activity, own, authorised, now, lastError, pairs, compromised };
  return judgeOldKey({ oldAddress, intervalSeconds, limitMs, ...evidence });
}

/** A key that an earlier rotation has made, may have funded, and did not use. */
function checkEarlier(ctx: Context, newAddress: Address | null): Finding<{ readonly file: string | null }> {
  // That of a run which goes on, or can still be finished, belongs to it.
  const taken = readRuns(ctx).flatMap((state) =>
    state.status === 'running' || canBeContinued(state) ? [state.started.run] : [],
  );
  const files = listKeyFiles(join(ctx.settings.stateDirectory, 'oracle')).filter((file) => {
    const run = /\/new-([^/]*)\.key$/.exec(file)?.[1];
    return run !== undefined && !taken.includes(run);
  });
  if (newAddress !== null || files.length === 0) {
    return pass(
      files.length === 0
        ? 'no key of an earlier rotation is left'
        : `${howMany(files.length, 'key')} of earlier rotations left, not used for a key made elsewhere`,
      { file: null },
    );
  }
  const keys = files.map((file) => ({ file, parsed: parseKey(readKeyFile(file) ?? '') }));
  const unreadable = keys.flatMap(({ file, parsed }) => (parsed === undefined ? [file] : []));
  const facts = unreadable.length === 0 ? {} : { facts: { 'no key in': unreadable.join(', ') } };
  const [usable] = keys.filter(({ parsed }) => parsed !== undefined);
  if (usable?.parsed === undefined) {
    return warn('what an earlier rotation has left cannot be read as a key: a new one is made', {
      ...facts,
      value: { file: null },
    });
  }
  ctx.secrets.keep(usable.parsed.key);
  return warn(`an earlier rotation left the key of ${usable.parsed.address}, unused: it is used now`, {
    ...facts,
    value: { file: usable.file },
  });
}

interface NewFundingParameters extends Pick<Diagnosis, 'payer' | 'activity'> {
  /** The fee token that `.env` names. */
  readonly named: Address | null;
  /** Who pays. */
  readonly from: Address;
  readonly newAddress: Address | null;
  /** In whole tokens; undefined for the default. */
  readonly amount: string | undefined;
}

async function checkNewFunding(
  ctx: Context,
  { named, payer, activity, from, newAddress, amount }: NewFundingParameters,
): Promise<Finding<{ readonly funding: Funding | null }>> {
  if (!payer.known && named === null) {
    return block(`the token that the relay pays with is unknown: ${payer.reason}`);
  }
  // What the relay names itself holds for every key; a preference is the account's own, and is set anew.
  const feeToken = named ?? (payer.known ? payer.value.feeToken : undefined) ?? placeholderAddress;
  const planned = await planFunding(ctx.chain(), { amount, feeToken });
  const has = newAddress === null ? 0n : await readFunded(ctx.chain(), planned, newAddress);
  if (has >= BigInt(planned.amount)) return pass('the new address has enough', { funding: null });
  if ((await readFunded(ctx.chain(), planned, from)) < BigInt(planned.amount)) {
    return block(`${from} has less than the ${planned.words} to fund the new address with`, {
      next: ['--fund AMOUNT', `send ${from} some more`],
    });
  }
  const words = `${planned.words} from ${from}`;
  const perSecond = (activity.known ? activity.value.spend?.perSecond : undefined) ?? 0;
  const seconds = perSecond === 0 ? undefined : Number(planned.amount) / perSecond;
  if (seconds === undefined || seconds > shortOfFees) return pass(words, { funding: planned });
  return warn(`${words}, which lasts ${duration(seconds * 1000)} at what the old key spends`, {
    value: { funding: planned },
    next: ['give it more: --fund AMOUNT'],
  });
}

export interface OldKeyEvidence {
  readonly oldAddress: Address;
  readonly authorised: boolean;
  /** How many pairs are known, from settings, relay or events. */
  readonly pairs: number;
  readonly activity: Diagnosis['activity'];
  /** Where the activity is unknown: the newest signal among its last transactions, by their receipts. */
  readonly own?: Answer<AcceptedSignal | undefined> | undefined;
  /** The chain's clock: seconds since 1970. */
  readonly now: number;
  /** Of the relay; null where it is unknown, and `limitMs` rests on the default. */
  readonly intervalSeconds: number | null;
  readonly limitMs: number;
  readonly lastError: RelayError | undefined;
  readonly compromised: boolean;
}

/**
 * Whether the old key works now: its own recent signal on the chain. Without it a failure of the
 * rotation could not be distinguished from an earlier fault, and a rollback to the old key would not help.
 */
export function judgeOldKey(evidence: OldKeyEvidence): Finding<{ readonly worked: boolean }> {
  const { oldAddress, authorised, pairs, activity, own, now, limitMs, lastError, compromised } = evidence;
  const name = oldAddress;
  const value = { worked: false };
  const facts = lastError === undefined ? {} : { facts: { 'last error of the relay': lastError.message } };
  if (!activity.known && own?.known !== true) {
    const reason = own === undefined ? activity.reason : `${activity.reason}; ${own.reason}`;
    const words = `whether ${name} works is unknown: ${reason}`;
    // The new key is proven by its own blocks and receipts, which need no logs.
    if (compromised) return warn(`${words}; a compromised key is not restored`, { value, ...facts });
    return block(words, {
      override: 'old-key-not-working',
      value,
      ...facts,
      next: [{ tv: ['config', 'show'] }],
    });
  }
  if (pairs === 0) {
    return block('no pair is known, so no signal can be expected', {
      ...facts,
      next: [{ tv: ['oracle', 'status'] }],
    });
  }
  const newest = activity.known ? activity.value.newest : own?.known ? own.value : undefined;
  const age = newest === undefined ? undefined : Math.max(0, now - newest.at);
  if (authorised && age !== undefined && age * 1000 <= limitMs) {
    return pass(`${name} works: its last signal is ${duration(age * 1000)} old`, { worked: true });
  }
  const last = !activity.known
    ? `no recent signal among the last transactions of ${name} (${activity.reason})`
    : age === undefined
      ? `no signal of ${name} since block ${count(activity.value.fromBlock)}`
      : `the last signal of ${name} is ${duration(age * 1000)} old`;
  // A key that may not sign is what a new one mends; and one in wrong hands need not work.
  if (!authorised) return warn(`${last}; it is not authorised and no way back`, { value, ...facts });
  if (compromised) return warn(`${last}; a compromised key is not restored`, { value, ...facts });
  if (evidence.intervalSeconds === null) {
    return block(`${last}; whether ${name} works is unknown, as is the interval of the relay`, {
      override: 'old-key-not-working',
      value,
      ...facts,
      next: [{ tv: ['oracle', 'status'] }],
    });
  }
  return block(`${last}: the relay does not work as it is, and another key would not mend that`, {
    override: 'old-key-not-working',
    value,
    ...facts,
    next: [{ tv: ['oracle', 'status'] }, { tv: ['oracle', 'recover'] }],
  });
}

/** What would keep the new key's signals away just as the old one's. */
export function judgeCauses(
  { troubles, unknown }: Pick<Diagnosis, 'troubles' | 'unknown'>,
  { compromised }: { readonly compromised: boolean },
): Finding {
  // The pause, the role and the fees of the old key have checks of their own; a compromised one is cut off.
  const own = ['paused', 'not-authorised', 'no-fees', ...(compromised ? ['stuck'] : [])];
  const lasting = troubles.filter((trouble) => isLasting(trouble) && !own.includes(trouble.id));
  const rest = [
    ...troubles.filter(({ id }) => id === 'pending' || id === 'no-fees').map(({ summary }) => summary),
    ...(unknown.length === 0 ? [] : [`unknown: ${unknown.map(({ summary }) => summary).join(', ')}`]),
  ];
  if (lasting.length > 0) {
    const words = lasting.map(({ summary }) => summary).join('; ');
    return block(`the new key could not be proven: ${words}`, {
      // A key in wrong hands is worth cutting off now, and proving the new one later.
      ...(compromised ? { override: 'clock' } : {}),
      next: lasting.flatMap(({ next }) => next),
    });
  }
  if (rest.length > 0) return warn(rest.join('; '));
  return pass('no transaction waits, clocks agree');
}

/** The new address is not known yet: any address represents it in the simulation. */
function resolveFor(ctx: Context, newAddress: RotateFacts['newAddress']) {
  const oracle = newAddress ?? placeholderAddress;
  return resolveIntents(ctx.chain(), [{ intent: 'authoriseOracle', oracle }]);
}

async function resolveRevoke(ctx: Context, oracle: Address): Promise<Call> {
  return asCall(await resolveIntent(ctx.chain(), { intent: 'revokeOracle', oracle }));
}

function asCall({ address, data }: ResolvedIntent): Call {
  return { to: address, data };
}

export const exampleFacts: RotateFacts = {
  form: 'role',
  chainId: 4217,
  oldAddress: '0x9965507D1a55bcC2695C58ba16FB37d819B0A4dc',
  newAddress: null,
  compromised: false,
  funding: {
    token: '0x20C0000000000000000000000000000000000001',
    amount: '10000000',
    words: '10 AlphaUSD',
  },
  sender: {
    role: 'admin',
    from: '0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266',
    network: 'tempo',
    feeToken: '0x20c0000000000000000000000000000000000000',
  },
  unit: 'tempovault-oracle',
  wasActive: true,
  worked: true,
  envFile: '/home/tempovault/tempovault/.env',
  limitMs: 210_000,
  keystoreOut: null,
  keystorePasswordFile: null,
  reuse: null,
  calls: { authorise: null, revoke: null },
};
