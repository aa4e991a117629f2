import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { ResolvedIntent } from '../../src/chain/intents/intent.ts';
import { resolveIntent } from '../../src/chain/intents/resolveIntent.ts';
import { type BreakerFacts, exampleFacts, verify } from '../../src/operations/breakers.ts';
import type { Chain } from '../../src/runbook/context.ts';
import type { StepContext } from '../../src/runbook/define.ts';
import { send } from '../../src/sandbox/chain/rpc.ts';
import { DrivenClock } from '../support/fakes.ts';
import { type FaultMode, faultyNode } from '../support/faultyNode.ts';
import { type ProtocolChain, protocolChain } from '../support/protocolChain.ts';

let world: ProtocolChain;
let trip: ResolvedIntent;
let reset: ResolvedIntent;
let facts: BreakerFacts;

beforeAll(async () => {
  world = await protocolChain('plain', 'full');
  const [pair] = world.deployment.pairs;
  if (pair === undefined) throw new Error('no pair');
  trip = await resolveIntent(world.chain, { intent: 'tripBreaker', pair: pair.id });
  reset = await resolveIntent(world.chain, { intent: 'resetBreaker', pair: pair.id });
  facts = { ...exampleFacts('trip'), pairs: [{ id: pair.id, name: 'Alpha' }], intents: [trip] };
});
afterAll(() => world?.[Symbol.asyncDispose]());
beforeEach(async () => {
  await change(reset);
});

async function change({ address, data }: Pick<ResolvedIntent, 'address' | 'data'>): Promise<`0x${string}`> {
  const from = world.deployment.accounts.riskOfficer.address;
  return (await send(world.url, { from, to: address, data })).transactionHash;
}

/** Of a run that says to have sent this transaction. */
async function checksOf(hash: string | undefined, chain: Chain = world.chain) {
  const results =
    hash === undefined ? {} : { trip: { hash, from: '0x', block: 1, gasUsed: '1', fee: '1 ether' } };
  const clock = new DrivenClock(Date.now());
  const ctx = { chain: () => chain, results, clock, signal: new AbortController().signal };
  const checks = await verify(ctx as unknown as StepContext, facts);
  return Object.fromEntries(checks.map((check) => [check.id, check]));
}

async function through(mode: FaultMode, hash: string) {
  await using node = await faultyNode(world.url, mode, { lagMs: 600_000 });
  return await checksOf(hash, world.through(node.url));
}

it('this run opened it: verified by the state and by the event in its receipt', async () => {
  const checks = await checksOf(await change(trip));
  expect(checks).toMatchObject({
    breakers: { status: 'pass', summary: 'Alpha: open, read back from the contract' },
    transactions: { status: 'pass', summary: expect.stringMatching(/with its event, paid 1 ether$/) },
  });
});

it('effect missing: blocked', async () => {
  const checks = await checksOf(await change(reset));
  expect(checks['breakers']).toMatchObject({ status: 'block', summary: 'Alpha: not open' });
});

it('reset by another transaction since: a warning that names it', async () => {
  const own = await change(trip);
  const later = await change(reset);
  expect((await checksOf(own))['breakers']).toMatchObject({
    status: 'warn',
    facts: {
      'changed by this run': expect.stringContaining(own),
      'changed since by': expect.stringContaining(later),
      sender: world.deployment.accounts.riskOfficer.address.toLowerCase(),
    },
    next: [{ tv: ['breaker', 'trip', '--pair', 'Alpha'] }],
  });
});

it('the effect of another account: open, but without an event of this run', async () => {
  const unrelated = await change(reset);
  await change(trip);
  const checks = await checksOf(unrelated);
  expect([checks['breakers']?.status, checks['transactions']?.status]).toEqual(['pass', 'warn']);
});

it.each<readonly [string, FaultMode, RegExp]>([
  ['without a status', 'statusnone', /unknown whether 0x.* succeeded: the status in the receipt is null/],
  ['seen late', 'lagreceipt', /unknown whether 0x.* succeeded: no RPC node has its receipt/],
])('a receipt %s: blocked, whatever the state is', async (_, mode, summary) => {
  const checks = await through(mode, await change(trip));
  expect(checks['breakers']?.status).toBe('pass');
  expect(checks['transactions']).toMatchObject({
    status: 'block',
    summary: expect.stringMatching(summary),
  });
});

it('the source away: blocked', async () => {
  const own = await change(trip);
  const checks = await checksOf(own, world.through('http://127.0.0.1:9'));
  expect([checks['breakers']?.status, checks['transactions']?.status]).toEqual(['block', 'block']);
});
