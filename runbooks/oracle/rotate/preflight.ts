import { dirname, join, resolve } from 'node:path';
import { resolveIntents } from '../../../src/chain/intents/resolveIntent.ts';
import { type Funding, planFunding, readFunded } from '../../../src/chain/oracle/fundAccount.ts';
import { isOracle, readAuthority } from '../../../src/chain/oracle/readAuthority.ts';
import { readPairSignals } from '../../../src/chain/oracle/readPairSignals.ts';
import { readSpend } from '../../../src/chain/oracle/readSpend.ts';
import { checkedAddress, namedPairs } from '../../../src/chain/pairs/pair.ts';
import { lookAtNodes } from '../../../src/chain/preflight/lookAtNodes.ts';
import { lookAtSending } from '../../../src/chain/preflight/lookAtSending.ts';
import { readHead } from '../../../src/chain/readHead.ts';
import { endThePause, readProtocol, stopsSignals } from '../../../src/chain/readProtocol.ts';
import { listKeyFiles, readKeyFile } from '../../../src/chain/signers/keyFile.ts';
import { parseKey, placeholderAddress } from '../../../src/chain/signers/oracleKey.ts';
import { readFunds } from '../../../src/chain/transactions/readFunds.ts';
import { answer } from '../../../src/errors/answer.ts';
import { readDirectory } from '../../../src/host/readDirectory.ts';
import type { Context } from '../../../src/runbook/context.ts';
import type { PreflightResult } from '../../../src/runbook/define.ts';
import { block, Lookout, need, pass, warn } from '../../../src/runbook/lookout.ts';
import { readRuns, unfinishedRuns } from '../../../src/runbook/readRuns.ts';
import { count, duration, short } from '../../../src/runbook/text.ts';
import { lookAtService } from '../lookAtService.ts';
import { readOracleKey, readRelayOf, signalLimitMs } from '../readOracleKey.ts';
import { askKeystorePassword, askNewKey } from './askKey.ts';
import type { RotateFacts } from './facts.ts';

export interface RotateInput {
  readonly fund?: string | undefined;
  readonly newAddress?: string | undefined;
  readonly compromised: boolean;
  readonly keystoreOut?: string | undefined;
  readonly keystorePasswordFile?: string | undefined;
}

/** Less than this is a warning, as in tv oracle status. In seconds. */
const shortOfFees = 3 * 86_400;

/** Everything that could leave the oracle without a working key is looked at before anybody is asked. */
export async function preflight(ctx: Context, input: RotateInput): Promise<PreflightResult<RotateFacts>> {
  const newAddress = input.newAddress === undefined ? null : checkedAddress(input.newAddress);
  const keystoreOut = input.keystoreOut === undefined ? null : resolve(input.keystoreOut);
  const keystorePasswordFile = input.keystorePasswordFile ?? null;
  // Outside of any check: typing has no time limit.
  if (newAddress !== null) await askNewKey(ctx, newAddress);
  if (keystoreOut !== null) await askKeystorePassword(ctx, keystorePasswordFile);

  const lookout = new Lookout(ctx);
  const nodes = lookAtNodes(ctx, lookout);
  const service = lookAtService(ctx, lookout);

  const env = lookout.look('env', 'host', async () => {
    const { envFile } = ctx.settings.host;
    const key = await readOracleKey(ctx);
    const { address, feeToken } = key;
    if (!(await readDirectory(ctx.host(), { path: dirname(envFile) })).writable) {
      return block('.env cannot be replaced: its folder is not writable', {
        facts: { file: envFile },
        next: ['run tv as root, or set host.prefix to sudo -n: tv config show'],
      });
    }
    const { intervalSeconds } = await readRelayOf(ctx, key);
    const value = { envFile, oldAddress: address, limitMs: signalLimitMs(intervalSeconds), feeToken };
    if (newAddress === address) return block(`${short(address, false)} is the key in .env already`);
    return pass(`the old key is ${short(address, false)}`, value);
  });

  const authority = lookout.look('authority', 'chain', async () => {
    const { oldAddress } = await need(env, 'env');
    const found = await readAuthority(ctx.chain());
    const authorised = await isOracle(ctx.chain(), oldAddress, found);
    const value = { form: found.form, authorised };
    const words =
      found.form === 'role'
        ? 'every holder of ORACLE may sign: old and new overlap'
        : 'one oracle at a time: authorising the new one ends the old one';
    return authorised
      ? pass(words, value)
      : warn(`${words}; the old key is not authorised as it is`, { value });
  });

  lookout.look('paused', 'chain', async () => {
    if (!stopsSignals(await readProtocol(ctx.chain()))) {
      return pass('no pause stops the signal that is to prove the new key');
    }
    const words = 'the protocol is paused, and takes no signals';
    if (!input.compromised) return block(`${words}: the new key cannot be proven`, { next: [endThePause] });
    // A key in wrong hands is worth cutting off now, and proving the new one later.
    return block(
      `${words}: the old key can be cut off, but the run stops before the new one is proven; after the pause tv resume goes on there`,
      { override: 'paused', next: [endThePause] },
    );
  });

  const signals = lookout.look('signals', 'chain', async () => {
    const { oldAddress } = await need(env, 'env');
    const head = await readHead(ctx.chain());
    const [pairs, history] = await Promise.all([
      readPairSignals(ctx.chain(), namedPairs(ctx.settings)),
      answer(readSpend(ctx.chain(), { sender: oldAddress, head: head.number })),
    ]);
    const spend = history.known ? history.value : undefined;
    const wrong = pairs.signals.filter(({ health }) => health !== 'healthy').length;
    const worked = wrong === 0 && spend !== undefined;
    const value = { worked, feeToken: spend?.feeToken ?? null, perSecond: spend?.perSecond ?? null };
    if (worked)
      return pass(`${count(pairs.signals.length)} pairs, all healthy, signed by the old key`, value);
    if (!history.known) {
      return warn(`whether the old key works is unknown: ${history.reason}; it cannot be proven afterwards`, {
        value,
      });
    }
    return warn('the oracle does not work as it is; the old key cannot be proven afterwards', { value });
  });

  const reuse = lookout.look<{ readonly file: string | null }>('earlier', 'run', async () => {
    // That of a run which is not finished belongs to it.
    const taken = unfinishedRuns(readRuns(ctx));
    const files = listKeyFiles(join(ctx.settings.stateDirectory, 'oracle')).filter((file) => {
      const run = /\/new-([^/]*)\.key$/.exec(file)?.[1];
      return run !== undefined && !taken.includes(run);
    });
    const [file] = newAddress === null ? files : [];
    const parsed = file === undefined ? undefined : parseKey(readKeyFile(file) ?? '');
    if (file === undefined || parsed === undefined)
      return pass('no key of an earlier rotation is left', { file: null });
    ctx.secrets.keep(parsed.key);
    const name = short(parsed.address, false);
    return warn(`an earlier rotation funded ${name} and did not use it: it is used now`, { value: { file } });
  });

  if (keystoreOut !== null) {
    lookout.look('keystore', 'run', async () =>
      readKeyFile(keystoreOut) === undefined
        ? pass(`the new key also goes into ${keystoreOut}`)
        : block(`${keystoreOut} is there already`, { next: ['give another --keystore-out'] }),
    );
  }

  const intents = await resolveFor(ctx, newAddress).catch(() => []);
  if (intents.length === 0) {
    lookout.look('contracts', 'chain', async () => {
      await resolveFor(ctx, newAddress);
      return pass('found');
    });
  }
  const sender = await lookAtSending(ctx, lookout, { intents });

  const funding = lookout.look<{ readonly funding: Funding | null }>('funding', 'chain', async () => {
    const { feeToken, perSecond } = await need(signals, 'signals');
    const { oldAddress, feeToken: named } = await need(env, 'env');
    const from = sender?.from;
    if (from === undefined) return block('nobody is there to fund the new address');
    const token =
      named ?? feeToken ?? (await readFunds(ctx.chain(), { account: oldAddress, needed: 1n })).feeToken;
    const planned = await planFunding(ctx.chain(), {
      amount: input.fund,
      feeToken: token ?? placeholderAddress,
    });
    const has = newAddress === null ? 0n : await readFunded(ctx.chain(), planned, newAddress);
    if (has >= BigInt(planned.amount)) return pass('the new address has enough', { funding: null });
    if ((await readFunded(ctx.chain(), planned, from)) < BigInt(planned.amount)) {
      return block(`${short(from, false)} has less than the ${planned.words} to fund the new address with`, {
        next: ['--fund AMOUNT', `send ${from} some more`],
      });
    }
    const words = `${planned.words} from ${short(from, false)}`;
    const seconds = perSecond === null || perSecond === 0 ? undefined : Number(planned.amount) / perSecond;
    if (seconds === undefined || seconds > shortOfFees) return pass(words, { funding: planned });
    return warn(`${words}, which lasts ${duration(seconds * 1000)} at what the old key spends`, {
      value: { funding: planned },
      next: ['give it more: --fund AMOUNT'],
    });
  });

  const checks = await lookout.checks();
  const known = {
    nodes: await nodes,
    service: await service,
    env: await env,
    authority: await authority,
    signals: await signals,
    reuse: await reuse,
    funding: await funding,
  };
  if (
    known.nodes === undefined ||
    known.service === undefined ||
    known.env === undefined ||
    known.authority === undefined ||
    known.signals === undefined ||
    known.funding === undefined ||
    sender === undefined
  ) {
    return { checks, facts: undefined };
  }
  return {
    checks,
    facts: {
      form: known.authority.form,
      chainId: known.nodes.id,
      envFile: known.env.envFile,
      oldAddress: known.env.oldAddress,
      limitMs: known.env.limitMs,
      newAddress,
      compromised: input.compromised,
      funding: known.funding.funding,
      sender,
      ...known.service,
      worked: known.signals.worked && known.authority.authorised,
      keystoreOut,
      keystorePasswordFile,
      reuse: known.reuse?.file ?? null,
    },
  };
}

/** The new address is not known yet: any address stands for it where the call is tried. */
function resolveFor(ctx: Context, newAddress: RotateFacts['newAddress']) {
  const oracle = newAddress ?? placeholderAddress;
  return resolveIntents(ctx.chain(), [{ intent: 'authoriseOracle', oracle }]);
}
