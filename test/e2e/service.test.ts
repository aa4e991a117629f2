import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectChain } from '../../src/chain/connectChain.ts';
import { until } from '../../src/sandbox/machine/until.ts';
import { startSandbox, type TestSandbox } from '../support/sandbox.ts';
import { setPaused } from '../support/setPaused.ts';
import { throughKills } from '../support/throughKills.ts';

let sandbox: TestSandbox;
beforeAll(async () => {
  sandbox = await startSandbox();
}, 180_000);
afterAll(() => sandbox?.stop());

const unitOf = (name: string) => `tempovault-${name}`;
const pidOf = async (name: string) =>
  Number((await sandbox.systemctl('show', '--value', '--property=MainPID', unitOf(name))).stdout.trim());
const stateOf = async (name: string) =>
  (await sandbox.systemctl('show', '--value', '--property=ActiveState', unitOf(name))).stdout.trim();
const words = (text: string) => text.replace(/\s+/g, ' ');

interface Status {
  readonly services: readonly {
    readonly service: string;
    readonly state: string;
    readonly mainPid: number | null;
    readonly otherProcesses: readonly { readonly pid: number }[] | null;
  }[];
  readonly next: readonly string[];
}

async function status(): Promise<Status & { readonly exitCode: number }> {
  const { exitCode, stdout } = await sandbox.tv(['service', 'status', '--json']);
  return { exitCode, ...(JSON.parse(stdout) as Status) };
}

/** A process of the indexer that no unit has started. @returns its end */
async function strayIndexer(): Promise<{ readonly pid: string; end(): Promise<void> }> {
  const start = `set -a; . "$1"; setsid "$2" "$3" </dev/null >/dev/null 2>&1 & echo $!`;
  const file = join(sandbox.dir, 'programs', 'event_indexer.js');
  const { envFile } = sandbox.info.files;
  const pid = (await sandbox.inside('sh', '-c', start, 'sh', envFile, process.execPath, file)).stdout.trim();
  const isThere = async () =>
    (await sandbox.inside('cat', `/proc/${pid}/cmdline`)).stdout.includes('event_indexer');
  await until(isThere, { limitMs: 10_000, what: 'the second indexer' });
  return {
    pid,
    end: async () => {
      await sandbox.inside('kill', pid);
      await until(async () => !(await isThere()), { limitMs: 10_000, what: 'its end' });
    },
  };
}

describe('tv service', { timeout: 180_000 }, () => {
  it('restarts each service, and proves that it works again', async () => {
    const before = await status();
    expect([before.exitCode, before.services.map(({ state }) => state), before.next]).toEqual([
      0,
      ['active', 'active', 'active'],
      [],
    ]);
    for (const [name, proof] of [
      ['api', /✔ api answers \/health healthy and \/ready true/],
      ['indexer', /✔ progress the indexer makes progress: from block [\d ]+ to/],
      ['oracle', /✔ signal \S+ sent nonce [\d ]+, accepted in block/],
    ] as const) {
      const done = await sandbox.tv(['service', 'restart', name, '--yes']);
      expect(done.exitCode, done.stderr).toBe(0);
      expect(words(done.stderr)).toMatch(proof);
      const pid = await pidOf(name);
      expect(pid).toBeGreaterThan(0);
      expect(pid).not.toBe(before.services.find(({ service }) => service === name)?.mainPid);
    }
  });

  it('stops a service, says so, starts it again, and undoes both', async () => {
    const stopped = await sandbox.tv(['service', 'stop', 'tempovault-indexer.service', '--yes']);
    expect(stopped.exitCode, stopped.stderr).toBe(0);
    expect([await stateOf('indexer'), await pidOf('indexer')]).toEqual(['inactive', 0]);
    const seen = await status();
    expect([seen.exitCode, seen.next]).toEqual([0, ['tv -e sandbox service start indexer']]);
    const again = await sandbox.tv(['service', 'stop', 'indexer', '--yes']);
    expect([again.exitCode, words(again.stderr)]).toEqual([0, expect.stringContaining('Nothing to do')]);

    const started = await throughKills(sandbox.tv, ['service', 'start', 'indexer', '--yes'], {
      points: ['start:started', 'start:acted'],
      resume: ['resume', '--yes'],
    });
    expect(started.exitCode, started.stderr).toBe(0);
    expect(words(started.stderr)).toContain('✔ progress the indexer makes progress');
    const [, run = ''] = /runs report (\S+)/.exec(started.stderr) ?? [];
    const undone = await sandbox.tv(['runs', 'undo', run, '--yes']);
    expect(undone.exitCode, undone.stderr).toBe(0);
    expect(await stateOf('indexer')).toBe('inactive');
    expect((await sandbox.tv(['service', 'start', 'indexer', '--yes'])).exitCode).toBe(0);
  });

  it('never starts a second indexer', async () => {
    await sandbox.systemctl('stop', unitOf('indexer'));
    const stray = await strayIndexer();
    try {
      const refused = await sandbox.tv(['service', 'start', 'indexer', '--yes']);
      expect(refused.exitCode, refused.stderr).toBe(3);
      expect(words(refused.stderr)).toContain('the indexer runs outside tempovault-indexer, too');
      expect(words(refused.stderr)).toContain(`kill ${stray.pid}`);
      expect(await stateOf('indexer')).toBe('inactive');
      const { services } = await status();
      expect(services[1]?.otherProcesses?.map(({ pid }) => String(pid))).toEqual([stray.pid]);
    } finally {
      await stray.end();
    }
    const started = await sandbox.tv(['service', 'start', 'indexer', '--yes']);
    expect(started.exitCode, started.stderr).toBe(0);
  });

  it('leaves a relay stopped while the protocol is paused, and says what starts it', async () => {
    const { deployment, ports } = sandbox.info;
    const url = `http://127.0.0.1:${ports.chain}`;
    const chain = connectChain({
      ...{ rpcUrls: [url], id: deployment.chainId, timeoutMs: 5_000, contracts: deployment.addresses },
    });
    const world = { chain, url };
    await sandbox.systemctl('stop', unitOf('oracle'));
    await setPaused(world, true);
    try {
      const refused = await sandbox.tv(['service', 'start', 'oracle', '--yes']);
      expect(refused.exitCode, refused.stderr).toBe(3);
      expect(words(refused.stderr)).toContain('once the cause is gone: tv -e sandbox emergency resume');
      expect(await stateOf('oracle')).toBe('inactive');
      expect((await status()).next).toEqual(['once the cause is gone: tv -e sandbox emergency resume']);
    } finally {
      await setPaused(world, false);
    }
    const started = await sandbox.tv(['service', 'start', 'oracle', '--yes']);
    expect(started.exitCode, started.stderr).toBe(0);
  });
});
