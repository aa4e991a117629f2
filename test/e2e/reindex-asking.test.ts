import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fileLockHolder } from '../../src/journal/fileLock.ts';
import { lockDirectory, lockRecords } from '../../src/journal/lockRecords.ts';
import type { CommandOutput } from '../../src/runbook/context.ts';
import { rpc } from '../../src/sandbox/chain/rpc.ts';
import { systemdObstacle } from '../../src/sandbox/machine/systemdObstacle.ts';
import { sandboxPaths } from '../../src/sandbox/paths.ts';
import { newestBlock, readEventRows } from '../support/eventRows.ts';
import { type Seat, sitDown } from '../support/pseudoTerminal.ts';
import { startSandbox, type TestSandbox } from '../support/sandbox.ts';
import { until } from '../support/until.ts';
import { auditEntries, flat, stateFiles, type Witness, witness } from '../support/witness.ts';

const from = 650;
const services = ['tempovault-api', 'tempovault-indexer', 'tempovault-oracle'];
const obstacle = await systemdObstacle();

describe.skipIf(obstacle !== undefined)('tv reindex, and who may say yes to it', () => {
  let sandbox: TestSandbox;
  let last = 0;
  const seats: Seat[] = [];

  beforeAll(async () => {
    sandbox = await startSandbox();
    last = newestBlock(await readEventRows(sandbox));
  });
  afterAll(async () => {
    for (const { child } of seats) child.kill('SIGKILL');
    await sandbox?.stop();
  });

  const now = () => witness(sandbox, last);
  const reindex = (...args: readonly string[]) =>
    sandbox.tv(['reindex', '--in-place', '--from-block', String(from), ...args]);
  const confirmed = (...args: readonly string[]) => reindex('--confirm', 'sandbox', ...args);
  const sit = (...args: readonly string[]) => {
    const seat = sitDown(sandbox, ['reindex', '--in-place', '--from-block', String(from), ...args]);
    seats.push(seat);
    return seat;
  };
  const headNow = async () =>
    Number(await rpc(`http://127.0.0.1:${sandbox.info.ports.chain}`, 'eth_blockNumber'));
  const planId = ({ stdout }: CommandOutput) => / --plan ([0-9a-f]{64})$/m.exec(stdout)?.[1] ?? 'none';
  const question = /Type sandbox to continue:/;

  /** Requests that the node has had, and sessions that tv has opened in the database. */
  async function asked(): Promise<{ readonly node: number; readonly database: number }> {
    const counts = await fetch(`http://127.0.0.1:${sandbox.info.ports.rpc}/_counts`);
    const log = await sandbox.inside('journalctl', '-u', 'sandbox-database', '-o', 'cat', '--no-pager');
    return {
      node: ((await counts.json()) as { requests: number }).requests,
      database: [...log.stdout.matchAll(/connection authorized: .*application_name=tv/g)].length,
    };
  }

  describe('without a terminal', () => {
    let before: Witness;

    beforeAll(async () => {
      await sandbox.sql('ALTER SYSTEM SET log_connections = on', [], 'postgres');
      await sandbox.sql('SELECT pg_reload_conf()', [], 'postgres');
      before = await now();
      // Only tv queries the node and the database now.
      await sandbox.systemctl('kill', '--signal=SIGSTOP', ...services);
    });
    afterAll(() => sandbox?.systemctl('kill', '--signal=SIGCONT', ...services));

    it.each([
      {
        name: 'no answer',
        args: [],
        says: ['This needs an answer, and there is no terminal to ask at.'],
        next: /Next: tv -e sandbox .*reindex --in-place --from-block \d+( --yes)? --confirm sandbox$/,
      },
      {
        name: '--yes, which is no answer to a severe question',
        args: ['--yes'],
        says: ['This needs an answer, and there is no terminal to ask at.', 'risk severe'],
        next: /Next: tv -e sandbox .*reindex --in-place --from-block \d+( --yes)? --confirm sandbox$/,
      },
      {
        name: 'the name of another environment',
        args: ['--confirm', 'production'],
        says: ['--confirm names another environment than the one chosen.', 'environment sandbox'],
        next: /Next: tv .*reindex --in-place --from-block \d+ --confirm production -e production or: tv -e sandbox .*reindex --in-place --from-block \d+ --confirm sandbox$/,
      },
    ])('$name: exit 4 before any work', async ({ args, says, next }) => {
      const counts = await asked();
      const entries = auditEntries(sandbox).length;
      const { exitCode, stdout, stderr } = await reindex(...args);
      expect(exitCode, stderr).toBe(4);
      expect(stdout).toBe('');
      for (const words of says) expect(flat(stderr)).toContain(words);
      expect(flat(stderr)).toMatch(next);
      expect(stderr).not.toContain('Preflight');
      expect(await asked()).toEqual(counts);
      expect(await now()).toEqual(before);
      expect(auditEntries(sandbox)).toHaveLength(entries + 1);
      expect(auditEntries(sandbox).at(-1)).toMatchObject({ outcome: 'refused', exitCode: 4, run: null });
    });

    it('whereas a dry run does ask the node and the database', async () => {
      const counts = await asked();
      const { exitCode, stderr } = await reindex('--dry-run');
      expect(exitCode, stderr).toBe(0);
      const later = await asked();
      expect(later.node).toBeGreaterThan(counts.node);
      expect(later.database).toBeGreaterThan(counts.database);
    });
  });

  describe('--dry-run and --plan', () => {
    it('a dry run touches nothing, not even what tv keeps for itself', async () => {
      const [before, files] = [await now(), stateFiles(sandbox)];
      const dry = await reindex('--dry-run');
      expect(dry.exitCode, dry.stderr).toBe(0);
      expect(flat(dry.stdout)).toMatch(/Dry run: nothing was changed\. This deletes \d[\d ]* rows/);
      expect(dry.stdout).toContain(`Plan ${planId(dry).slice(0, 8)}\n`);
      expect(flat(dry.stdout)).toContain(
        `Next: to run exactly this: tv -e sandbox reindex --in-place --from-block ${from} --plan ${planId(dry)}`,
      );
      expect(stateFiles(sandbox)).toEqual(files);
      expect(await now()).toEqual(before);
    });

    it('new blocks → same plan id; a changed fact → another plan id', async () => {
      const id = planId(await reindex('--dry-run'));
      const head = await headNow();
      await until(async () => (await headNow()) > head, { limitMs: 10_000, what: 'another block' });
      const stands = async () => (await reindex('--dry-run', '--plan', id)).exitCode === 0;
      expect(await stands()).toBe(true);

      const { envFile } = sandbox.info.files;
      const text = readFileSync(envFile, 'utf8');
      const [row] = await sandbox.sql<{ event: object }>(
        `SELECT to_jsonb(e) AS event FROM events e WHERE block_number < $1
          AND NOT EXISTS (SELECT FROM oracle_updates o WHERE o.event_id = e.id) AND event_type LIKE 'Circuit%' LIMIT 1`,
        [from],
      );
      const event = row?.event as { readonly id: number };
      const [child] = await sandbox.sql<{ child: object }>(
        'SELECT to_jsonb(c) AS child FROM circuit_breakers c WHERE event_id = $1',
        [event.id],
      );
      const changes = [
        {
          change: async () => writeFileSync(envFile, text.replace(/^START_BLOCK=.*$/m, 'START_BLOCK=77')),
          back: async () => writeFileSync(envFile, text),
        },
        {
          change: async () => {
            await sandbox.sql('DELETE FROM circuit_breakers WHERE event_id = $1', [event.id]);
            await sandbox.sql('DELETE FROM events WHERE id = $1', [event.id]);
          },
          back: async () => {
            const insert = (table: string, value: unknown) =>
              sandbox.sql(`INSERT INTO ${table} SELECT * FROM jsonb_populate_record(NULL::${table}, $1)`, [
                JSON.stringify(value),
              ]);
            await insert('events', event);
            await insert('circuit_breakers', child?.child);
          },
        },
      ];
      for (const { change, back } of changes) {
        await change();
        const before = await now();
        const { exitCode, stderr } = await confirmed('--plan', id);
        expect(exitCode, stderr).toBe(3);
        expect(flat(stderr)).toContain(
          `The plan, or a fact that it rests on, has changed since it was approved. approved ${id}`,
        );
        expect(flat(stderr)).toContain('Next: read the plan above, and have its new digest approved');
        expect(auditEntries(sandbox).at(-1)).toMatchObject({ outcome: 'refused', exitCode: 3 });
        expect(await now()).toEqual(before);
        await back();
        expect(await stands()).toBe(true);
      }

      const done = await confirmed('--plan', id);
      expect(done.exitCode, done.stderr).toBe(0);
      expect(auditEntries(sandbox).at(-1)).toMatchObject({ outcome: 'verified', plan: id });
    }, 90_000);

    it('a plan id of another command is refused', async () => {
      const id = planId(await sandbox.tv(['reindex', '--in-place', '--from-block', '500', '--dry-run']));
      expect(id).toMatch(/^[0-9a-f]{64}$/);
      expect((await confirmed('--plan', id)).exitCode).toBe(3);
    });
  });

  describe('at a terminal', () => {
    it.each([
      { name: 'nothing', keys: '\r' },
      { name: 'Ctrl-C', keys: '\x03' },
      { name: 'Ctrl-D', keys: '\x04' },
    ])('$name at the question: exit 4, and nothing changed', async ({ keys }) => {
      const before = await now();
      const seat = sit();
      await seat.sees(question);
      seat.type(keys);
      expect(await seat.ended, seat.shown()).toBe(4);
      expect(seat.shown()).toContain('Not confirmed; nothing was changed.');
      expect(auditEntries(sandbox).at(-1)).toMatchObject({ outcome: 'refused', exitCode: 4, run: null });
      expect(await now()).toEqual(before);
    });

    it('another word three times: exit 4, and nothing changed', async () => {
      const before = await now();
      const seat = sit();
      await seat.sees(question);
      for (let wrong = 1; wrong <= 2; wrong += 1) {
        const shown = seat.shown().length;
        seat.type('production\r');
        // The message of the word before may be drawn more than once; the line breaks in the middle of the word.
        const again = /roduction[\s\S]*That is not sandbox\. Type it again, or Enter for no\./;
        await until(() => again.test(seat.shown().slice(shown)), {
          limitMs: 20_000,
          what: 'the question again',
        });
      }
      seat.type('production\r');
      expect(await seat.ended, seat.shown()).toBe(4);
      expect(await now()).toEqual(before);
    });

    it('a terminal that goes away at the question: nothing changed, and the lock is free', async () => {
      const before = await now();
      const written = auditEntries(sandbox).length;
      const seat = sit();
      await seat.sees(question);
      seat.child.kill('SIGKILL');
      await until(() => auditEntries(sandbox).length > written, { limitMs: 10_000, what: 'its refusal' });
      expect(auditEntries(sandbox).at(-1)).toMatchObject({ outcome: 'refused', exitCode: 4 });
      const locks = { stateDirectory: sandboxPaths(sandbox.dir).tvState, environment: sandbox.info.name };
      await until(() => fileLockHolder(lockDirectory(locks)) === undefined, {
        limitMs: 5_000,
        what: 'the lock',
      });
      expect(await now()).toEqual(before);
    });

    it('what cannot be done is not asked for', async () => {
      const seat = sitDown(sandbox, ['reindex', '--in-place', '--from-block', '99999999']);
      seats.push(seat);
      expect(await seat.ended).toBe(3);
      expect(seat.shown()).not.toMatch(question);
    });

    it('terminal without a size → does not hang', async () => {
      const seat = sitDown(sandbox, ['reindex', '--in-place', '--from-block', String(from), '--dry-run'], 0);
      seats.push(seat);
      expect(await Promise.race([seat.ended, until(() => false, { limitMs: 20_000, what: 'the end' })])).toBe(
        0,
      );
    });

    it('typed name, after a typing error → runs to the end', async () => {
      const seat = sit('--no-wait');
      await seat.sees(question);
      seat.type('sandbx\r');
      await seat.sees(/That is not sandbox/);
      seat.type('sandbox\r');
      expect(await seat.ended, seat.shown()).toBe(0);
      const entry = auditEntries(sandbox).at(-1);
      expect(entry).toMatchObject({ outcome: 'verified', exitCode: 0 });
      const shown = await sandbox.tv(['runs', 'show', entry?.run ?? '', '--json']);
      expect(shown.stdout).toContain('typed sandbox');
      await caughtUp();
    });

    it('terminal lost during a run → current step finished, resume continues', async () => {
      const written = auditEntries(sandbox).length;
      const seat = sit('--no-wait');
      await seat.sees(question);
      seat.type('sandbox\r');
      await seat.sees(/Run \d{8}-\d{6}-reindex/);
      seat.child.kill('SIGKILL');
      await until(() => auditEntries(sandbox).length > written + 1, { limitMs: 20_000, what: 'its end' });
      const entry = auditEntries(sandbox).at(-1);
      expect(entry).toMatchObject({ outcome: 'interrupted' });
      const resumed = await sandbox.tv(['resume', entry?.run ?? '', '--confirm', 'sandbox']);
      expect(resumed.exitCode, resumed.stderr).toBe(0);
      await caughtUp();
    });
  });

  describe('two at once', () => {
    const locks = () => ({
      stateDirectory: sandboxPaths(sandbox.dir).tvState,
      environment: sandbox.info.name,
    });
    const holderPid = () => lockRecords(locks()).holding[0]?.operator.pid;
    /** Third field of /proc/PID/stat: `T` for a stopped process. */
    const isStopped = (pid: number | undefined) =>
      pid !== undefined && /\) T /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    /** A run that holds the locks, stopped before its first effect. */
    const holder = async () => {
      const env = { TV_FAILPOINT: 'stop:started@SIGSTOP' };
      const ended = sandbox.tv(
        ['reindex', '--in-place', '--from-block', String(from), '--confirm', 'sandbox'],
        { env },
      );
      await until(() => isStopped(holderPid()), { limitMs: 40_000, what: 'the run to hold the locks' });
      return { pid: holderPid() ?? 0, ended };
    };
    /** Ends the holder. */
    const kill = async ({ pid, ended }: Awaited<ReturnType<typeof holder>>) => {
      process.kill(pid, 'SIGKILL');
      await ended;
    };
    /** Closes the run that the holder left unfinished. */
    const close = async () => {
      const abandon = ['runs', 'abandon', 'reindex', '--reason', 'test', '--confirm', 'sandbox'];
      const unfinished = (await sandbox.tv(['runs', 'list', '--json'])).stdout;
      const { runs } = JSON.parse(unfinished) as { runs: { run: string; unfinished: boolean }[] };
      for (const { run } of runs.filter((each) => each.unfinished)) {
        expect((await sandbox.tv(abandon.with(2, run))).exitCode).toBe(0);
      }
    };
    /** Its own state directory represents another machine: only the database's lock is seen from there. */
    const elsewhere = () => ['--set', `stateDirectory=${join(sandbox.dir, 'state-of-another-machine')}`];

    it('the second one shows who holds the lock, for what and since when', async () => {
      const began = Date.now();
      const held = await holder();
      const before = await now();
      const { exitCode, stderr } = await confirmed();
      expect(exitCode, stderr).toBe(6);
      const words = flat(stderr);
      expect(words).toContain('Another run holds the lock of sandbox.');
      expect(words).toMatch(/who \w+@\S+, process \d+/);
      expect(words).toContain('what reindex (reindex events)');
      const [, since = ''] =
        /since (\S+ \S+ [+-]\d\d:\d\d) \((just now|[\d.]+ (s|min) ago)\)/.exec(words) ?? [];
      // It is reported in whole seconds.
      expect(Date.parse(since)).toBeGreaterThan(began - 1_000);
      expect(Date.parse(since)).toBeLessThanOrEqual(Date.now());
      expect(words).toContain('Next: tv -e sandbox runs list');
      expect(auditEntries(sandbox).at(-1)).toMatchObject({ outcome: 'refused', exitCode: 6, run: null });

      const other = await confirmed(...elsewhere());
      expect(other.exitCode, other.stderr).toBe(6);
      expect(flat(other.stderr)).toMatch(
        /Another run holds the lock of sandbox\. who \w+@\S+ what reindex \(reindex events\) since \S+ \S+ \S+ \((just now|[\d.]+ (s|min) ago)\)/,
      );
      expect(flat(other.stderr)).toMatch(/Next: on \S+: tv -e sandbox runs list/);
      expect(await now()).toEqual(before);

      // A check is read only.
      expect((await reindex('--dry-run')).exitCode).toBe(0);
      expect((await sandbox.tv(['runs', 'list'])).exitCode).toBe(0);
      await kill(held);
      await close();
    });

    it.each([
      { name: 'on the same machine', args: [] },
      { name: 'from another machine', args: elsewhere },
    ])('of a holder that is killed the next one has the lock at once, $name', async ({ args }) => {
      await kill(await holder());
      const more = typeof args === 'function' ? args() : args;
      // Let through to the checks, which refuse a block that does not exist.
      const next = await sandbox.tv([
        'reindex',
        '--in-place',
        '--from-block',
        '99999999',
        '--confirm',
        'sandbox',
        ...more,
      ]);
      expect(next.exitCode, next.stderr).toBe(3);
      await close();
    });

    it('two questions open in the same moment hold up neither each other nor a dry run', async () => {
      const two = [sit(), sit()];
      for (const seat of two) await seat.sees(question);
      expect(lockRecords(locks())).toMatchObject({ holding: [], asking: [{}, {}] });
      expect((await reindex('--dry-run')).exitCode).toBe(0);
      for (const seat of two) seat.type('\x03');
      expect(await Promise.all(two.map((seat) => seat.ended))).toEqual([4, 4]);
    });
  });

  async function caughtUp(): Promise<void> {
    await until(
      async () => {
        const [row] = await sandbox.sql<{ block: number }>(
          'SELECT last_indexed_block::int AS block FROM indexer_state',
        );
        return (row?.block ?? 0) >= last;
      },
      { limitMs: 30_000, what: 'the indexer to catch up' },
    );
  }
});
