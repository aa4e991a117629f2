import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rpc } from '../../src/sandbox/chain/rpc.ts';
import { systemdObstacle } from '../../src/sandbox/machine/systemdObstacle.ts';
import { sandboxPaths } from '../../src/sandbox/paths.ts';
import { type RpcFault, writeFaults } from '../../src/sandbox/services/faults.ts';
import { newestBlock, readEventRows } from '../support/eventRows.ts';
import { startSandbox, type TestSandbox, tvHome } from '../support/sandbox.ts';
import { until } from '../support/until.ts';
import { flat, witness } from '../support/witness.ts';

const obstacle = await systemdObstacle();
/** How much longer than a screen without trouble one with a dead source may take: its limit, and some room. */
const deadSourceMs = 8_000 + 2_000;

describe.skipIf(obstacle !== undefined)('read-only commands', () => {
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

    it('finds rows of another contract and of another kind in the place of a log', async () => {
      const clean = await compare();
      const changed = await sandbox.sql<{ hash: string; kind: string; contract: string }>(
        `UPDATE events SET contract_address = '0x' || repeat('11', 20), event_type = 'Withdrawn'
         FROM (SELECT id, event_type, contract_address FROM events
               WHERE block_number <= $1 AND event_type = 'Deposited' ORDER BY id LIMIT 1) AS old
         WHERE events.id = old.id
         RETURNING transaction_hash AS hash, old.event_type AS kind, old.contract_address AS contract`,
        [last],
      );
      const [row] = changed;
      try {
        expect(await compare()).toMatchObject({ exitCode: 1, matched: clean.matched - 1, totals: [0, 0] });
        const { stdout } = await check('--full');
        const screen = flat(stdout);
        expect(screen).toContain('0 are not on the chain, 1 are stored otherwise than on the chain');
        expect(screen).toContain(
          `contract 0x${'11'.repeat(20)}, on the chain ${row?.contract.toLowerCase()}`,
        );
        expect(screen).toContain('kind Withdrawn, on the chain Deposited');
        const traced = await sandbox.tv(['trace', row?.hash ?? '']);
        expect(traced.exitCode).toBe(1);
        expect(flat(traced.stdout)).toContain('differs from its log: contract 0x1111');
      } finally {
        await sandbox.sql(
          "UPDATE events SET contract_address = $1, event_type = $2 WHERE transaction_hash = $3 AND contract_address LIKE '0x1111%'",
          [row?.contract, row?.kind, row?.hash],
        );
      }
      expect(await compare()).toEqual(clean);
    });

    it('finds exactly the events that are missing and those that are not on the chain', async () => {
      const clean = await compare();
      expect(clean).toMatchObject({ exitCode: 0, missing: [], surplus: [] });
      expect(clean.matched).toBeGreaterThan(1_500);

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
         WHERE place IN (1, 700, 701, 1000, all_of_them)`,
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
         SELECT 434, block_timestamp, $1, 7, event_type, contract_address, event_data FROM events LIMIT 1`,
        [invented],
      );

      expect(await compare()).toEqual({
        exitCode: 1,
        matched: clean.matched - 5,
        missing: taken.map(({ log }) => log).toSorted(),
        surplus: [`434 ${invented} 7`],
        totals: [5, 1],
      });
      const { exitCode, stdout } = await check('--full');
      expect(exitCode).toBe(1);
      expect(flat(stdout)).toContain('5 are missing in the database, 1 are not on the chain');
      for (const { log } of taken) expect(stdout).toContain(`${log.split(' ')[1]} #${log.split(' ')[2]}`);
      expect(stdout).toContain(`${invented} #7`);
      const first = Math.min(...taken.map(({ block }) => block));
      expect(flat(stdout)).toContain(`Next: tv -e sandbox reindex --from-block ${first}`);
      // A part of the blocks: what lies outside is not reported.
      expect(await compare('--from-block', '434')).toMatchObject({
        missing: taken.filter(({ block }) => block >= 434).map(({ log }) => log),
        surplus: [`434 ${invented} 7`],
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
      /** Ids of what is found; what is explained by another with that: `api-unhealthy < database-away`. */
      readonly findings: readonly string[];
      readonly sources: ReadonlyMap<string, { readonly level: string; readonly text: string }>;
      /** The first command. */
      readonly first: string | undefined;
      readonly text: string;
    }

    /** The screen for people and the one for programs, which have to say the same. */
    async function status(...args: readonly string[]): Promise<Screen> {
      const start = performance.now();
      const [shown, told] = await Promise.all([
        sandbox.tv(['status', '--all', '--full', ...args]),
        sandbox.tv(['status', '--json', ...args]),
      ]);
      const ms = performance.now() - start;
      expect(shown.stderr).toBe('');
      const { findings, sources, next } = JSON.parse(told.stdout) as {
        findings: readonly { readonly id: string; readonly cause: string | null }[];
        sources: readonly { readonly id: string; readonly level: string; readonly text: string }[];
        next: readonly string[];
      };
      expect(next.length).toBeLessThanOrEqual(3);
      return {
        exitCode: shown.exitCode,
        ms,
        findings: findings.map(({ id, cause }) => (cause === null ? id : `${id} < ${cause}`)),
        sources: new Map(sources.map((source) => [source.id, source])),
        first: next[0],
        text: flat(shown.stdout),
      };
    }
    const roots = ({ findings }: Screen) => findings.filter((id) => !id.includes(' < '));

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

    it('0: all is well, in one line and in one for each source', async () => {
      await until(async () => (await sandbox.tv(['status'])).exitCode === 0, {
        limitMs: 20_000,
        everyMs: 500,
        what: 'a sandbox at rest',
      });
      const before = await witness(sandbox, last);
      const screen = await status();
      wellMs = screen.ms;
      expect(screen.findings).toEqual([]);
      expect(screen.exitCode).toBe(0);
      expect(screen.text).not.toContain('Next:');
      expect([...screen.sources.keys()]).toEqual([
        ...['services', 'processes', 'machine', 'disk', 'envFile', 'nodes', 'chain', 'protocol', 'breakers'],
        ...['signals', 'relay', 'database', 'indexer', 'events', 'api', 'cors', 'backups', 'runs'],
      ]);
      expect([...screen.sources.values()].map(({ level }) => level)).toEqual(Array(18).fill('ok'));
      expect(await witness(sandbox, last)).toEqual(before);
      const { stdout } = await sandbox.tv(['status']);
      expect(flat(stdout)).toMatch(
        /^TempoVault · sandbox · chain 31337 · ok ✔ 18 sources ok; indexer: cursor [\d ]+, (at the head|\d+ blocks? behind); signals: 3 pairs, the newest signal [\d.]+ s old; backups: none; runs: none unfinished$/,
      );
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
      expect(screen.findings).toEqual(['service-restarted:oracle']);
      expect(screen.exitCode).toBe(1);
      expect(screen.text).toContain('1 restart since it was last started by hand');
      expect(screen.first).toMatch(/journalctl -u tempovault-oracle/);
      await sandbox.systemctl('reset-failed', 'tempovault-oracle');
      await sandbox.systemctl('restart', 'tempovault-oracle');
    });

    it('2: the API is dead → its unit is the cause, and the first command starts it', async () => {
      const screen = await during(
        () => sandbox.systemctl('stop', 'tempovault-api'),
        () => sandbox.systemctl('start', 'tempovault-api'),
        status,
      );
      expect(screen.findings).toEqual([
        'service-down:api',
        'api-away < service-down:api',
        'unknown-cors < service-down:api',
      ]);
      expect(screen.exitCode).toBe(2);
      expect(screen.text).toContain('The API cannot be reached: connection refused');
      expect(screen.first).toMatch(/service start api$/);
    });

    it('2: the database is dead → the API and the indexer suffer from it', async () => {
      const screen = await during(
        () => sandbox.systemctl('stop', 'sandbox-database'),
        () => sandbox.systemctl('start', 'sandbox-database'),
        status,
      );
      expect(screen.findings).toEqual([
        'database-away',
        'api-unhealthy < database-away',
        'unknown-indexer < database-away',
        'unknown-events < database-away',
      ]);
      expect(screen.exitCode).toBe(2);
      expect(screen.text).toMatch(/✖ Nothing listens for the database on 127\.0\.0\.1:\d+/);
      expect(screen.first).toMatch(/systemctl start sandbox-database$/);
    });

    it('the database hangs, and the screen comes in time all the same', async () => {
      const screen = await during(
        () => sandbox.systemctl('kill', '--signal=SIGSTOP', 'sandbox-database'),
        () => sandbox.systemctl('kill', '--signal=SIGCONT', 'sandbox-database'),
        () => status('--set', 'monitor.limitMs=4000'),
      );
      // The API waits for the database as well, about as long as tv waits for the API.
      expect(roots(screen).filter((id) => !id.includes('api'))).toEqual(['unknown-database']);
      expect(screen.findings).toContain('unknown-indexer < unknown-database');
      expect([2, 3]).toContain(screen.exitCode);
      expect(screen.ms).toBeLessThan(wellMs + deadSourceMs);
    });

    it('2: the RPC node hangs, dies, answers 429 or HTML, or is on another chain; the cursor is still shown', async () => {
      const faults: readonly { fault: RpcFault; says: RegExp; cause: string }[] = [
        {
          fault: { mode: 'hang' },
          says: /The RPC node has not answered within 3\.\d s/,
          cause: 'rpc-silent',
        },
        { fault: { mode: 'stop' }, says: /The RPC node closed the connection/, cause: 'rpc-away' },
        {
          fault: { mode: 'rate-limit' },
          says: /The RPC node refuses more requests for now: a rate limit/,
          cause: 'rpc-away',
        },
        { fault: { mode: 'html' }, says: /answered with a web page/, cause: 'rpc-away' },
      ];
      const setFaults = async (...now: readonly RpcFault[]) =>
        writeFaults(sandboxPaths(sandbox.dir).faults, now);
      const [cursor] = await sandbox.sql<{ block: number }>(
        'SELECT last_indexed_block::int AS block FROM indexer_state',
      );
      // The indexer skips a block for good when its call fails, which tv status finds: it reads them again.
      const heal = async () => {
        await setFaults();
        await sandbox.systemctl('stop', 'tempovault-indexer');
        await sandbox.sql('UPDATE indexer_state SET last_indexed_block = $1', [cursor?.block]);
        await sandbox.systemctl('start', 'tempovault-indexer');
      };
      const look = async () => {
        for (const { fault, says, cause } of faults) {
          await setFaults(fault);
          // One that refuses is waited for; one that hangs is given up before it times out by itself.
          const limitMs = fault.mode === 'hang' ? 4_000 : 8_000;
          const screen = await status('--set', `monitor.limitMs=${limitMs}`);
          expect(
            roots(screen).filter((id) => !id.includes('api')),
            fault.mode,
          ).toEqual([cause]);
          for (const id of ['protocol', 'breakers', 'signals', 'relay']) {
            expect(screen.findings.join(), fault.mode).toContain(`unknown-${id} < `);
          }
          expect(screen.findings).toContain(`indexer-lag-unknown < ${cause}`);
          expect([2, 3]).toContain(screen.exitCode);
          expect(screen.ms).toBeLessThan(wellMs + deadSourceMs);
          expect(screen.text).toMatch(says);
          expect(screen.sources.get('indexer')?.text).toMatch(/^cursor \d[\d ]*; blocks behind unknown$/);
        }
        await setFaults({ mode: 'wrong-chain', id: 1 });
        const compared = await sandbox.tv(['reindex', 'check']);
        expect([compared.exitCode, compared.stdout]).toEqual([3, '']);
        expect(compared.stderr).toContain('The RPC node is on chain 1, not 31337.');
        return status();
      };
      const wrong = await during(async () => {}, heal, look);
      // Nothing that a node of another chain returns is shown.
      expect(roots(wrong).map((id) => id.split(':')[0])).toEqual(['rpc-wrong-chain']);
      for (const id of ['protocol', 'breakers', 'signals', 'relay']) {
        expect(wrong.findings.join()).toContain(`unknown-${id} < `);
        expect(wrong.sources.get(id)?.text).toMatch(/is on chain 1, not 31337/);
      }
      expect(wrong.exitCode).toBe(2);
      expect(wrong.first).toMatch(
        /^with the URL of a node of chain 31337 in the place of https:\/\/OTHER_NODE: sed /,
      );
    });

    it('2: the indexer is active and does nothing → what holds it is the cause', async () => {
      const screen = await during(
        async () => {
          await sandbox.systemctl('kill', '--signal=SIGSTOP', 'tempovault-indexer');
          await rpc(chainUrl(), 'anvil_mine', ['0x78']);
        },
        () => sandbox.systemctl('kill', '--signal=SIGCONT', 'tempovault-indexer'),
        status,
      );
      expect(screen.findings).toEqual([
        'service-frozen:indexer',
        'indexer-stalled < service-frozen:indexer',
        expect.stringMatching(/^indexer-lag < /),
      ]);
      expect(screen.exitCode).toBe(2);
      expect(screen.text).toContain('makes no progress');
      expect(screen.first).toMatch(/systemctl kill --signal=SIGCONT tempovault-indexer$/);
    });

    it('2: the host cannot be reached → one cause, and what is known otherwise', async () => {
      const screen = await status('--set', 'host.prefix=/run/nowhere/inside');
      expect(roots(screen)).toEqual(['host-away', expect.stringContaining('database')]);
      for (const id of ['processes', 'machine', 'disk', 'envFile', 'backups', 'schedule']) {
        expect(screen.findings).toContain(`unknown-${id} < host-away`);
      }
      // Its key is in there.
      expect(screen.findings).toContain('unknown-relay < unknown-envFile');
      expect(screen.exitCode).toBe(2);
      expect(screen.text).toContain('through which host commands run, does not exist here');
    });

    it('3: what is known is well, and something cannot be known', async () => {
      const { exitCode, stdout } = await sandbox.tv(['status', '--set', 'backup.directory=/run/nowhere']);
      expect(exitCode, stdout).toBe(3);
      expect(flat(stdout)).toContain('? Disk unknown: The free space of /run/nowhere cannot be read');
      expect(flat(stdout)).toContain('Next: df -h /run/nowhere');
      const other = await sandbox.tv(['status', '--set', 'host.units.oracle=tempovault-oracle-v2']);
      expect(other.exitCode, other.stdout).toBe(3);
      expect(flat(other.stdout)).toContain('? tempovault-oracle-v2 is not installed on this host');
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

  describe('tv trace', () => {
    const trace = async (hash: string, ...args: readonly string[]) => {
      const { exitCode, stdout } = await sandbox.tv(['trace', hash, ...args]);
      return { exitCode, text: flat(stdout) };
    };

    it('a deposit: status, sender, call, and the tables with its rows', async () => {
      const [row] = await sandbox.sql<{ hash: string; log: number }>(
        "SELECT transaction_hash AS hash, log_index AS log FROM events WHERE event_type = 'Deposited' ORDER BY id LIMIT 1",
      );
      const { exitCode, text } = await trace(row?.hash ?? '');
      expect(exitCode, text).toBe(0);
      expect(text).toMatch(/status success .* treasuryVault: deposit\(/);
      expect(text).toContain(`✔ #${row?.log} Deposited events, deposits`);
    });

    it('an event whose row is lost is missing, with the command that compares its block', async () => {
      const [row] = await sandbox.sql<{ hash: string; block: number; log: number }>(
        "SELECT transaction_hash AS hash, block_number::int AS block, log_index AS log FROM events WHERE event_type = 'Withdrawn' ORDER BY id LIMIT 1",
      );
      const { hash = '', block = 0, log = 0 } = row ?? {};
      await sandbox.sql('UPDATE events SET log_index = log_index + 1000 WHERE transaction_hash = $1', [hash]);
      try {
        const { exitCode, text } = await trace(hash);
        expect(exitCode, text).toBe(1);
        expect(text).toContain(`✖ #${log} Withdrawn skipped or lost: the cursor is beyond its block`);
        expect(text).toContain(`rows without a log on the chain: events #`);
        expect(text).toContain(`reindex check --from-block ${block} --to-block ${block}`);
        // The same of the account that was paid: the event without its row, and the row without its event.
        const [paid] = await sandbox.sql<{ recipient: string }>(
          'SELECT recipient FROM withdrawals ORDER BY event_id LIMIT 1',
        );
        const blocks = ['--from-block', String(block), '--to-block', String(block)];
        const { stdout } = await sandbox.tv([
          'trace',
          '--address',
          paid?.recipient ?? '',
          ...blocks,
          '--json',
        ]);
        const { events } = JSON.parse(stdout);
        expect(
          events.map((event: Record<string, unknown>) => [
            event['chain'],
            event['logIndex'],
            event['stored'],
          ]),
        ).toEqual([
          ['found', log, false],
          ['not-found', log + 1000, true],
        ]);
      } finally {
        await sandbox.sql('UPDATE events SET log_index = log_index - 1000 WHERE transaction_hash = $1', [
          hash,
        ]);
      }
    });

    it('a deposit by its row: the event of that row, and what became of its token', async () => {
      const [row] = await sandbox.sql<{ id: string; hash: string; log: number }>(
        'SELECT d.id, e.transaction_hash AS hash, e.log_index AS log FROM deposits d JOIN events e ON e.id = d.event_id ORDER BY d.id LIMIT 1',
      );
      const { stdout } = await sandbox.tv(['trace', '--deposit', String(row?.id), '--json']);
      const { events, none } = JSON.parse(stdout);
      expect(none).toBeNull();
      expect(events[0]).toMatchObject({
        ...{ name: 'Deposited', transactionHash: row?.hash, logIndex: row?.log, stored: true },
        tables: ['events', 'deposits'],
      });
      const absent = await sandbox.tv(['trace', '--deposit', '999999999']);
      expect(absent.exitCode).toBe(1);
      expect(flat(absent.stdout)).toContain('the table deposits has no row with the id 999999999');
    });

    it('one that no node knows, and sources that are away, are not called failed or missing', async () => {
      const unknown = await trace(`0x${'1'.repeat(64)}`);
      expect(unknown.exitCode).toBe(1);
      expect(unknown.text).toContain('No RPC node that was asked knows it');
      const [row] = await sandbox.sql<{ hash: string }>(
        "SELECT transaction_hash AS hash FROM events WHERE event_type = 'Deposited' ORDER BY id LIMIT 1",
      );
      const { exitCode, text } = await trace(row?.hash ?? '', '--set', 'database.timeoutMs=1');
      expect(exitCode).toBe(1);
      expect(text).toMatch(/rows unknown: The database/);
      expect(text).not.toContain('skipped or lost');
    });
  });

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
