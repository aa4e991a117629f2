import { onRightChain } from '../../../src/chain/assertChainId.ts';
import { readStaleHead } from '../../../src/chain/currentState.ts';
import { contractTitles } from '../../../src/chain/intents/intent.ts';
import { readDeployment } from '../../../src/chain/intents/readDeployment.ts';
import { resolveIntent } from '../../../src/chain/intents/resolveIntent.ts';
import { namedPairs } from '../../../src/chain/pairs/pair.ts';
import { checkNodes } from '../../../src/chain/preflight/checkNodes.ts';
import { checkSending, type Sender } from '../../../src/chain/preflight/checkSending.ts';
import { readProtocol } from '../../../src/chain/readProtocol.ts';
import { openSigner } from '../../../src/chain/signers/openSigner.ts';
import { readStops, type Stops } from '../../../src/chain/stops/readStops.ts';
import { type Answer, unknown } from '../../../src/errors/answer.ts';
import { exitCodes, TvError } from '../../../src/errors/TvError.ts';
import { listProcesses } from '../../../src/host/listProcesses.ts';
import { readUnits } from '../../../src/host/readUnits.ts';
import type { Check } from '../../../src/runbook/check.ts';
import type { Context } from '../../../src/runbook/context.ts';
import type { PreflightResult } from '../../../src/runbook/define.ts';
import { block, Preflight, pass, warn } from '../../../src/runbook/preflight.ts';
import { stopFinding } from '../../shared/effect.ts';
import { limited } from '../limited.ts';
import type { ShutdownInput } from '../shutdown.ts';
import type { Service, ShutdownFacts } from './facts.ts';

/** What has not answered by then is tried blindly. Milliseconds. */
const limitMs = 6_000;
/** Of what is only information, in milliseconds. */
const effectLimitMs = 2_000;

/**
 * What stands, in a few seconds. Nothing here blocks: a pause that cannot be sent does not keep
 * services running, and a host that does not answer does not keep the pause from being sent.
 */
export async function preflight(ctx: Context, input: ShutdownInput): Promise<PreflightResult<ShutdownFacts>> {
  const [services, pause] = await Promise.all([checkServices(ctx, input), checkPause(ctx, input)]);
  return {
    checks: [...services.checks, ...pause.checks].filter(({ status }) => status !== 'skip').map(asWarning),
    facts: {
      chainId: ctx.settings.chain.id ?? null,
      pause: pause.found,
      services: services.found,
    },
  };
}

/** It is gone past, so that nothing further down tells what mends it. */
function asWarning(check: Check): Check {
  if (check.status !== 'block') return check;
  const { facts, next = [] } = check;
  const help = next.length === 0 ? {} : { 'what helps': next.join('; or ') };
  return { ...check, status: 'warn', facts: { ...facts, ...help } };
}

async function checkServices(ctx: Context, { nginx }: ShutdownInput) {
  const { units, programs } = ctx.settings.host;
  // The oracle first: it is what acts on the chain.
  const wanted: readonly Omit<Service, 'state'>[] = [
    ...(['oracle', 'indexer', 'api'] as const).map((id) => ({ id, unit: units[id], program: programs[id] })),
    ...(nginx ? [{ id: 'nginx' as const, unit: 'nginx', program: null }] : []),
  ];
  const preflight = new Preflight(limited(ctx, limitMs));
  const found = await preflight.check('services', 'host', async () => {
    const [states, left] = await Promise.all([
      readUnits(ctx.host(), { units: wanted.map(({ unit }) => unit) }),
      Promise.all(
        wanted.map(({ program }) => (program === null ? [] : listProcesses(ctx.host(), { program }))),
      ),
    ]);
    const services = wanted.map((service, index): Service => {
      const state = states[index];
      const ended = ['inactive', 'failed'].includes(state?.activeState ?? '');
      if (state?.loadState === 'not-found') return { ...service, state: 'missing' };
      return { ...service, state: ended && left[index]?.length === 0 ? 'stopped' : 'running' };
    });
    const of = (state: Service['state']) =>
      services.filter((service) => service.state === state).map(({ unit }) => unit);
    const words = [
      ...(of('running').length > 0 ? [`${of('running').join(', ')}: running`] : []),
      ...(of('stopped').length > 0 ? [`${of('stopped').join(', ')}: stopped already`] : []),
      ...(of('missing').length > 0 ? [`${of('missing').join(', ')}: not installed here, left out`] : []),
    ].join('; ');
    return of('running').length === services.length
      ? pass(words, services)
      : warn(words, { value: services });
  });
  return {
    checks: await preflight.checks(),
    found: found ?? wanted.map((service): Service => ({ ...service, state: 'unknown' })),
  };
}

async function checkPause(ctx: Context, { pause, replace }: ShutdownInput) {
  const nothing = {
    intent: null,
    sender: null,
    trouble: null,
    unsure: false,
    remedies: [],
    replace,
    stops: null,
  };
  if (!pause) return { checks: [], found: { wanted: 'no' as const, ...nothing } };
  const first = new Preflight(limited(ctx, limitMs));
  checkNodes(ctx, first, { protects: true });
  const deployment = (async () => readDeployment(ctx.chain()))();
  deployment.catch(() => {});
  const state = await first.check('protocol', 'chain', async () => {
    const current = readStaleHead(ctx);
    const [{ paused }, intent] = await onRightChain(
      current,
      Promise.all([
        readProtocol(ctx.chain()),
        deployment.then((known) => resolveIntent(ctx.chain(), { intent: 'pauseProtocol' }, known)),
      ]),
    );
    const old = await current;
    // That it was paused in an old block is no reason not to pause it now.
    const value = { paused: paused === true && old === undefined, intent };
    if (old !== undefined) {
      const then = paused === undefined ? 'unknown' : paused ? 'paused' : 'not paused';
      return warn(`paused state unknown: ${old.summary}`, { value, facts: { 'in that block': then } });
    }
    if (value.paused) return warn('paused already', { value });
    const how = `${contractTitles[intent.contract]}.${intent.signature} at ${intent.address}`;
    return pass(`not paused; ${how}, for ${intent.role.name}`, value);
  });
  const seen = await first.checks();
  if (state === undefined) {
    return { checks: seen, found: { wanted: 'send' as const, ...nothing, ...firstTrouble(seen) } };
  }
  if (state.paused) return { checks: seen, found: { wanted: 'already' as const, ...nothing } };
  const { intent } = state;
  const [pair] = namedPairs(ctx.settings);
  let stops: Answer<Stops> = unknown('no signer');
  const sending = await checkSigning(ctx, intent, replace, async () => {
    // Beside the other checks, and over soon: the pause does not wait for what is only information.
    stops = await readStops(ctx.chain(), {
      stop: 'pause',
      pair: pair?.id,
      isThere: false,
      deployment: await deployment,
      limitMs: effectLimitMs,
    });
  });
  const checks = [...seen, ...sending.checks];
  const found = firstTrouble(checks);
  const sender = found.trouble === null ? (sending.sender ?? null) : null;
  const effect: Check = {
    id: 'effect',
    world: 'chain',
    ...stopFinding('the pause', { pair: pair ?? null, stops }),
  };
  return {
    checks: [...checks, effect],
    found: { wanted: 'send' as const, intent, sender, ...found, replace, stops },
  };
}

async function checkSigning(
  ctx: Context,
  intent: NonNullable<ShutdownFacts['pause']['intent']>,
  replace: boolean,
  beside: () => Promise<void>,
): Promise<{ readonly checks: readonly Check[]; readonly sender: Sender | undefined }> {
  try {
    // Beforehand, since typing a password may take longer than the checks may.
    await openSigner(ctx, intent.role.signer).catch((error: unknown) => {
      if (!(error instanceof TvError) || error.exitCode === exitCodes.notConfirmed) throw error;
    });
    const preflight = new Preflight(limited(ctx, limitMs));
    const [sender] = await Promise.all([
      checkSending(ctx, preflight, { intents: [intent], urgent: true, replace }),
      // Not before: decrypting a keystore takes a second, in which nothing else gets on.
      beside(),
    ]);
    return { checks: await preflight.checks(), sender };
  } catch (error) {
    // Nobody to ask for a password: services can be stopped all the same. Who is there and gave no
    // answer wants none of it.
    if (!(error instanceof TvError) || ctx.secrets.interactive) throw error;
    const { message: summary, facts, next } = error;
    return {
      checks: [{ id: 'signer', world: 'chain', ...block(summary, { facts, next }) }],
      sender: undefined,
    };
  }
}

type Trouble = Pick<ShutdownFacts['pause'], 'trouble' | 'unsure' | 'remedies'>;

/** What a source has said outranks a source that said nothing. */
export function firstTrouble(checks: readonly Check[]): Trouble {
  const blocked = checks.filter(({ status }) => status === 'block');
  const first = blocked.find(({ unread }) => unread !== true) ?? blocked[0];
  if (first === undefined) return { trouble: null, unsure: false, remedies: [] };
  return { trouble: first.summary, unsure: first.unread === true, remedies: first.next ?? [] };
}
