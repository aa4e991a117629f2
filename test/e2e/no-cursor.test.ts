import { expect, it } from 'vitest';
import { startSandbox } from '../support/sandbox.ts';
import { until } from '../support/until.ts';

it('a schema without a cursor: an indexer that is stopped is behind the events of the chain, one that runs is not', async () => {
  await using sandbox = await startSandbox({ network: 'plain', contracts: 'runbook', schema: 'runbook' });
  const found = async (...flags: readonly string[]) => {
    const { stdout, stderr } = await sandbox.tv(['status', '--json', ...flags]);
    expect(stdout, stderr).not.toBe('');
    const { findings } = JSON.parse(stdout) as {
      readonly findings: readonly { readonly id: string; readonly cause: string | null }[];
    };
    return findings.filter(({ id }) => id.startsWith('indexer-') || id === 'unknown-indexer');
  };
  await until(async () => (await sandbox.tv(['status'])).exitCode === 0, {
    what: 'a sandbox on which all is well',
    limitMs: 60_000,
  });
  await sandbox.systemctl('stop', 'tempovault-indexer');
  // A signal comes every few seconds.
  const few = ['--set', 'monitor.lagBlocks=3'];
  let last = await found(...few);
  await until(
    async () => {
      last = await found(...few);
      return last.length > 0;
    },
    { what: 'a finding about the indexer', limitMs: 60_000 },
  );
  expect(last).toMatchObject([{ id: 'indexer-lag', cause: 'service-down:indexer' }]);
  expect((await sandbox.tv(['doctor', 'indexer-stuck', ...few])).stdout).toMatch(
    /! the indexer keeps up with the chain: not true\s+\(indexer-lag\)/,
  );
  await sandbox.systemctl('start', 'tempovault-indexer');
  await until(async () => (await found()).length === 0, {
    what: 'an indexer that keeps up again',
    limitMs: 60_000,
  });
}, 240_000);
