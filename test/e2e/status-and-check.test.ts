import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Sample } from '../../src/observe/sample.ts';
import { rpc } from '../../src/sandbox/chain/rpc.ts';
import { systemdObstacle } from '../../src/sandbox/machine/systemdObstacle.ts';
import { until } from '../../src/sandbox/machine/until.ts';
import { sandboxPaths } from '../../src/sandbox/paths.ts';
import { type RpcFault, writeFaults } from '../../src/sandbox/services/faults.ts';
import { newestBlock, readEventRows } from '../support/eventRows.ts';
import { startSandbox, type TestSandbox, tvHome } from '../support/sandbox.ts';
import { flat, witness } from '../support/witness.ts';

const obstacle = await systemdObstacle();
/** How much longer than a screen without trouble one with a dead source may take: its limit, and some room. */
const deadSourceMs = 6_000 + 2_000;

describe.skipIf(obstacle !== undefined)('commands that only look', () => {
  let sandbox: TestSandbox;
  let last = 0;
  let wellMs = 0;

  beforeAll(async () => {
    sandbox = await startSandbox();
    last = newestBlock(await readEventRows(sandbox));
  });
  afterAll(() => sandbox?.stop());

  const chainUrl = () => `http://127.0.0.1:${sandbox.info.ports.chain}`;

  describe('tv reindex check', () => {
    interface Difference {
      readonly matched: number;
      readonly missing: { readonly total: number; readonly first: readonly Log[] };
      readonly surplus: { readonly total: number; readonly first: readonly Log[] };
    }
    interface Log {
      readonly block: number;
      readonly transactionHash: string;
      readonly logIndex: number;
    }
    const check = (...args: readonly string[]) =>
      sandbox.tv(['reindex', 'check', '--from-block', 'earliest', '--to-block', String(last), ...args]);
    const compare = async (...args: readonly string[]) => {
      const { exitCode, stdout, stderr } = await check('--json', ...args);
      expect(stdout, stderr).toMatch(/^\{/);
      const { matched, missing, surplus } = JSON.parse(stdout) as Difference;
      const ids = (logs: readonly Log[]) =>
        logs
          .map(({ block, transactionHash, logIndex }) => `${block} ${transactionHash} ${logIndex}`)
          .toSorted();
      return {
        exitCode,
        matched,
        missing: ids(missing.first),
        surplus: ids(surplus.first),
        totals: [missing.total, surplus.total],
      };
    };

    it('finds exactly the events that are missing and those that are not on the chain', async () => {
      const clean = await compare();
      expect(clean).toMatchObject({ exitCode: 0, missing: [], surplus: [] });
      expect(clean.matched).toBeGreaterThan(5_000);

      // Among them the oldest and the newest event there is.
      const taken = await sandbox.sql<{
        id: string;
        block: number;
        name: string;
        event: object;
        log: string;
      }>(
        `SELECT id, block_number::int AS block, event_type AS name, to_jsonb(e) AS event,
                concat_ws(' ', block_number, transaction_hash, log_index) AS log
         FROM (SELECT *, row_number() OVER (ORDER BY block_number, log_index) AS place,
                      count(*) OVER () AS all_of_them FROM events WHERE block_number <= $1) e
         WHERE place IN (1, 700, 701, 3000, all_of_them)`,
        [last],
      );
      expect(taken).toHaveLength(5);
      const children = Object.keys(await readEventRows(sandbox)).filter((table) => table !== 'events');
      const ids = taken.map(({ id }) => id);
      const kept = [];
      for (const table of children) {
        kept.push({
          table,
          rows: await sandbox.sql(`DELETE FROM ${table} WHERE event_id = ANY($1) RETURNING *`, [ids]),
        });
      }
      await sandbox.sql('DELETE FROM events WHERE id = ANY($1)', [ids]);
      const invented = `0x${'ab'.repeat(32)}`;
      await sandbox.sql(
        `INSERT INTO events (block_number, block_timestamp, transaction_hash, log_index, event_type, contract_address, event_data)
         SELECT 1234, block_timestamp, $1, 7, event_type, contract_address, event_data FROM events LIMIT 1`,
        [invented],
      );

      expect(await compare()).toEqual({
        exitCode: 1,
        matched: clean.matched - 5,
        missing: taken.map(({ log }) => log).toSorted(),
        surplus: [`1234 ${invented} 7`],
        totals: [5, 1],
      });
      const { exitCode, stdout } = await check('--full');
      expect(exitCode).toBe(1);
      expect(flat(stdout)).toContain('5 are missing in the database, 1 are not on the chain');
      for (const { log } of taken) expect(stdout).toContain(`${log.split(' ')[1]} #${log.split(' ')[2]}`);
      expect(stdout).toContain(`${invented} #7`);
      const first = Math.min(...taken.map(({ block }) => block));
      expect(flat(stdout)).toContain(`Next: tv -e sandbox reindex --from-block ${first}`);
      // A part of the blocks: what lies outside is not told.
      expect(await compare('--from-block', '1234')).toMatchObject({
        missing: taken.filter(({ block }) => block >= 1_234).map(({ log }) => log),
        surplus: [`1234 ${invented} 7`],
      });

      await sandbox.sql('DELETE FROM events WHERE transaction_hash = $1', [invented]);
      for (const { table, rows } of [{ table: 'events', rows: taken.map(({ event }) => event) }, ...kept]) {
        await sandbox.sql(`INSERT INTO ${table} SELECT * FROM jsonb_populate_recordset(NULL::${table}, $1)`, [
          JSON.stringify(rows),
        ]);
      }
      expect(await compare()).toEqual(clean);
    }, 60_000);

    it('says so where there are no such blocks', async () => {
      const { exitCode, stderr } = await sandbox.tv(['reindex', 'check', '--from-block', '99999999']);
      expect(exitCode).toBe(2);
      expect(flat(stderr)).toContain('There are no such blocks to compare.');
      expect(stderr).toContain('Next: ');
    });
  });

  describe('tv status', () => {
    interface Screen {
      readonly exitCode: number;
      readonly ms: number;
      readonly samples: ReadonlyMap<string, Sample>;
      readonly text: string;
    }
    const sources = [
      ...['tempovault-api', 'tempovault-indexer', 'tempovault-oracle'],
      ...['api', 'chain', 'protocol', 'breakers', 'oracle', 'indexer', 'database', 'disk', 'runs'],
    ];

    /** The screen for people and the one for programs, which have to say the same. */
    async function status(...args: readonly string[]): Promise<Screen> {
      const start = performance.now();
      const [shown, told] = await Promise.all([
        sandbox.tv(['status', ...args]),
        sandbox.tv(['status', '--json', ...args]),
      ]);
      const ms = performance.now() - start;
      expect(shown.stderr).toBe('');
      const { samples } = JSON.parse(told.stdout) as { samples: readonly Sample[] };
      // One entry for each source, dead or alive, in the same order.
      expect([...shown.stdout.matchAll(/^ {2}[✔!✖?] (\S+)/gm)].map(([, id]) => id)).toEqual(sources);
      expect(samples.map(({ id }) => id)).toEqual(sources);
      return {
        exitCode: shown.exitCode,
        ms,
        samples: new Map(samples.map((sample) => [sample.id, sample])),
        text: flat(shown.stdout),
      };
    }
    const levels = ({ samples }: Screen) =>
      Object.fromEntries(
        [...samples.values()].filter(({ level }) => level !== 'ok').map((g) => [g.id, g.level]),
      );

    async function during<T>(
      impose: () => Promise<unknown>,
      heal: () => Promise<unknown>,
      look: () => Promise<T>,
    ) {
      await impose();
      try {
        return await look();
      } finally {
        await heal();
        await until(async () => (await sandbox.tv(['status'])).exitCode === 0, {
          limitMs: 30_000,
          everyMs: 500,
          what: 'everything to be well again',
        });
      }
    }
    it('0: all is well', async () => {
      await until(async () => (await sandbox.tv(['status'])).exitCode === 0, {
        limitMs: 20_000,
        everyMs: 500,
        what: 'a sandbox at rest',
      });
      const before = await witness(sandbox, last);
      const screen = await status();
      wellMs = screen.ms;
      expect(levels(screen)).toEqual({});
      expect(screen.exitCode).toBe(0);
      expect(screen.text).not.toContain('Next:');
      expect(await witness(sandbox, last)).toEqual(before);
    });

    it('1: a service that systemd had to start again', async () => {
      const { stdout } = await sandbox.systemctl(
        'show',
        '--property=MainPID',
        '--value',
        'tempovault-oracle',
      );
      await sandbox.inside('kill', '-KILL', stdout.trim());
      const state = () =>
        sandbox.systemctl('show', '--property=NRestarts,ActiveState', '--value', 'tempovault-oracle');
      await until(async () => /^1\s+active$/.test((await state()).stdout.trim()), {
        limitMs: 10_000,
        what: 'the oracle to be back',
      });
      const screen = await status();
      expect(levels(screen)).toEqual({ 'tempovault-oracle': 'warning' });
      expect(screen.exitCode).toBe(1);
      expect(screen.text).toContain('1 restart by systemd');
      expect(screen.text).toContain('Next: journalctl -u tempovault-oracle');
      await sandbox.systemctl('reset-failed', 'tempovault-oracle');
      await sandbox.systemctl('restart', 'tempovault-oracle');
    });

    it('2: the API is dead', async () => {
      const screen = await during(
        () => sandbox.systemctl('stop', 'tempovault-api'),
        () => sandbox.systemctl('start', 'tempovault-api'),
        status,
      );
      expect(levels(screen)).toEqual({ 'tempovault-api': 'critical', api: 'critical' });
      expect(screen.exitCode).toBe(2);
      expect(screen.text).toContain('The API cannot be reached: connection refused');
      expect(screen.text).toContain('Next: journalctl -u tempovault-api');
    });

    it('2: the database is dead', async () => {
      const screen = await during(
        () => sandbox.systemctl('stop', 'sandbox-database'),
        () => sandbox.systemctl('start', 'sandbox-database'),
        status,
      );
      expect(levels(screen)).toEqual({ api: 'critical', indexer: 'unknown', database: 'critical' });
      expect(screen.exitCode).toBe(2);
      expect(screen.text).toMatch(/✖ database Nothing listens for the database on 127\.0\.0\.1:\d+\. ✔ disk/);
      expect(screen.text).toContain('Next: systemctl status postgresql');
    });

    it('the database hangs, and the screen comes in time all the same', async () => {
      const screen = await during(
        () => sandbox.systemctl('kill', '--signal=SIGSTOP', 'sandbox-database'),
        () => sandbox.systemctl('kill', '--signal=SIGCONT', 'sandbox-database'),
        status,
      );
      // The API waits for the database as well, about as long as tv waits for the API.
      const { api, ...others } = levels(screen);
      expect(['critical', 'unknown']).toContain(api);
      expect(others).toEqual({ indexer: 'unknown', database: 'unknown' });
      expect([2, 3]).toContain(screen.exitCode);
      expect(screen.ms).toBeLessThan(wellMs + deadSourceMs);
      expect(screen.text).toContain('systemctl status postgresql');
    });

    it('2: the RPC node hangs, dies, answers 429 or HTML, or is on another chain; the cursor is still shown', async () => {
      const faults: readonly { fault: RpcFault; says: RegExp; level: string }[] = [
        { fault: { mode: 'hang' }, says: /The RPC node did not answer in time/, level: 'unknown' },
        { fault: { mode: 'stop' }, says: /The RPC node broke off/, level: 'critical' },
        {
          fault: { mode: 'rate-limit' },
          says: /^The RPC node refuses more requests for now: a rate limit\. /,
          level: 'critical',
        },
        { fault: { mode: 'html' }, says: /answered with a web page/, level: 'critical' },
      ];
      const setFaults = async (...now: readonly RpcFault[]) =>
        writeFaults(sandboxPaths(sandbox.dir).faults, now);
      const look = async () => {
        for (const { fault, says, level } of faults) {
          await setFaults(fault);
          const screen = await status();
          expect(levels(screen), fault.mode).toEqual({
            api: 'critical',
            chain: level,
            protocol: 'unknown',
            breakers: 'unknown',
            oracle: 'unknown',
            indexer: 'unknown',
          });
          expect(screen.exitCode).toBe(2);
          expect(screen.ms).toBeLessThan(wellMs + deadSourceMs);
          expect(screen.samples.get('chain')?.summary).toMatch(says);
          expect(screen.samples.get('indexer')?.summary).toMatch(
            /^cursor \d[\d ]*, \d+ blocks\/s; blocks behind unknown, as chain$/,
          );
          expect(screen.text).toContain('Next: ');
        }
        await setFaults({ mode: 'wrong-chain', id: 1 });
        return status();
      };
      const wrong = await during(async () => {}, setFaults, look);
      // Nothing that a node of another chain returns is shown.
      const asChain = ['protocol', 'breakers', 'oracle', 'indexer'];
      expect(levels(wrong)).toEqual({
        chain: 'critical',
        ...Object.fromEntries(asChain.map((id) => [id, 'unknown'])),
      });
      for (const id of asChain) expect(wrong.samples.get(id)?.summary).toMatch(/unknown, as chain$/);
      expect(wrong.exitCode).toBe(2);
      expect(wrong.text).toContain('Next: set RPC_URL to a node of chain 31337');
    });

    it('2: the indexer is active and does nothing', async () => {
      const screen = await during(
        async () => {
          await sandbox.systemctl('kill', '--signal=SIGSTOP', 'tempovault-indexer');
          await rpc(chainUrl(), 'anvil_mine', ['0x78']);
        },
        () => sandbox.systemctl('kill', '--signal=SIGCONT', 'tempovault-indexer'),
        status,
      );
      expect(levels(screen)).toEqual({ indexer: 'critical' });
      expect(screen.exitCode).toBe(2);
      expect(screen.text).toContain('it makes no progress');
      expect(screen.text).toContain('Next: systemctl restart tempovault-indexer');
    });

    it('2: the host cannot be reached', async () => {
      const screen = await status('--set', 'host.prefix=/run/nowhere/inside');
      const dead = ['tempovault-api', 'tempovault-indexer', 'tempovault-oracle', 'disk'];
      expect(levels(screen)).toEqual({
        ...Object.fromEntries(dead.map((id) => [id, 'critical'])),
        // Their URL is in the .env on that host.
        indexer: 'unknown',
        database: 'unknown',
      });
      expect(screen.exitCode).toBe(2);
      expect(screen.text).toContain('through which host commands run, does not exist here');
    });

    it('3: what is known is well, and something cannot be known', async () => {
      const { exitCode, stdout } = await sandbox.tv(['status', '--set', 'backup.directory=/run/nowhere']);
      expect(exitCode, stdout).toBe(3);
      expect(flat(stdout)).toContain('? disk The free space of /run/nowhere cannot be read.');
      expect(flat(stdout)).toContain('Next: df -h /run/nowhere');
      const other = await sandbox.tv(['status', '--set', 'host.units.oracle=tempovault-oracle-v2']);
      expect(other.exitCode, other.stdout).toBe(3);
      expect(flat(other.stdout)).toContain('? tempovault-oracle-v2 not installed on this host');
      expect(flat(other.stdout)).toContain('Next: systemctl list-units --all');
    });
  });

  it('rows lost → the reindex that check advises → heal, and the sandbox is well', async () => {
    const broken = await sandbox.tv(['sandbox', 'break', 'corrupt-db', '--dir', sandbox.dir]);
    expect(broken.exitCode, broken.stderr).toBe(0);
    const check = await sandbox.tv(['reindex', 'check']);
    expect(check.exitCode, check.stdout).toBe(1);
    const [, advised = ''] = /Next: tv (-e sandbox reindex --from-block \d+)$/m.exec(check.stdout) ?? [];
    expect(advised, check.stdout).not.toBe('');
    const reindex = await sandbox.tv([...advised.split(' '), '--confirm', 'sandbox']);
    expect(reindex.exitCode, reindex.stderr).toBe(0);
    const rows = await readEventRows(sandbox);
    // The rows are back under other ids: those that the fault took out belong nowhere any more.
    const healed = await sandbox.tv(['sandbox', 'break', '--heal', '--dir', sandbox.dir, '--json']);
    expect(healed.exitCode, healed.stderr).toBe(0);
    expect(JSON.parse(healed.stdout)).toMatchObject({ kind: 'healed', faults: ['corrupt-db'] });
    const after = await readEventRows(sandbox);
    for (const [table, before] of Object.entries(rows)) {
      expect(after[table]?.slice(0, before.length), table).toEqual(before);
    }
    const again = await sandbox.tv(['reindex', 'check']);
    expect(again.exitCode, again.stdout).toBe(0);
    await until(async () => (await sandbox.tv(['status'])).exitCode === 0, {
      limitMs: 20_000,
      everyMs: 500,
      what: 'a sandbox at rest',
    });
  }, 90_000);

  describe('with no configuration and no .env', () => {
    it.each([
      { args: ['status'], code: 3 },
      { args: ['reindex', '--from-block', '5'], code: 2 },
      { args: ['reindex', '--from-block', '5', '--dry-run'], code: 2 },
      { args: ['reindex', '--from-block', '5', '--confirm', 'production'], code: 2 },
      { args: ['reindex', 'check'], code: 2 },
      { args: ['runs', 'list'], code: 2 },
      { args: ['resume'], code: 2 },
      { args: ['audit', 'list'], code: 2 },
    ])('tv $args says what it looked for and how to begin', async ({ args, code }) => {
      await using home = await tvHome();
      const { exitCode, stdout, stderr } = await home.tv(args);
      expect(exitCode, stderr).toBe(code);
      expect(stdout).toBe('');
      expect(flat(stderr)).toContain(
        'No TempoVault is configured: there is no configuration file, and no .env in the default location.',
      );
      expect(stderr).toContain('/home/tempovault/tempovault/.env');
      expect(stderr).toContain(join(home.directory, '.config/tv/config.yaml'));
      expect(stderr.trimEnd()).toMatch(/Next: tv config init$/);
      expect(readdirSync(home.directory)).toEqual([]);
    });

    it.each([
      { args: ['--help'], code: 0 },
      { args: ['runbook', 'list'], code: 0 },
      { args: ['runbook', 'show', 'reindex'], code: 0 },
      { args: ['config', 'show'], code: 0 },
      { args: ['config', 'check'], code: 1 },
      { args: ['sandbox', 'status'], code: 0 },
    ])('tv $args needs none', async ({ args, code }) => {
      await using home = await tvHome();
      const { exitCode, stdout, stderr } = await home.tv(args);
      expect(exitCode, stderr).toBe(code);
      expect(stdout).not.toBe('');
      expect(readdirSync(home.directory)).toEqual([]);
    });
  });
});
