import { type Breaker, readBreakers } from '../chain/breakers/readBreakers.ts';
import { readStaleHead } from '../chain/currentState.ts';
import { contractTitles } from '../chain/intents/intent.ts';
import { type Deployment, readDeployment } from '../chain/intents/readDeployment.ts';
import { resolveIntents } from '../chain/intents/resolveIntent.ts';
import { pairTitle } from '../chain/pairs/pair.ts';
import { checkNodes } from '../chain/preflight/checkNodes.ts';
import { checkSending } from '../chain/preflight/checkSending.ts';
import { readStops } from '../chain/stops/readStops.ts';
import { readResting } from '../chain/treasury/readResting.ts';
import type { Context } from '../runbook/context.ts';
import type { PreflightResult } from '../runbook/define.ts';
import { block, need, Preflight, pass, warn } from '../runbook/preflight.ts';
import { count } from '../text/format.ts';
import {
  type BreakerFacts,
  type BreakerInput,
  seenTitle,
  unknownBecause,
  unknownPairs,
  wantedPairs,
} from './breakers.ts';
import { type Effect, restingFinding, stopFinding } from './stopEffects.ts';

/** Of what is only information, in milliseconds: a trip does not wait longer for it. */
const effectLimitMs = 3_000;
/** More pairs than this are counted, not listed. */
const listed = 8;

/** What would keep the transaction from doing what is meant, all at once. */
export async function preflight(
  ctx: Context,
  input: BreakerInput,
  action: BreakerFacts['action'],
): Promise<PreflightResult<BreakerFacts>> {
  const wanted = wantedPairs(ctx, input);
  const preflight = new Preflight(ctx);
  const nodes = checkNodes(ctx, preflight, { protects: action === 'trip' });

  const found = preflight.check('breakers', 'chain', async () => {
    await need(nodes, 'chain');
    const [{ breakers, historyUnknown }, old] = await Promise.all([
      readBreakers(ctx.chain(), { pairs: wanted, discover: input.all }),
      readStaleHead(ctx),
    ]);
    // Of an old block nothing is left out: changing what is so already does no harm.
    const change = breakers.filter(({ open }) => old !== undefined || open !== (action === 'trip'));
    const already = breakers.filter((breaker) => !change.includes(breaker));
    const value = { change, already, historyUnknown: historyUnknown ?? null };
    const state = action === 'trip' ? 'open' : 'closed';
    const other = action === 'trip' ? 'closed' : 'open';
    if (breakers.length === 0) return block('no pair is known', { next: ['--pair NAME'] });
    if (change.length === 0) return warn(`${names(already)}: ${state} already, nothing to do`, { value });
    if (old !== undefined) {
      const then = breakers.map(({ pair, open }) => `${pairTitle(pair)} ${open ? 'open' : 'closed'}`);
      return warn(`${names(change)}: unknown whether open, ${old.summary}`, {
        value,
        facts: { 'in that block': then.slice(0, listed).join(', ') },
      });
    }
    if (input.all && historyUnknown !== undefined) {
      return warn(`${names(change)}: ${other}; pairs that only events name are missing: ${historyUnknown}`, {
        value,
      });
    }
    if (already.length === 0) return pass(`${names(change)}: ${other}`, value);
    return warn(`${names(change)}: ${other}; ${names(already)}: ${state} already, left out`, { value });
  });

  const deployment = readDeployment(ctx.chain());
  deployment.catch(() => {});
  const intents = preflight.check('contracts', 'chain', async () => {
    const { change } = await need(found, 'breakers');
    if (change.length === 0) return pass('nothing to call', []);
    const intent = action === 'trip' ? ('tripBreaker' as const) : ('resetBreaker' as const);
    const resolved = await resolveIntents(
      ctx.chain(),
      change.map(({ pair }) => ({ intent, pair: pair.id })),
      await deployment,
    );
    const [first] = resolved;
    const title = first === undefined ? '' : `${contractTitles[first.contract]}.${first.signature}`;
    return pass(`${title} at ${first?.address ?? ''}, for ${first?.role.name}`, resolved);
  });

  if (wanted.some(({ name }) => name === null)) checkUnnamed(ctx, preflight, found);
  if (action === 'reset') checkCauses(preflight, found);
  const effect = action === 'trip' ? checkEffect(ctx, preflight, found, deployment) : Promise.resolve(null);
  const resolved = (await intents) ?? [];
  const { replace } = input;
  // A breaker is tripped in trouble: it must not wait behind a stuck transaction.
  const sender = await checkSending(ctx, preflight, { intents: resolved, urgent: true, replace });
  const signing = Promise.resolve(resolved.length === 0 ? null : sender);
  return preflight.result({ nodes, found, intents, sender: signing, effect }, (known) => ({
    action,
    chainId: known.nodes.id,
    pairs: known.found.change.map(({ pair }) => pair),
    already: known.found.already.map(({ pair }) => pair),
    intents: known.intents,
    sender: known.sender,
    replace,
    effect: known.effect,
  }));
}

interface Found {
  readonly change: readonly Breaker[];
  readonly historyUnknown: string | null;
}

function checkUnnamed(ctx: Context, preflight: Preflight, found: Promise<Found | undefined>): void {
  preflight.check('pairs', 'chain', async () => {
    const { change, historyUnknown } = await need(found, 'breakers');
    const unknown = await unknownPairs(ctx, change);
    if (unknown.length === 0) return pass('known to the contracts, though not named in the settings');
    const where =
      historyUnknown === null ? unknownBecause : `${unknownBecause}; some events unread: ${historyUnknown}`;
    return block(`unknown pair ${names(unknown)}: ${where}`, {
      next: [{ tv: ['breaker', 'status', '--all'] }],
      override: 'unknown-pair',
    });
  });
}

/** What the breaker stops here and what stays on the DEX: information, which a trip does not wait for long. */
async function checkEffect(
  ctx: Context,
  preflight: Preflight,
  found: Promise<Found | undefined>,
  deployment: Promise<Deployment>,
): Promise<Effect | null> {
  const change = (await found)?.change ?? [];
  const [first] = change;
  const known = await deployment.catch(() => undefined);
  if (first === undefined || known === undefined) return null;
  const { pair } = first;
  const chain = ctx.chain();
  const stops = readStops(chain, {
    stop: 'breaker',
    pair: pair.id,
    isThere: false,
    deployment: known,
    limitMs: effectLimitMs,
  });
  const resting = readResting(chain, {
    all: false,
    pairs: change.map(({ pair }) => pair),
    code: known.code.dexStrategy,
    limitMs: effectLimitMs,
  });
  preflight.check('effect', 'chain', async () => stopFinding('the breaker', { pair, stops: await stops }));
  preflight.check('orders', 'chain', async () => restingFinding(await resting));
  return { pair, stops: await stops, resting: await resting };
}

/** While the cause of the trip persists, a reset allows trades under it. */
function checkCauses(preflight: Preflight, found: Promise<Found | undefined>): void {
  const kinds = [
    [
      'oracle',
      'stale-oracle',
      'the oracle is fresh',
      [{ tv: ['oracle', 'status'] }, { tv: ['oracle', 'recover'] }],
    ],
    [
      'deviation',
      'deviation',
      'the price is within what the contract allows',
      [{ tv: ['oracle', 'status'] }],
    ],
    ['depth', 'thin-book', 'the book is deep enough', [{ tv: ['oracle', 'status'] }]],
  ] as const;
  for (const [id, cause, well, next] of kinds) {
    preflight.check(id, 'chain', async () => {
      const { change } = await need(found, 'breakers');
      const wrong = change.flatMap(({ pair, causes }) =>
        causes.filter((one) => one.id === cause).map(({ words }) => [pairTitle(pair), words] as const),
      );
      if (wrong.length === 0) return pass(well);
      const [first] = wrong;
      const summary =
        wrong.length === 1
          ? `${first?.[0]}: ${first?.[1]}`
          : `the cause persists for ${count(wrong.length)} pairs`;
      return block(summary, {
        ...(wrong.length === 1 ? {} : { facts: Object.fromEntries(wrong.slice(0, listed)) }),
        next,
        override: cause,
      });
    });
  }
}

function names(breakers: readonly Breaker[]): string {
  return breakers.length > listed ? `${count(breakers.length)} pairs` : breakers.map(seenTitle).join(', ');
}
