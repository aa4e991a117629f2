import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import breakerStatus from '../../runbooks/breaker/status.ts';
import {
  exampleFacts as shutdownFacts,
  preflight as shutdownPreflight,
} from '../../runbooks/emergency/shutdown.preflight.ts';
import { verify as verifyShutdown } from '../../runbooks/emergency/shutdown.ts';
import { checkChain } from '../../runbooks/reindex.preflight.ts';
import type { ResolvedIntent } from '../../src/chain/intents/intent.ts';
import { resolveIntent } from '../../src/chain/intents/resolveIntent.ts';
import { sendOnce } from '../../src/chain/transactions/sendOnce.ts';
import { chainOfOracle } from '../../src/observe/oracle/chain.ts';
import { preflight as breakerPreflight } from '../../src/operations/breakerChecks.ts';
import { exampleFacts as breakerFacts, verify as verifyBreaker } from '../../src/operations/breakers.ts';
import type { Check } from '../../src/runbook/check.ts';
import type { Chain } from '../../src/runbook/context.ts';
import type { StepContext, ToolContext } from '../../src/runbook/define.ts';
import type { Json } from '../../src/runbook/json.ts';
import { devAccountIndex } from '../../src/sandbox/chain/devAccounts.ts';
import { send } from '../../src/sandbox/chain/rpc.ts';
import { DrivenClock } from '../support/fakes.ts';
import { type FaultyNode, faultyNode } from '../support/faultyNode.ts';
import { plainPaint } from '../support/paint.ts';
import { type ProtocolChain, protocolChain, sendContext } from '../support/protocolChain.ts';

/**
 * One node, consistent, that makes no progress: in its newest block the breaker is open and the protocol paused.
 * Since then both have changed.
 */
let world: ProtocolChain;
let node: FaultyNode;
let frozen: Chain;
let intents: Readonly<Record<'trip' | 'reset' | 'pause' | 'unpause', ResolvedIntent>>;
let pair: { readonly id: `0x${string}`; readonly name: string };
const tenMinutes = 600_000;

beforeAll(async () => {
  world = await protocolChain('plain', 'full');
  pair = { id: world.deployment.pairs[0]?.id ?? '0x', name: 'Alpha' };
  intents = {
    trip: await resolveIntent(world.chain, { intent: 'tripBreaker', pair: pair.id }),
    reset: await resolveIntent(world.chain, { intent: 'resetBreaker', pair: pair.id }),
    pause: await resolveIntent(world.chain, { intent: 'pauseProtocol' }),
    unpause: await resolveIntent(world.chain, { intent: 'unpauseProtocol' }),
  };
  await change('trip', 'pause');
  node = await faultyNode(world.url, 'frozen', { head: await world.head() });
  frozen = world.through(node.url);
});
afterAll(async () => {
  await node?.[Symbol.asyncDispose]();
  await world?.[Symbol.asyncDispose]();
});
beforeEach(() => change('reset', 'unpause'));

async function change(...what: readonly (keyof typeof intents)[]): Promise<void> {
  const { riskOfficer, emergency } = world.deployment.accounts;
  for (const name of what) {
    const { address, data, role } = intents[name];
    const from = role.signer === 'emergency' ? emergency : riskOfficer;
    await send(world.url, { from: from.address, to: address, data });
  }
}

/** As tv sees it ten minutes later, or with a clock that is so far ahead. */
function context(chain: Chain, aheadMs = tenMinutes, results: Record<string, Json> = {}) {
  const keys = { riskOfficer: devAccountIndex.riskOfficer, emergency: devAccountIndex.emergency };
  const base = sendContext(chain, { keys });
  const units = { oracle: 'oracle', indexer: 'indexer', api: 'api' };
  return {
    ...base,
    settings: {
      ...base.settings,
      chain: { id: 4217 },
      pairs: { Alpha: { id: pair.id } },
      host: { units, programs: units },
    },
    clock: new DrivenClock(Date.now() + aheadMs),
    host: () => {
      throw new Error('no host in this test');
    },
    runs: { read: () => [] },
    results,
  } as unknown as ToolContext & StepContext;
}

const of = (checks: readonly Check[], id: string) => checks.find((check) => check.id === id);
const input = { pair: ['Alpha'], all: false, replace: false, calldata: false };

describe('a newest block of ten minutes ago', () => {
  it('breaker trip, open in that block → sent all the same', async () => {
    const { checks, facts } = await breakerPreflight(context(frozen), input, 'trip');
    expect(facts).toMatchObject({ pairs: [{ id: pair.id }], already: [], sender: { role: 'riskOfficer' } });
    expect(of(checks, 'chain')).toMatchObject({ status: 'warn', stale: true });
    expect(of(checks, 'breakers')).toMatchObject({
      status: 'warn',
      summary: expect.stringMatching(/^Alpha: unknown whether open, the newest block .* is 10 min/),
      facts: { 'in that block': 'Alpha open' },
    });
  });

  it('breaker reset → blocked with the facts, and can be overruled', async () => {
    const { checks } = await breakerPreflight(context(frozen), input, 'reset');
    expect(of(checks, 'chain')).toMatchObject({
      status: 'block',
      override: 'old-head',
      facts: {
        node: node.url,
        'possible causes': expect.stringMatching(/blocks only on demand, or the clock here is wrong/),
      },
      next: expect.arrayContaining([expect.objectContaining({ tv: ['config', 'show'] })]),
    });
  });

  it('emergency shutdown, paused in that block → the pause is sent all the same', async () => {
    const wanted = { nginx: false, pause: true, replace: false };
    const { checks, facts } = await shutdownPreflight(context(frozen), wanted);
    expect(facts?.pause).toMatchObject({ wanted: 'send', trouble: null, sender: { role: 'emergency' } });
    expect(of(checks, 'protocol')).toMatchObject({
      summary: expect.stringMatching(/^paused state unknown: /),
      facts: { 'in that block': 'paused' },
    });
  });

  it('reindex → blocked with the facts, and can be overruled', async () => {
    const ctx = context(frozen);
    const settings = { ...ctx.settings, contracts: world.deployment.addresses };
    expect(await checkChain({ ...ctx, settings }, { fromBlock: 1 })).toMatchObject({
      status: 'block',
      summary: expect.stringMatching(/^the newest block .* is 10 min/),
      override: 'old-head',
      value: { id: 4217 },
    });
  });

  it('estimates of a node are nonsense → the pause is blocked before anybody is asked', async () => {
    await using huge = await faultyNode(world.url, 'esthuge');
    const wanted = { nginx: false, pause: true, replace: false };
    const { facts } = await shutdownPreflight(context(world.through(huge.url), 0), wanted);
    expect(facts?.pause.trouble).toMatch(/^the RPC node estimates 18446744073709551615 gas, and/);
  });

  it('breaker status and oracle status → name the age of the block', async () => {
    const data = await breakerStatus.collect(context(frozen), { pair: ['Alpha'], all: false });
    expect(breakerStatus.render(data, plainPaint(100), {} as never).replaceAll(/\s+/g, ' ')).toMatch(
      /Current state unknown: the newest block that the RPC node shows, \d+, is 10 min .* States and ages above are those of that block\./,
    );
    expect(breakerStatus.exitCode?.(data)).toBe(5);
    expect(breakerStatus.render(data, plainPaint(100), {} as never)).not.toMatch(/none open|✔/);
    const right = Promise.resolve({ id: 4217, nodes: [] });
    expect(await chainOfOracle(context(frozen), right as never)).toMatchObject({
      level: 'warning',
      summary: expect.stringMatching(/is 10 min( \d+ s)? old; signal ages are as of that block$/),
    });
    expect(await chainOfOracle(context(world.through(world.url), 0), right as never)).toMatchObject({
      level: 'ok',
    });
  });

  it('read back → neither open nor safe', async () => {
    const trip = { ...breakerFacts('trip'), pairs: [pair], intents: [intents.trip] };
    const found = await verifyBreaker(context(frozen), trip);
    expect(of(found, 'breakers')).toMatchObject({
      status: 'block',
      summary: expect.stringMatching(/^current state unknown: /),
    });
    const facts = { ...shutdownFacts, services: [] };
    expect(of(await verifyShutdown(context(frozen), facts), 'protocol')).toMatchObject({
      status: 'block',
      summary: expect.stringMatching(/^NOT SAFE: paused state unknown \(the newest block /),
    });
  });
});

it('a node that lacks the block of this run → unknown, however recent its own head is', async () => {
  const results = { paused: { hash: `0x${'11'.repeat(32)}`, block: await world.head() } };
  const found = await verifyShutdown(context(frozen, 0, results), { ...shutdownFacts, services: [] });
  expect(of(found, 'protocol')).toMatchObject({
    status: 'block',
    summary: expect.stringMatching(/^NOT SAFE: paused state unknown \(the RPC node shows block /),
  });
});

it('the clock of this machine is wrong, and this run has just seen its transaction in a block → safe', async () => {
  const ctx = context(world.through(world.url));
  expect(of(await verifyShutdown(ctx, { ...shutdownFacts, services: [] }), 'protocol')?.status).toBe('block');
  const { address, data } = intents.pause;
  const from = world.deployment.accounts.emergency.address;
  await sendOnce({ ...ctx, note: () => {} }, { role: 'emergency', from, calls: [{ to: address, data }] });
  expect(of(await verifyShutdown(ctx, { ...shutdownFacts, services: [] }), 'protocol')).toMatchObject({
    status: 'pass',
    summary: expect.stringMatching(/^safe: paused/),
  });
});

describe('a node of another chain, on which the protocol is paused and the breaker open', () => {
  let wrong: FaultyNode;
  beforeAll(async () => {
    wrong = await faultyNode(world.url, 'wrongchain');
  });
  afterAll(() => wrong?.[Symbol.asyncDispose]());
  beforeEach(() => change('trip', 'pause'));
  const words = 'is on chain 1, not 4217';
  const asked = () => context(world.through(wrong.url), 0);

  it('emergency shutdown → not known to be paused, and tried all the same', async () => {
    const wanted = { nginx: false, pause: true, replace: false };
    const { checks, facts } = await shutdownPreflight(asked(), wanted);
    expect(facts?.pause).toMatchObject({ wanted: 'send', intent: null, sender: null });
    expect(facts?.pause.trouble).toContain(words);
    expect(of(checks, 'protocol')).toMatchObject({ summary: expect.stringContaining(words) });
    for (const id of ['signer', 'simulation', 'fees']) expect(of(checks, id)).toBe(undefined);
    expect(of(await verifyShutdown(asked(), { ...shutdownFacts, services: [] }), 'protocol')).toMatchObject({
      status: 'block',
      summary: 'NOT SAFE: paused state unknown (the RPC node is on chain 1, not 4217)',
    });
  });

  it('breaker trip → refused, and nothing of that node is shown', async () => {
    const { checks, facts } = await breakerPreflight(asked(), input, 'trip');
    expect(facts).toBe(undefined);
    expect(of(checks, 'chain')).toMatchObject({ status: 'block', summary: expect.stringContaining(words) });
    expect(of(checks, 'breakers')).toMatchObject({ status: 'skip' });
    const trip = { ...breakerFacts('trip'), pairs: [pair], intents: [intents.trip] };
    expect(of(await verifyBreaker(asked(), trip), 'breakers')).toMatchObject({
      status: 'block',
      summary: expect.stringContaining(words),
    });
  });
});
