import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { breakSandbox, healSandbox } from '../../src/sandbox/break.ts';
import { sandboxPaths } from '../../src/sandbox/paths.ts';
import { inWorlds, type OracleWorld, oracleWorld, throughKills } from '../support/oracleWorld.ts';
import { expectAsPreviewed } from '../support/previews.ts';

let worlds: readonly OracleWorld[] = [];
beforeAll(async () => {
  worlds = await Promise.all([oracleWorld('tempo', 'runbook'), oracleWorld('plain', 'full')]);
}, 240_000);
afterAll(() => Promise.all(worlds.map(({ sandbox }) => sandbox.stop())));

const isTempo = ({ name }: OracleWorld) => name.startsWith('tempo');
const words = (text: string) => text.replace(/\s+/g, ' ');

describe('tv oracle fund', { timeout: 240_000 }, () => {
  it('tops up an empty account, once, through kills inside the payment', () =>
    inWorlds(worlds, async (world) => {
      const { accounts } = world.deployment;
      const payer = accounts.treasuryManager.address;
      await breakSandbox({ dir: world.sandbox.dir }, 'drain-oracle');
      try {
        const status = await world.tv(['oracle', 'status']);
        expect(status.stdout).toMatch(/oracle fund$/m);
        const from = (await world.head()) + 1;
        const points = ['transaction:signed', 'transaction:noted', 'fund:acted'];
        const done = await throughKills(world, ['oracle', 'fund', '--yes'], points, ['resume', '--yes']);
        expect(done.exitCode, done.stderr).toBe(0);
        expect(words(done.stderr)).toMatch(
          isTempo(world)
            ? /received [\d.]+ \w+: Transfer in the receipt of 0x/
            : /received [\d.]+ ether: 0x\S+ succeeded/,
        );
        expect(await world.sent(payer, from)).toBe(1);
        expect(words(done.stderr)).toMatch(/✔ balance \S+ has [\d.]+/);
      } finally {
        await healSandbox({ dir: world.sandbox.dir });
      }
    }));

  it('sends nothing where there is enough, and the amount that is named', () =>
    inWorlds(worlds, async (world) => {
      const from = (await world.head()) + 1;
      const payer = world.deployment.accounts.treasuryManager.address;
      const [amount, shown] = isTempo(world) ? ['3.5', '3.5 '] : ['0.02', '0.02 '];
      const paid = await world.tv(['oracle', 'fund', '--amount', amount, '--yes']);
      expect(paid.exitCode, paid.stderr).toBe(0);
      expect(words(paid.stderr)).toContain(`received ${shown}`);
      expect(await world.sent(payer, from)).toBe(1);
      const refused = await world.tv(['oracle', 'fund', '--amount', '100000000000000', '--yes']);
      expect(refused.exitCode, refused.stderr).toBe(3);
      expect(words(refused.stderr)).toMatch(/less than the 100 000 000 000 000/);
      expect(await world.sent(payer, from)).toBe(1);
    }));

  it('shows the age of the key, which is young in a new sandbox', () =>
    inWorlds(worlds, async (world) => {
      const { stdout } = await world.tv(['oracle', 'status', '--json']);
      const { samples } = JSON.parse(stdout) as { samples: readonly { id: string }[] };
      expect(samples.find(({ id }) => id === 'key age')).toMatchObject({
        level: 'ok',
        summary: expect.stringMatching(/^the key is \d+ days? old, authorised in block/),
      });
    }));

  it('every transaction did what its plan had previewed, by its receipt', () =>
    inWorlds(worlds, async (world) => {
      await expectAsPreviewed(sandboxPaths(world.sandbox.dir).tvState, world.url, { 'oracle fund': 2 });
    }));
});
