import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { parse, stringify } from 'yaml';
import { devAccountIndex, devPrivateKey } from '../../src/sandbox/chain/devAccounts.ts';
import { rpc, send } from '../../src/sandbox/chain/rpc.ts';
import { sandboxPaths } from '../../src/sandbox/paths.ts';
import { expectAsPreviewed } from '../support/previews.ts';
import type { TestSandbox } from '../support/sandbox.ts';
import { type Evidence, filesBelow, findSecrets } from '../support/secretSearch.ts';
import { allOff, allOn, type ShutdownWorld, shutdownWorld } from '../support/shutdownWorld.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 180_000 });

const confirm = ['--confirm', 'sandbox'] as const;
const nginxUnit = '[Service]\\nExecStart=/bin/sleep infinity\\n';

/** The raw transaction that the newest journal has noted. */
function signedPause(state: string): string {
  // Beside the journal of a killed run lies its reserve, a file of random text.
  const journals = filesBelow(join(state, 'runs')).filter(({ place }) => place.endsWith('.jsonl'));
  const newest = journals.toSorted((a, b) => (a.place < b.place ? 1 : -1))[0];
  const raw = /"raw":"(0x[0-9a-f]+)"/.exec(newest?.text ?? '')?.[1];
  if (raw === undefined) throw new Error(`no signed transaction in ${newest?.place ?? 'any journal'}`);
  return raw;
}

/** Everything that may differ with network and contracts; the rest is tested on Tempo, as deployed. */
describe.each([
  ['tempo', 'runbook'],
  ['plain', 'compact'],
  ['plain', 'runbook'],
] as const)('tv emergency shutdown and resume on %s, contracts as %s', (network, contracts) => {
  let world: ShutdownWorld;
  let sandbox: TestSandbox;

  beforeAll(async () => {
    world = await shutdownWorld(network, contracts);
    sandbox = world.sandbox;
  });
  afterAll(() => sandbox?.stop());
  beforeEach(() => world.reset());

  const printed: Evidence[] = [];
  const tv = async (...words: readonly string[]) => {
    const done = await sandbox.tv([...words, ...confirm]);
    printed.push({ place: `output of tv ${words.join(' ')}`, text: done.stdout + done.stderr });
    return done;
  };
  const killedAt = async (place: string, ...words: readonly string[]) => {
    const { exitCode } = await sandbox.tv([...words, ...confirm], { env: { TV_FAILPOINT: place } });
    expect([place, exitCode]).toEqual([place, -1]);
  };
  const nginx = async () => (await sandbox.systemctl('is-active', 'nginx')).stdout;

  it('shuts down and comes back, each through a kill, with nginx and one transaction each', async () => {
    const write = `printf '${nginxUnit}' >/run/systemd/system/nginx.service`;
    await sandbox.inside('sh', '-c', `${write} && systemctl daemon-reload && systemctl start nginx`);
    const start = await world.head();
    await killedAt('transaction:sent', 'emergency', 'shutdown', '--nginx');
    const down = await tv('resume');
    expect(down.stderr).toMatch(
      contracts !== 'runbook' ? /read back from RiskController/ : /read back from TreasuryVault/,
    );
    expect([down.exitCode, await world.paused(), await world.states(), await nginx()]).toEqual([
      0,
      true,
      allOff,
      'inactive',
    ]);
    expect(await world.sentSince(start)).toBe(1);

    const again = await tv('emergency', 'shutdown', '--nginx');
    expect(again.stderr).toMatch(/stopped already[\s\S]*paused already[\s\S]*Plan \w+: none/);
    expect([again.exitCode, await world.sentSince(start)]).toEqual([0, 1]);

    await killedAt('unpause:acted', 'emergency', 'resume', '--nginx');
    const back = await tv('resume');
    expect(back.stderr).toMatch(/signal +accepted in block/);
    expect([back.exitCode, await world.paused(), await world.states(), await nginx()]).toEqual([
      0,
      false,
      allOn,
      'active',
    ]);
    expect(await world.sentSince(start)).toBe(2);
  });

  it('stops the services although the signer lacks the role, and says so', async () => {
    const settings = parse(readFileSync(sandbox.info.files.config, 'utf8'));
    const { signers } = settings.environments.sandbox;
    signers.emergency = signers.admin = signers.treasuryManager;
    const config = join(sandbox.dir, 'stranger.yaml');
    writeFileSync(config, stringify(settings), { mode: 0o600 });
    const start = await world.head();
    const { exitCode, stderr } = await tv('emergency', 'shutdown', '--config', config);
    expect(stderr.replaceAll(/\s+/g, ' ')).toMatch(
      contracts !== 'runbook' ? /lacks EMERGENCY on GovernanceRoles/ : /lacks ADMIN on GovernanceRoles/,
    );
    expect(stderr).toMatch(/NOT SAFE: the protocol is not paused/);
    expect([exitCode, await world.paused(), await world.states()]).toEqual([1, false, allOff]);
    expect(await world.sentSince(start)).toBe(0);
  });

  // It is about the network, so once on each.
  if (network === 'tempo' || contracts !== 'runbook')
    it('pauses past a stuck transaction: on Tempo by itself, elsewhere with --replace', async () => {
      expect((await sandbox.tv(['sandbox', 'break', 'stuck-nonce'])).exitCode).toBe(0);
      try {
        const start = await world.head();
        if (network === 'plain') {
          const looked = await sandbox.tv(['emergency', 'shutdown', '--dry-run']);
          expect(looked.stderr.replaceAll(/\s+/g, ' ')).toMatch(/is pending, from nonce \d+ on/);
          expect(looked.stdout.replaceAll(/\s+/g, ' ')).toMatch(/will probably NOT succeed/);
        }
        const { exitCode, stderr } = await tv(
          'emergency',
          'shutdown',
          ...(network === 'plain' ? ['--replace'] : []),
        );
        expect(stderr.replaceAll(/\s+/g, ' ')).toMatch(
          network === 'plain'
            ? /the first will be replaced/
            : /no delay: this transaction uses its own nonce key/,
        );
        expect([exitCode, await world.paused(), await world.states()]).toEqual([0, true, allOff]);
        expect(await world.sentSince(start)).toBe(1);
      } finally {
        expect((await sandbox.tv(['sandbox', 'break', '--heal'])).stdout).toContain('stuck-nonce');
      }
      // The oracle was stuck as well, and signs again.
      const back = await tv('emergency', 'resume');
      expect(back.stderr).toMatch(/signal +accepted in block/);
      expect([back.exitCode, await world.paused()]).toEqual([0, false]);
    });

  if (network === 'plain' && contracts !== 'runbook')
    it('is not brought back while a pause waits behind a gap, which would pause it again later', async () => {
      expect((await sandbox.tv(['sandbox', 'break', 'stuck-nonce'])).exitCode).toBe(0);
      try {
        await killedAt('transaction:sent', 'emergency', 'shutdown');
      } finally {
        expect((await sandbox.tv(['sandbox', 'break', '--heal'])).exitCode).toBe(0);
      }
      expect(await world.paused()).toBe(false);
      // As another node that had it still would.
      await rpc(world.url, 'eth_sendRawTransaction', [signedPause(join(sandbox.dir, 'state'))]);
      const back = await tv('emergency', 'resume');
      const told = back.stderr.replaceAll(/\s+/g, ' ');
      expect([back.exitCode, await world.states()], told).toEqual([3, allOff]);
      expect(told).toMatch(/queued pause a pause signed by \S+-emergency-shutdown-\S+ is pending/);
      expect(told).toMatch(/fill its account's nonce \d+, so that/);
      // As the advice says.
      await send(world.url, { from: world.pauser, to: world.pauser, data: '0x' });
      await vi.waitUntil(world.paused, { timeout: 30_000 });
      const done = await tv('emergency', 'resume');
      expect([done.exitCode, await world.paused(), await world.states()], done.stderr).toEqual([
        0,
        false,
        allOn,
      ]);
    });

  it('every transaction did what its plan had previewed, by its receipt', async () => {
    await expectAsPreviewed(sandboxPaths(sandbox.dir).tvState, world.url, {
      'emergency shutdown': 1,
      'emergency resume': 1,
    });
  });

  it('has left no key and no password in its output, journals and audit log', () => {
    const keys = Object.entries(devAccountIndex).map(([name, index]) => ({
      name,
      value: devPrivateKey(index) as string,
    }));
    const password = readFileSync(join(sandbox.dir, 'keys', 'password'), 'utf8').trim();
    const files = filesBelow(join(sandbox.dir, 'state'));
    expect(files.length).toBeGreaterThan(3);
    const secrets = [...keys, { name: 'password', value: password }];
    expect(findSecrets([...printed, ...files], secrets)).toEqual([]);
  });
});
