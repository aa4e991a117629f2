import { onRightChain } from '../../src/chain/assertChainId.ts';
import { readStaleHead } from '../../src/chain/currentState.ts';
import { contractTitles, type ResolvedIntent } from '../../src/chain/intents/intent.ts';
import { readDeployment } from '../../src/chain/intents/readDeployment.ts';
import { resolveIntent } from '../../src/chain/intents/resolveIntent.ts';
import { namedPairs } from '../../src/chain/pairs/pair.ts';
import { checkNodes } from '../../src/chain/preflight/checkNodes.ts';
import { checkSending, type Sender } from '../../src/chain/preflight/checkSending.ts';
import { readProtocol } from '../../src/chain/readProtocol.ts';
import { openSigner } from '../../src/chain/signers/openSigner.ts';
import { readStops, type Stops } from '../../src/chain/stops/readStops.ts';
import type { ServiceName } from '../../src/config/settings.ts';
import type { Advice } from '../../src/errors/advice.ts';
import { type Answer, known, unknown } from '../../src/errors/answer.ts';
import { exitCodes, TimeoutError, TvError } from '../../src/errors/TvError.ts';
import { listProcesses } from '../../src/host/listProcesses.ts';
import { readUnits } from '../../src/host/readUnits.ts';
import { stopFinding } from '../../src/operations/stopEffects.ts';
import type { Check } from '../../src/runbook/check.ts';
import type { Context } from '../../src/runbook/context.ts';
import type { PreflightResult } from '../../src/runbook/define.ts';
import { block, Preflight, pass, warn } from '../../src/runbook/preflight.ts';

export interface ShutdownInput {
  readonly nginx: boolean;
  readonly pause: boolean;
  readonly replace: boolean;
}

export type Service = {
  readonly id: ServiceName | 'nginx';
  readonly unit: string;
  /** Null where a service is known by its unit alone. */
  readonly program: string | null;
  /** `unknown`: the host did not answer; it is tried all the same. */
  readonly state: 'running' | 'stopped' | 'missing' | 'unknown';
};

/** What the preflight has found and the plan is made from. */
export type ShutdownFacts = {
  readonly chainId: number | null;
  readonly pause: {
    readonly wanted: 'send' | 'already' | 'no';
    /** Null where the chain could not be asked; then it is looked up when it is sent. */
    readonly intent: ResolvedIntent | null;
    /** Null where something speaks against the transaction; it is tried all the same. */
    readonly sender: Sender | null;
    /** What speaks against it. */
    readonly trouble: string | null;
    /** The trouble is a check whose source did not answer: it may succeed all the same. */
    readonly unsure: boolean;
    /** What mends that, as commands. */
    readonly remedies: readonly Advice[];
    readonly replace: boolean;
    /** What the pause stops, by simulation; null where that was not tried. */
    readonly stops: Answer<Stops> | null;
  };
  readonly services: readonly Service[];
};

/** An imagined case, for the exported document. */
export const exampleFacts: ShutdownFacts = {
  chainId: 4217,
  pause: {
    wanted: 'send',
    intent: {
      intent: 'pauseProtocol',
      contract: 'riskController',
      address: '0x610178dA211FEF7D417bC0e6FeD39F05609AD788',
      signature: 'toggleGlobalPause(bool)',
      args: ['true'],
      data: '0x',
      role: { name: 'EMERGENCY', id: `0x${'e0'.repeat(32)}`, signer: 'emergency' },
      holders: ['0x70997970C51812dc3A010C7d01b50e0d17dc79C8'],
    },
    sender: {
      role: 'emergency',
      from: '0x70997970C51812dc3A010C7d01b50e0d17dc79C8',
      network: 'tempo',
      feeToken: '0x20c0000000000000000000000000000000000000',
    },
    trouble: null,
    unsure: false,
    remedies: [],
    replace: false,
    stops: known([
      { action: 'deploy', effect: 'stopped', reason: null },
      { action: 'withdraw', effect: 'stopped', reason: null },
      { action: 'place', effect: 'not-stopped', reason: null },
    ]),
  },
  services: [
    { id: 'oracle', unit: 'tempovault-oracle', program: 'oracle_relay', state: 'running' },
    { id: 'indexer', unit: 'tempovault-indexer', program: 'event_indexer', state: 'running' },
    { id: 'api', unit: 'tempovault-api', program: 'api_server', state: 'running' },
  ],
};

/** After this limit, in milliseconds, a step is tried without the answer. */
const limitMs = 6_000;
/** Of what is only information, in milliseconds. */
const effectLimitMs = 2_000;

/**
 * The current state, within a few seconds. Nothing here blocks: a pause that cannot be sent does not keep
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

/** The shutdown proceeds without it, so no later message names the remedy. */
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
    // No terminal to ask for a password: services can be stopped all the same. Who is there and gave no
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

/** The same context, whose checks are over after `ms` milliseconds: an emergency does not wait for a dead node. */
export function limited<C extends Context>(ctx: C, ms: number): C {
  const limit = new AbortController();
  const reason = new TimeoutError('check.timeout', `Unknown: no answer within ${ms / 1000} s.`);
  setTimeout(() => limit.abort(reason), ms).unref();
  return { ...ctx, signal: AbortSignal.any([ctx.signal, limit.signal]) };
}
