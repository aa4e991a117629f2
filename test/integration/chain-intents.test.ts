import { encodeFunctionData, type Hex } from 'viem';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectChain } from '../../src/chain/connectChain.ts';
import type { IntentRequest, ResolvedIntent } from '../../src/chain/intents/intent.ts';
import { resolveIntent, resolveIntents } from '../../src/chain/intents/resolveIntent.ts';
import { pairId } from '../../src/chain/pairs/pair.ts';
import { simulate } from '../../src/chain/transactions/simulate.ts';
import type { Address } from '../../src/config/settings.ts';
import type { Network } from '../../src/sandbox/chain/anvilCommand.ts';
import { deployContract } from '../../src/sandbox/chain/deployContract.ts';
import type { Generation } from '../../src/sandbox/chain/deployment.ts';
import { send } from '../../src/sandbox/chain/rpc.ts';
import { riskController } from '../../src/sandbox/contracts/artifacts/deployed/RiskController.ts';
import { type ProtocolChain, protocolChain } from '../support/protocolChain.ts';

const combinations: readonly (readonly [Network, Generation])[] = [
  ['tempo', 'full'],
  ['tempo', 'runbook'],
  ['plain', 'compact'],
  ['plain', 'runbook'],
];

/** Function and role, by generation. */
const expected: Readonly<Record<'deployed' | 'runbook', Readonly<Record<IntentRequest['intent'], string>>>> =
  {
    deployed: {
      tripBreaker: 'riskController.triggerCircuitBreaker(bytes32) RISK_OFFICER',
      resetBreaker: 'riskController.resetCircuitBreaker(bytes32) RISK_OFFICER',
      pauseProtocol: 'riskController.toggleGlobalPause(bool) EMERGENCY',
      unpauseProtocol: 'riskController.toggleGlobalPause(bool) EMERGENCY',
      authoriseOracle: 'governanceRoles.grantRole(bytes32,address) ADMIN',
      revokeOracle: 'governanceRoles.revokeRole(bytes32,address) ADMIN',
      unwindPair: 'dexStrategy.emergencyUnwind(bytes32) EMERGENCY',
      withdraw: 'treasuryVault.withdraw(address,uint256,address) TREASURY_MANAGER',
    },
    runbook: {
      tripBreaker: 'riskController.setCircuitBreaker(bytes32,bool) ADMIN',
      resetBreaker: 'riskController.setCircuitBreaker(bytes32,bool) ADMIN',
      pauseProtocol: 'treasuryVault.pause() ADMIN',
      unpauseProtocol: 'treasuryVault.unpause() ADMIN',
      authoriseOracle: 'riskController.setOracleAddress(address) ADMIN',
      revokeOracle: 'governanceRoles.revokeRole(bytes32,address) ADMIN',
      unwindPair: 'dexStrategy.emergencyUnwind(bytes32) EMERGENCY',
      withdraw: 'treasuryVault.withdraw(address,uint256,address) TREASURY_MANAGER',
    },
  };

const callOf = ({ address, data }: ResolvedIntent) => ({ to: address, data });

describe.each(combinations)('on %s with the contracts as %s', (network, generation) => {
  let world: ProtocolChain;
  let requests: readonly IntentRequest[];

  beforeAll(async () => {
    world = await protocolChain(network, generation, 'separate');
    const { accounts, tokens, pairs } = world.deployment;
    const pair = pairs[0]?.id ?? '0x';
    const oracle = accounts.oldOracle.address;
    requests = [
      { intent: 'tripBreaker', pair },
      { intent: 'resetBreaker', pair },
      { intent: 'pauseProtocol' },
      { intent: 'unpauseProtocol' },
      { intent: 'authoriseOracle', oracle },
      { intent: 'revokeOracle', oracle },
      { intent: 'unwindPair', pair },
      {
        intent: 'withdraw',
        token: tokens[0]?.address ?? '0x',
        amount: 5n,
        recipient: accounts.owner.address,
      },
    ];
  });
  afterAll(() => world?.[Symbol.asyncDispose]());

  it('finds the function and the role of every intent, and who holds it', async () => {
    const resolved = await resolveIntents(world.chain, requests);
    const found = resolved.map(({ intent, contract, signature, role }) => [
      intent,
      `${contract}.${signature} ${role.name}`,
    ]);
    expect(Object.fromEntries(found)).toEqual(expected[generation === 'runbook' ? 'runbook' : 'deployed']);
    const { accounts } = world.deployment;
    for (const { role, holders, intent } of resolved) {
      const holder = accounts[role.signer].address;
      expect(holders).toEqual(intent === 'withdraw' ? [holder, accounts.owner.address] : [holder]);
    }
  });

  it('lets the holder call them, and says in words why another may not', async () => {
    const { accounts, addresses } = world.deployment;
    const resolved = await resolveIntents(world.chain, requests);
    const stranger = accounts.strategist.address;
    for (const intent of resolved) {
      const [holder = '0x'] = intent.holders as readonly Address[];
      const allowed = await simulate(world.chain, { from: holder, calls: [callOf(intent)] });
      // Nothing was deposited, and one build does not unwind a pair without orders.
      const orders = intent.intent === 'unwindPair' && generation !== 'compact';
      if (intent.intent === 'withdraw' || orders) {
        expect(allowed).toMatchObject({
          ok: false,
          revert: {
            sentence: expect.stringMatching(/5 asked for, 0 available|has no active orders|No active orders/),
          },
        });
      } else expect(allowed).toMatchObject({ ok: true });

      const refused = await simulate(world.chain, { from: stranger, calls: [callOf(intent)] });
      if (orders) continue;
      const by = accounts[intent.role.signer].address;
      expect(refused).toMatchObject({
        ok: false,
        revert: {
          sentence: `${stranger} lacks ${intent.role.name} on GovernanceRoles ${addresses.governanceRoles}; held by ${by}`,
          facts: { signer: stranger, GovernanceRoles: addresses.governanceRoles, 'held by': by },
        },
      });
    }
  });

  it('tries several calls on top of each other', async () => {
    const [trip] = await resolveIntents(world.chain, requests);
    if (trip === undefined) throw new Error('no intent');
    const [holder = '0x'] = trip.holders as readonly Address[];
    const one = await simulate(world.chain, { from: holder, calls: [callOf(trip)] });
    const two = await simulate(world.chain, { from: holder, calls: [callOf(trip), callOf(trip)] });
    if (!one.ok || !two.ok) throw new Error('refused');
    // The second write changes nothing any more, and so takes less.
    expect(two.gas).toBeGreaterThan(one.gas);
    expect(two.gas).toBeLessThan(2n * one.gas);
    const wrong = { to: trip.address, data: '0x12345678' as const };
    expect(await simulate(world.chain, { from: holder, calls: [callOf(trip), wrong] })).toMatchObject({
      ok: false,
      index: 1,
    });
  });

  it('tries a call after those of other accounts that it needs', async () => {
    const { tokenA } = world.deployment.pairs[0] ?? { tokenA: '0x' };
    const amount = 1n;
    const recipient = world.deployment.accounts.owner.address;
    const [pausing, ending, withdrawal] = await resolveIntents(world.chain, [
      { intent: 'pauseProtocol' },
      { intent: 'unpauseProtocol' },
      { intent: 'withdraw', token: tokenA, amount, recipient },
    ]);
    if (pausing === undefined || ending === undefined || withdrawal === undefined) throw new Error('three');
    const by = (intent: typeof pausing) => ({ from: intent.holders[0] ?? '0x', ...callOf(intent) });
    const { from = '0x', ...withdraw } = by(withdrawal);
    // An empty vault: how far it gets shows whether the pause blocked it.
    const paused = await simulate(world.chain, { from, calls: [withdraw], first: [by(pausing)] });
    const open = await simulate(world.chain, {
      from,
      calls: [withdraw],
      first: [by(pausing), by(ending)],
    });
    if (paused.ok || open.ok) throw new Error('an empty vault paid');
    expect([paused.index, open.index]).toEqual([0, 0]);
    expect(open.revert.sentence).toMatch(/available/);
    expect(/available/.test(paused.revert.sentence)).toBe(generation === 'runbook');
  });

  it('makes the id of a pair as the contract does, in either order of its tokens', () => {
    // The compact build's last pair has an id that does not follow from its tokens.
    const pairs = world.deployment.pairs.slice(0, generation === 'compact' ? -1 : undefined);
    for (const { id, tokenA, tokenB } of pairs) {
      expect(pairId(tokenA, tokenB)).toBe(id);
      expect(pairId(tokenB, tokenA)).toBe(id);
    }
  });
});

it('asks a contract behind another kind of proxy by simulation, and refuses where nothing answers', async () => {
  await using world = await protocolChain('plain', 'full');
  const { accounts, addresses } = world.deployment;
  const from = accounts.admin.address;
  const implementation = await deployContract(world.url, { from, ...riskController });
  // EIP-1167: all calls go to the address in the code, and no selector is in it.
  const clone: Address = '0x00000000000000000000000000000000000c10fe';
  const code: Hex = `0x363d3d373d3d3d363d73${implementation.slice(2)}5af43d82803e903d91602b57fd5bf3`;
  await world.call('anvil_setCode', [clone, code]);
  const args = [addresses.governanceRoles] as const;
  const data = encodeFunctionData({ abi: riskController.abi, functionName: 'initialize', args });
  await send(world.url, { from, to: clone, data });
  const at = (address: Address) =>
    connectChain({
      rpcUrls: [world.url],
      id: 4217,
      timeoutMs: 5_000,
      contracts: { ...addresses, riskController: address },
    });
  expect(await resolveIntent(at(clone), { intent: 'pauseProtocol' })).toMatchObject({
    address: clone,
    signature: 'toggleGlobalPause(bool)',
  });
  const pair = world.deployment.pairs[0]?.id ?? '0x';
  await expect(
    resolveIntent(at('0x00000000000000000000000000000000000c10ff'), { intent: 'tripBreaker', pair }),
  ).rejects.toThrow('No function that trips a breaker was found.');
});
