import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { connectChain } from '../../src/chain/connectChain.ts';
import { rpc } from '../../src/sandbox/chain/rpc.ts';
import { sandboxPaths } from '../../src/sandbox/paths.ts';
import { writeFaults } from '../../src/sandbox/services/faults.ts';
import { passwordsOf, startTv } from '../support/databaseWorld.ts';
import { startSandbox, type TestSandbox } from '../support/sandbox.ts';
import { setPaused } from '../support/setPaused.ts';
import { until } from '../support/until.ts';
import { flat } from '../support/witness.ts';

vi.setConfig({ testTimeout: 150_000 });

/** The indexer as deployed: some kinds it cannot store, others it stores without a table of their own. */
describe('tv reindex, on an indexer that cannot store some kinds', () => {
  let sandbox: TestSandbox;
  beforeAll(async () => {
    sandbox = await startSandbox({ indexer: 'lossy' });
  });
  afterAll(() => sandbox?.stop());

  const head = async () =>
    Number(await rpc(`http://127.0.0.1:${sandbox.info.ports.chain}`, 'eth_blockNumber'));
  const cursorAt = async (block: number) => {
    const [row] = await sandbox.sql<{ block: number }>(
      'SELECT last_indexed_block::int AS block FROM indexer_state',
    );
    return (row?.block ?? 0) >= block;
  };
  const journals = () => {
    const runs = join(sandboxPaths(sandbox.dir).tvState, 'runs');
    return existsSync(runs) ? readdirSync(runs).map((name) => readFileSync(join(runs, name), 'utf8')) : [];
  };
  const kinds = () =>
    sandbox.sql<{ kind: string; rows: number }>(
      `SELECT event_type AS kind, count(*)::int AS rows FROM events WHERE block_number <= $1 GROUP BY 1 ORDER BY 1`,
      [last],
    );
  let last = 0;

  it('check: rows without a table of their own are on the chain; what cannot be stored is named, not missing', async () => {
    const { deployment, ports } = sandbox.info;
    const url = `http://127.0.0.1:${ports.chain}`;
    const { addresses, chainId } = deployment;
    const chain = connectChain({ rpcUrls: [url], id: chainId, timeoutMs: 10_000, contracts: addresses });
    await setPaused({ chain, url }, true);
    await setPaused({ chain, url }, false);
    last = await head();
    await until(() => cursorAt(last), { limitMs: 30_000, what: 'the cursor' });
    expect((await kinds()).map(({ kind }) => kind)).toContain('GlobalPauseToggled');
    const check = await sandbox.tv(['reindex', 'check']);
    expect(check.exitCode, check.stdout).toBe(0);
    expect(flat(check.stdout)).toContain('the same on the chain and in the database');
    expect(flat(check.stdout)).toMatch(
      /cannot store.*OracleSignalUpdated \([\d ]+\).*is not JSON serializable/,
    );
  });

  it('check: an event whose row in the table of its kind is lost → named, exit 1', async () => {
    await sandbox.sql('CREATE TABLE desk_kept AS SELECT * FROM deposits');
    try {
      await sandbox.sql('DELETE FROM deposits WHERE event_id = (SELECT max(event_id) FROM deposits)');
      const check = await sandbox.tv(['reindex', 'check']);
      expect(check.exitCode, check.stdout).toBe(1);
      expect(flat(check.stdout)).toMatch(
        /events whose row in the table of their kind is missing: 1 of deposits \(from block [\d ]+\)/,
      );
      expect(check.stdout).toMatch(/^Next: tv .*reindex --from-block \d+$/m);
      await sandbox.sql('DELETE FROM deposits');
      const empty = await sandbox.tv(['reindex', 'check']);
      expect(empty.exitCode, empty.stdout).toBe(5);
      expect(flat(empty.stdout)).toContain('deposits is empty, and events holds');
    } finally {
      await sandbox.sql('INSERT INTO deposits SELECT * FROM desk_kept ON CONFLICT DO NOTHING');
      await sandbox.sql('DROP TABLE desk_kept');
    }
  });

  it('cut off on its way, the indexer stopped by hand → resume starts it again, and verifies', async () => {
    const before = await kinds();
    const { faults } = sandboxPaths(sandbox.dir);
    writeFaults(faults, [{ mode: 'slow', ms: 20 }]);
    const tv = startTv(sandbox, ['reindex', '--in-place', '--from-block', '400', '--confirm', 'sandbox']);
    await until(() => journals().some((text) => text.includes('"step.started","step":"follow"')), {
      limitMs: 60_000,
      what: 'step follow',
    });
    tv.kill('SIGINT');
    expect((await tv).exitCode).toBe(7);
    expect((await sandbox.systemctl('stop', 'tempovault-indexer')).exitCode).toBe(0);
    writeFaults(faults, []);

    const resumed = await sandbox.tv(['resume', '--confirm', 'sandbox']);
    expect(resumed.exitCode, resumed.stderr).toBe(0);
    const said = flat(resumed.stderr);
    expect(said).toContain('cannot be stored by this indexer, as before');
    expect(said).toContain('is not JSON serializable');
    expect((await sandbox.systemctl('is-active', 'tempovault-indexer')).stdout.trim()).toBe('active');
    expect(await kinds()).toEqual(before);

    // The indexer prints its URL at each start, and tv reads its journal.
    const unit = await sandbox.inside('journalctl', '-u', 'tempovault-indexer', '-o', 'cat', '--no-pager');
    for (const { name, value } of passwordsOf(sandbox).slice(0, 1)) {
      expect(unit.stdout).toContain(encodeURIComponent(value));
      for (const text of [resumed.stderr, resumed.stdout, ...journals()]) {
        expect(text.includes(value) || text.includes(encodeURIComponent(value)), name).toBe(false);
      }
    }
  });

  it('rows that were there before and are not again → not verified, and the RPC node is not blamed', async () => {
    // As an indexer does that has lost the knowledge of a kind: its rows do not come back.
    await sandbox.sql(
      `CREATE FUNCTION forget() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
         IF NEW.event_type = 'GlobalPauseToggled' THEN RETURN NULL; END IF; RETURN NEW; END $$`,
    );
    await sandbox.sql('CREATE TRIGGER forget BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION forget()');
    const done = await sandbox.tv([
      'reindex',
      '--in-place',
      '--from-block',
      String(last - 20),
      '--confirm',
      'sandbox',
    ]);
    expect(done.exitCode, done.stderr).toBe(1);
    expect(flat(done.stderr)).toMatch(/GlobalPauseToggled/);
    expect(flat(done.stderr)).not.toMatch(/tv (-e \w+ )?status/);
  });
});
