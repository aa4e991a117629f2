import { encodeFunctionData, erc20Abi } from 'viem';
import { Abis } from 'viem/tempo';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { cancelUnnoticed, listedOrders, placeUnlisted } from '../../src/sandbox/breakOrders.ts';
import type { Network } from '../../src/sandbox/chain/anvilCommand.ts';
import type { Generation } from '../../src/sandbox/chain/deployment.ts';
import { send } from '../../src/sandbox/chain/rpc.ts';
import { type Capital, openCapital, stranger, usd } from '../support/capital.ts';
import { environmentName, type ProtocolWorld, protocolWorld } from '../support/protocolWorld.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const confirm = ['--confirm', environmentName] as const;
const toStranger = ['--to', stranger, '--to-again', stranger] as const;

const combinations: readonly (readonly [Network, Generation])[] = [
  ['tempo', 'full'],
  ['plain', 'full'],
  ['tempo', 'compact'],
];

describe.each(combinations)('unwind on %s, the %s build', (network, generation) => {
  let world: ProtocolWorld;
  let capital: Capital;
  beforeAll(async () => {
    world = await protocolWorld(network, generation, 'separate');
    capital = await openCapital(world);
  });
  afterAll(() => world?.[Symbol.asyncDispose]());

  const unwind = async (pairs: readonly string[], ...more: readonly string[]) => {
    const words = pairs.flatMap((pair) => ['--pair', pair]);
    const { exitCode, stderr } = await world.tv(['emergency', 'unwind', ...words, ...more, ...confirm]);
    return { exitCode, screen: stderr.replaceAll(/\s+/g, ' '), stderr };
  };
  const on = () => [world.protocol.url, world.protocol.deployment] as const;
  const pairAt = (index: number) => {
    const pair = world.protocol.deployment.pairs[index];
    if (pair === undefined) throw new Error('no such pair');
    return pair;
  };

  it('an order that is not in the list → named with its amount, exit 5; once it is cancelled, verified', async () => {
    await capital.fill({ deposit: 2_000n, deploy: 1_000n, orders: 300n });
    await placeUnlisted(...on(), pairAt(0), [{ amount: 250n * usd, tick: 30, isBid: false }]);
    const first = await unwind(['Alpha']);
    expect(first.screen).toMatch(/unwind Alpha, 2 orders/);
    expect(first.screen).toMatch(/not in the strategy's list: 1 order, 250 AlphaUSD/);
    expect(first.screen).toMatch(/the strategy still has orders on the DEX: 1 order, 250 AlphaUSD/);
    expect(first.screen).toMatch(
      /1 000 deployed = 300 returned \+ 450 in the strategy \+ 250 in resting orders/,
    );
    expect(first.exitCode, first.stderr).toBe(5);

    const hidden = 3n;
    await cancelUnnoticed(...on(), hidden);
    if (generation === 'full') {
      // This build refuses a pair without listed orders, and only then.
      const order = { amount: 100n * usd, tick: 10, isBid: false };
      await capital.operate({ kind: 'place', pairId: pairAt(0).id, orders: [order] });
    }
    const second = await unwind(['Alpha']);
    expect(second.screen).toMatch(/250 AlphaUSD came back/);
    expect(second.exitCode, second.stderr).toBe(0);
    expect((await capital.places()).dex).toBe('0');
  });

  if (generation === 'full')
    it('says before it unwinds that withdrawals revert afterwards, and that they do once they do', async () => {
      await capital.operate(
        { kind: 'deposit', token: pairAt(1).tokenA, amount: 1_000n * usd },
        { kind: 'deploy', token: pairAt(1).tokenA, amount: 500n * usd, pairId: pairAt(1).id },
        { kind: 'place', pairId: pairAt(1).id, orders: [{ amount: 200n * usd, tick: 10, isBid: false }] },
      );
      const dry = await unwind(['Beta'], '--dry-run');
      expect(dry.screen).toMatch(/after this unwind every withdrawal of BetaUSD reverts/);
      const had = BigInt((await capital.places(stranger, pairAt(1).tokenA)).recipient);
      const done = await unwind(['Beta'], '--withdraw', ...toStranger);
      expect(done.screen).toMatch(/the withdrawals go first: after the unwind those of BetaUSD revert/);
      expect(done.screen).toMatch(/200 BetaUSD came back by the receipts: 500 deployed = 200 returned/);
      expect(done.screen).toMatch(/BetaUSD: every withdrawal reverts, the vault holds/);
      expect(done.exitCode, done.stderr).toBe(0);
      const { recipient } = await capital.places(stranger, pairAt(1).tokenA);
      // All that was not deployed, but the fee of two minutes: 2 % a year.
      expect((BigInt(recipient) - had + 500n) / usd).toBe(500n);
      // One bad token does not keep the other back.
      await capital.operate({ kind: 'deposit', token: pairAt(2).tokenA, amount: 70n * usd });
      const mixed = await unwind(['Beta', 'Theta'], '--withdraw', ...toStranger);
      expect(mixed.screen).toMatch(/BetaUSD: left out, the vault would refuse: the account holds/);
      expect(mixed.screen).toMatch(/69\.9\d* ThetaUSD can be withdrawn/);
      expect(mixed.exitCode, mixed.stderr).toBe(0);
    });

  if (generation === 'compact')
    it('bids of a pair that lock a token that its configuration does not name → that token is named', async () => {
      const { id, tokenA } = pairAt(2);
      const [quote] = world.protocol.deployment.tokens;
      if (quote === undefined) throw new Error('no quote token');
      await capital.operate(
        { kind: 'deposit', token: quote.address, amount: 1_000n * usd },
        { kind: 'deploy', token: quote.address, amount: 400n * usd, pairId: pairAt(0).id },
        { kind: 'place', pairId: id, orders: [{ amount: 150n * usd, tick: -10, isBid: true }] },
      );
      expect((await capital.places(stranger, tokenA)).dex).toBe('0');
      const first = await unwind(['Theta']);
      expect(first.screen).toMatch(/Theta: 1 active/);
      expect(first.screen).toMatch(
        /149\.985 [Pp]athUSD still on the DEX: 400 deployed = 250\.015 in the strategy/,
      );
      expect(first.screen).toContain(` ${world.typed} emergency unwind --pair Alpha`);
      expect(first.exitCode, first.stderr).toBe(5);
      const second = await unwind(['Alpha']);
      expect(second.screen).toMatch(/149\.985 [Pp]athUSD came back by the receipts/);
      expect(second.exitCode, second.stderr).toBe(0);
    });

  it('an order of the list that is gone → named, nothing sent; another pair is unwound all the same', async () => {
    const { id, tokenA } = pairAt(0);
    const order = { amount: 110n * usd, tick: 10, isBid: false };
    await capital.operate(
      { kind: 'deposit', token: tokenA, amount: 1_000n * usd },
      { kind: 'deploy', token: tokenA, amount: 500n * usd, pairId: id },
      { kind: 'place', pairId: id, orders: [order, order] },
    );
    const [gone = 0n] = await listedOrders(...on(), pairAt(0));
    await cancelUnnoticed(...on(), gone);
    const sent = await capital.counted(async () => {
      const alone = await unwind(['Alpha']);
      expect(alone.screen).toMatch(
        new RegExp(`an order no longer exists on the DEX \\(OrderDoesNotExist\\): order ${gone} of its list`),
      );
      expect(alone.screen).toMatch(/STRATEGIST/);
      expect(alone.exitCode, alone.stderr).toBe(3);
    });
    expect(sent.emergency).toBe(0);
    await capital.operate(
      { kind: 'deposit', token: pairAt(1).tokenA, amount: 1_000n * usd },
      { kind: 'deploy', token: pairAt(1).tokenA, amount: 500n * usd, pairId: pairAt(1).id },
      { kind: 'place', pairId: pairAt(1).id, orders: [{ ...order, amount: 120n * usd }] },
    );
    const both = await unwind(['Alpha', 'Beta']);
    expect(both.screen).toMatch(/120 BetaUSD came back/);
    expect(both.screen).toMatch(/Alpha not unwound: an order no longer exists on the DEX/);
    expect(both.exitCode, both.stderr).toBe(5);
  });
});

it('an order that was filled meanwhile → the missing amount is named, exit 5', async () => {
  await using world = await protocolWorld('tempo', 'compact', 'separate');
  const capital = await openCapital(world);
  await capital.fill({ deposit: 1_000n, deploy: 400n, orders: 300n });
  const { url, deployment } = world.protocol;
  const { tokenA, tokenB } = capital.pair;
  const from = deployment.accounts.owner.address;
  const approve = encodeFunctionData({
    abi: erc20Abi,
    functionName: 'approve',
    args: [deployment.dex, 10n ** 18n],
  });
  await send(url, { from, to: tokenB, data: approve });
  const data = encodeFunctionData({
    abi: Abis.stablecoinDex,
    functionName: 'swapExactAmountOut',
    args: [tokenB, tokenA, 60n * usd, 100n * usd],
  });
  await send(url, { from, to: deployment.dex, data });
  const done = await world.tv(['emergency', 'unwind', '--pair', 'Alpha', ...confirm]);
  const screen = done.stderr.replaceAll(/\s+/g, ' ');
  expect(screen).toMatch(/60 AlphaUSD unaccounted for: 400 deployed = 240 returned \+ 100 in the strategy/);
  expect(screen).toMatch(
    /PathUSD came back by the receipts: 0 deployed = 60\.0\d+ returned, 60\.0\d+ more than was deployed/,
  );
  expect(done.exitCode, done.stderr).toBe(5);
});
