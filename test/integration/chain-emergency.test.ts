import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { encodeFunctionData, type Hex, keccak256, stringToHex } from 'viem';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { governanceRolesAbi } from '../../src/chain/abi/governanceRoles.ts';
import type { Address } from '../../src/config/settings.ts';
import type { Network } from '../../src/sandbox/chain/anvilCommand.ts';
import type { Generation } from '../../src/sandbox/chain/deployment.ts';
import { send } from '../../src/sandbox/chain/rpc.ts';
import { type Capital, openCapital, stranger, usd } from '../support/capital.ts';
import { environmentName, type ProtocolWorld, protocolWorld } from '../support/protocolWorld.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const confirm = ['--confirm', environmentName] as const;

const combinations: readonly (readonly [Network, Generation])[] = [
  ['tempo', 'compact'],
  ['tempo', 'runbook'],
  ['plain', 'compact'],
  ['plain', 'runbook'],
];

describe.each(combinations)('capital in an emergency on %s, contracts as %s', (network, generation) => {
  let world: ProtocolWorld;
  let token: Address;
  let capital: Capital;

  beforeAll(async () => {
    world = await protocolWorld(network, generation, 'separate');
    capital = await openCapital(world);
    token = capital.pair.tokenA;
    await capital.fill({ deposit: 1_000n, deploy: 400n, orders: 300n });
  });
  afterAll(() => world?.[Symbol.asyncDispose]());

  const withdraw = (amount: string, to: string, ...more: readonly string[]) =>
    world.tv([
      'emergency',
      'withdraw',
      '--token',
      token,
      '--amount',
      amount,
      '--to',
      to,
      ...confirm,
      ...more,
    ]);
  const nothing = { emergency: 0, manager: 0 };
  const twice = (to: string) => ['--to-again', to] as const;

  it('unwinds while paused, and lists what stays in the strategy', async () => {
    await capital.setPaused(true);
    const before = await capital.places();
    const sent = await capital.counted(async () => {
      const { exitCode, stderr } = await world.tv(['emergency', 'unwind', '--pair', 'Alpha', ...confirm]);
      expect(stderr).toMatch(/Alpha: 2 active/);
      expect(stderr).toMatch(/300 \S+ came back/);
      expect(stderr).toMatch(/in the strategy: 100 /);
      expect(stderr).toMatch(/booked as deployed: 400 /);
      expect(exitCode).toBe(0);
    });
    expect(sent).toEqual({ emergency: 1, manager: 0 });
    const after = await capital.places();
    expect(BigInt(after.vault) - BigInt(before.vault)).toBe(300n * usd);
    expect(after).toMatchObject({ dex: '0', strategy: String(100n * usd), deployed: before.deployed });
    await capital.setPaused(false);
  });

  it('nothing to unwind → says so, sends nothing', async () => {
    expect(
      await capital.counted(async () => {
        const { exitCode, stderr } = await world.tv(['emergency', 'unwind', '--pair', 'Alpha', ...confirm]);
        expect(stderr).toMatch(
          generation === 'runbook'
            ? /not tried, it would revert: pair\s+\S+\s+has no active\s+orders/
            : /nothing on the DEX/,
        );
        expect(exitCode).toBe(0);
      }),
    ).toEqual(nothing);
  });

  it('withdraws whole tokens to one who was typed twice', async () => {
    const before = await capital.places(stranger);
    const sent = await capital.counted(async () => {
      const { exitCode, stderr } = await withdraw('12.5', stranger, ...twice(stranger));
      expect(stderr).toContain(stranger);
      expect(exitCode).toBe(0);
    });
    expect(sent).toEqual({ emergency: 0, manager: 1 });
    const after = await capital.places(stranger);
    expect(BigInt(after.recipient) - BigInt(before.recipient)).toBe(12_500_000n);
    expect(BigInt(before.vault) - BigInt(after.vault)).toBe(12_500_000n);
  });

  // What needs no contract for its answer is in test/unit/withdraw-refusals.test.ts.
  it.each([
    [
      'more than is withdrawable',
      '700',
      stranger,
      stranger,
      3,
      /700 \S+ asked for, 5\d\d(\.\d+)? \S+ is withdrawable/,
    ],
    ['a raw number in hex', '0x5f5e100', stranger, stranger, 2, /expected an amount/],
  ] as const)('refuses %s and sends nothing', async (_, amount, to, again, code, words) => {
    expect(
      await capital.counted(async () => {
        const { exitCode, stderr } = await withdraw(amount, to, ...(again === undefined ? [] : twice(again)));
        expect(stderr.replace(/\s+/g, ' ')).toMatch(words);
        expect(exitCode).toBe(code);
      }),
    ).toEqual(nothing);
  });

  it('withdraws while paused, and leaves it paused', async () => {
    await capital.setPaused(true);
    const before = await capital.places(stranger);
    const sent = await capital.counted(async () => {
      const { exitCode, stderr } = await withdraw('20', stranger, ...twice(stranger));
      expect(stderr).toMatch(generation !== 'runbook' ? /the vault refuses/ : /lets withdrawals through/);
      expect(exitCode).toBe(0);
    });
    expect(sent).toEqual({ emergency: generation !== 'runbook' ? 2 : 0, manager: 1 });
    expect(await capital.paused()).toBe(true);
    expect(BigInt((await capital.places(stranger)).recipient) - BigInt(before.recipient)).toBe(20n * usd);
  });

  it('writes a Safe batch only where one account may send all of it, and no file without a folder', async () => {
    await capital.setPaused(true);
    const { directory } = world.home;
    const file = join(directory, 'payout.json');
    const done = await withdraw('2', stranger, ...twice(stranger), '--safe', file);
    expect([done.exitCode, existsSync(file)], done.stderr).toEqual(
      generation !== 'runbook' ? [3, false] : [0, true],
    );
    if (generation !== 'runbook') {
      const told = done.stderr.replaceAll(/\s+/g, ' ');
      expect(told).toMatch(/a single Safe cannot execute the batch/);
      expect(told).toContain(`TREASURY_MANAGER, held by ${capital.manager}`);
      expect(told).toMatch(/--calldata instead.*a holder of EMERGENCY end the pause first/);
    }
    const lost = await withdraw('2', stranger, ...twice(stranger), '--safe', join(directory, 'no', 'x.json'));
    expect([lost.exitCode, existsSync(join(directory, 'no'))], lost.stderr).toEqual([2, false]);
    expect((await withdraw('2', stranger, ...twice(stranger), '--calldata')).exitCode).toBe(0);
  });

  it('killed at any point → continues: paid once, paused again', { timeout: 120_000 }, async () => {
    await capital.setPaused(true);
    const points =
      generation !== 'runbook'
        ? ['unpause:acted', 'withdraw:started', 'transaction:noted', 'withdraw:acted', 'pause:started']
        : ['transaction:noted', 'withdraw:acted'];
    for (const place of points) {
      const before = await capital.places(stranger);
      const sent = await capital.counted(async () => {
        const args = ['emergency', 'withdraw', '--token', token, '--amount', '3', '--to', stranger];
        const killed = await world.tv([...args, ...twice(stranger), ...confirm], {
          env: { TV_FAILPOINT: place },
        });
        expect([place, killed.exitCode]).toEqual([place, -1]);
        const { exitCode, stderr } = await world.tv(['resume', ...confirm]);
        expect(stderr).toMatch(/Done and verified/);
        expect([place, exitCode]).toEqual([place, 0]);
      });
      expect([place, sent]).toEqual([place, { emergency: generation !== 'runbook' ? 2 : 0, manager: 1 }]);
      expect(await capital.paused()).toBe(true);
      expect(BigInt((await capital.places(stranger)).recipient) - BigInt(before.recipient)).toBe(3n * usd);
    }
  });

  // One generation is enough: what is abandoned and looked up is the same in each.
  if (generation === 'compact')
    it('killed once it was sent, then abandoned → said to be mined, and not sent twice unknowingly', async () => {
      await capital.setPaused(false);
      const before = await capital.places(stranger);
      const sent = await capital.counted(async () => {
        const args = ['emergency', 'withdraw', '--token', token, '--amount', '7', '--to', stranger];
        const call = [...args, ...twice(stranger), ...confirm];
        const killed = await world.tv(call, { env: { TV_FAILPOINT: 'transaction:sent' } });
        expect(killed.exitCode).toBe(-1);
        const [{ run = '' } = {}] = JSON.parse((await world.tv(['runs', 'list', '--json'])).stdout).runs;
        const undo = await world.tv(['runs', 'undo', run, '--dry-run']);
        expect([undo.exitCode, undo.stderr.match(/tv .*(resume|abandon)/g)?.length]).toEqual([3, 1]);
        expect(undo.stderr).toMatch(/Next: .*resume/);
        const closed = await world.tv(['runs', 'abandon', run, '--reason', 'to be sure', ...confirm]);
        const words = closed.stderr.replaceAll(/\s+/g, ' ');
        expect([closed.exitCode, words]).toEqual([
          0,
          expect.stringMatching(/is in block \d+ and took effect/),
        ]);
        expect(words).not.toMatch(/never|unfinished steps/i);
        const again = await world.tv(call);
        expect(again.stderr.replaceAll(/\s+/g, ' ')).toMatch(
          /previous run may already have taken effect: \S+ was abandoned/,
        );
        expect(again.exitCode).toBe(3);
        const shown = await world.tv(['runs', 'show', run]);
        expect(shown.stdout.replaceAll(/\s+/g, ' ')).toMatch(/is in block \d+ and took effect/);
      });
      expect(sent).toEqual({ emergency: 0, manager: 1 });
      expect(BigInt((await capital.places(stranger)).recipient) - BigInt(before.recipient)).toBe(7n * usd);
      await capital.setPaused(true);
    });

  it('does it in one transaction where one key may do all, on Tempo', async () => {
    const { governanceRoles } = world.protocol.deployment.addresses;
    const role: Hex = keccak256(stringToHex('TREASURY_MANAGER'));
    const data = encodeFunctionData({
      abi: governanceRolesAbi,
      functionName: 'grantRole',
      args: [role, capital.emergency],
    });
    const admin = world.protocol.deployment.accounts.admin.address;
    await send(world.protocol.url, { from: admin, to: governanceRoles, data });
    const atomic = network === 'tempo' && generation !== 'runbook';
    const sent = await capital.counted(async () => {
      const { exitCode } = await withdraw('8', stranger, ...twice(stranger));
      expect(exitCode).toBe(0);
    });
    expect(sent).toEqual(
      atomic ? { emergency: 1, manager: 0 } : { emergency: generation !== 'runbook' ? 2 : 0, manager: 1 },
    );
    expect(await capital.paused()).toBe(true);
  });

  it('withdraws all that is free, to what the fee may take meanwhile', async () => {
    await capital.setPaused(false);
    const { exitCode, stderr } = await withdraw('max', stranger, ...twice(stranger));
    expect(stderr).toMatch(/Done and verified/);
    expect(exitCode).toBe(0);
    const { book, deployed, fees } = await capital.places();
    const left = BigInt(book) - BigInt(deployed) - BigInt(fees);
    expect(left).toBeGreaterThanOrEqual(0n);
    // 2 % a year of less than a thousand tokens, over two minutes: 76 of the smallest unit.
    expect(left).toBeLessThan(200n);
  });
});
