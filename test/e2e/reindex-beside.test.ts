import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readPassword } from '../../src/sandbox/passwords.ts';
import { sandboxPaths } from '../../src/sandbox/paths.ts';
import { countEvents, readEventRows } from '../support/eventRows.ts';
import {
  besideArgs,
  expectAsBefore,
  expectEnd,
  expectNoSecond,
  expectReindexedBeside,
  inEach,
  journal,
  lastRun,
  launch,
  type ReindexWorld,
  resumeArgs,
  run,
  times,
  undoArgs,
  untilStep,
  useWorlds,
} from '../support/reindexWorld.ts';
import { until } from '../support/until.ts';

/** Early enough for 1 500 events, late enough for some to stay. */
const earlyBlock = 100;
/** Kills at a boundary play a smaller part of the history. */
const lateBlock = 780;
const runLimitMs = 240_000;
const limitMs = 60_000;

const worlds = useWorlds();
/** Where the form of the tables decides nothing. */
const deployed = () => worlds.filter(({ form }) => form === 'deployed');
const second = 'tempovault-indexer-beside';

describe('reindex beside the live database', () => {
  it(
    'same rows, the API answers every poll, the indexer is down for 2 s at most',
    { timeout: runLimitMs },
    () =>
      inEach(worlds, async (world) => {
        const before = await readEventRows(world.sandbox);
        expect(countEvents(before, (block) => block >= earlyBlock)).toBeGreaterThan(1_500);
        expect(countEvents(before, (block) => block < earlyBlock)).toBeGreaterThan(100);
        const polls = pollApi(world);
        const text = await expectEnd(run(world, besideArgs(world, earlyBlock)), 0);
        const { answered, failed } = await polls.stop();
        expect(failed).toEqual([]);
        expect(answered).toBeGreaterThan(50);
        await expectReindexedBeside(world, { fromBlock: earlyBlock, before });
        expect(downtimeMs(world), text).toBeLessThanOrEqual(2_000);
      }),
  );

  it(
    'killed while the second indexer reads, which then skips blocks; resumed → same rows',
    {
      timeout: runLimitMs,
    },
    () =>
      inEach(deployed(), async (world) => {
        const before = await readEventRows(world.sandbox);
        const tv = await launchToFill(world);
        const killed = new Date();
        tv.child.kill('SIGKILL');
        await expectEnd(tv, 'SIGKILL');
        await untilLogged(world, /ERROR - /, killed);
        await expectEnd(run(world, resumeArgs(world)), 0);
        await expectReindexedBeside(world, { fromBlock: earlyBlock, before });
      }),
  );

  it(
    'killed while the second indexer reads, and undone → the live database was never touched',
    {
      timeout: runLimitMs,
    },
    () =>
      inEach(worlds, async (world) => {
        const old = await oldDatabases(world);
        const before = await readEventRows(world.sandbox);
        const indexer = await mainPid(world);
        const tv = await launchToFill(world);
        tv.child.kill('SIGKILL');
        await expectEnd(tv, 'SIGKILL');
        await expectEnd(run(world, undoArgs(world)), 0);
        await expectAsBefore(world, before, 'undone');
        expect(await mainPid(world), 'the live indexer was not restarted').toBe(indexer);
        expect(await oldDatabases(world)).toEqual(old);
        await expectNoSecond(world, false);
      }),
  );

  it(
    'killed while the second indexer reads, and abandoned → what is left is named, with the lines that remove it',
    { timeout: runLimitMs },
    () =>
      inEach(
        worlds.filter(({ form }) => form === 'runbook'),
        async (world) => {
          const tv = await launchToFill(world);
          tv.child.kill('SIGKILL');
          await expectEnd(tv, 'SIGKILL');
          const words = ['runs', 'abandon', lastRun(world), '--reason', 'by hand', '--json'];
          const text = await expectEnd(run(world, [...words, '--confirm', world.sandbox.info.name]), 0);
          const { leftovers } = text
            .split('\n')
            .filter((line) => line.startsWith('{'))
            .map((line) => JSON.parse(line) as { type: string; leftovers?: readonly { remove: string }[] })
            .find(({ type }) => type === 'run.abandoned') ?? { leftovers: undefined };
          expect(leftovers).toHaveLength(2);
          const [unit = '', database = ''] = (leftovers ?? []).map(({ remove }) => remove);
          expect((await world.sandbox.inside('sh', '-c', unit)).stderr).toBe('');
          const [, name = ''] = /dropdb --if-exists --force (\w+)/.exec(database) ?? [];
          await world.sandbox.sql(`DROP DATABASE "${name}" WITH (FORCE)`, [], 'postgres');
          await expectNoSecond(world, false);
        },
      ),
  );

  it('undone once it was verified → the old database is live again', { timeout: runLimitMs }, () =>
    inEach(deployed(), async (world) => {
      const before = await readEventRows(world.sandbox);
      const oid = await liveOid(world);
      // In one form as a role that cannot lock the catalogue: the owner, who may make databases.
      const asOwner = world.form === 'runbook';
      if (asOwner) {
        // Only a superuser could make this extension in the copy.
        await world.sandbox.sql('DROP EXTENSION IF EXISTS pg_stat_statements', [], 'postgres');
        await world.sandbox.sql('ALTER ROLE tempovault CREATEDB', [], 'postgres');
      }
      const flags = asOwner ? ['--config', ownersConfig(world)] : [];
      const text = await expectEnd(run(world, [...besideArgs(world, lateBlock), ...flags]), 0);
      expect(/no\s+superuser/.test(text)).toBe(asOwner);
      expect(await liveOid(world)).not.toBe(oid);
      await expectEnd(run(world, [...undoArgs(world), ...flags]), 0);
      if (asOwner) await world.sandbox.sql('ALTER ROLE tempovault NOCREATEDB', [], 'postgres');
      expect(await liveOid(world)).toBe(oid);
      await expectAsBefore(world, before, 'undone');
    }),
  );

  it(
    'somebody writes to another table meanwhile → refused before the indexer stops',
    {
      timeout: runLimitMs,
    },
    () =>
      inEach(deployed(), async (world) => {
        const indexer = await mainPid(world);
        const tv = await launchToFill(world);
        await world.sandbox.sql('INSERT INTO desk.notes VALUES (11)');
        const text = await expectEnd(tv, 1);
        expect(text).toContain('desk.notes');
        expect(text).toContain('--in-place');
        expect(times(world, 'step.done', 'swap')).toBe(0);
        expect(await mainPid(world)).toBe(indexer);
        if (times(world, 'undo.done', 'copy') === 0) await expectEnd(run(world, undoArgs(world)), 0);
        await expectNoSecond(world, false);
      }),
  );

  it(
    'another table is written to between the stop and the swap → not verified, and an undo brings that back',
    { timeout: runLimitMs },
    () =>
      inEach(
        worlds.filter(({ form }) => form === 'runbook'),
        async (world) => {
          const before = await readEventRows(world.sandbox);
          const args = besideArgs(world, lateBlock);
          await expectEnd(run(world, args, { TV_FAILPOINT: 'swap:started' }), 'SIGKILL');
          await world.sandbox.sql('INSERT INTO desk.notes VALUES (12)');
          const text = await expectEnd(run(world, resumeArgs(world)), 5);
          expect(text).toMatch(/✖ other tables {2}tables without events were written to before the swap/);
          expect(text).toContain('desk.notes');
          await expectEnd(run(world, undoArgs(world)), 0);
          expect(await world.sandbox.sql('SELECT FROM desk.notes WHERE note = 12')).toHaveLength(1);
          await expectAsBefore(world, before, 'undone');
        },
      ),
  );

  const boundaries = [
    ...['backup:acted', 'copy:started', 'copy:restored', 'copy:acted', 'fill:started', 'fill:acted'],
    ...['stop:acted', 'swap:started', 'swap:locked', 'swap:acted'],
    ...['start:started', 'start:begun', 'start:acted'],
  ];
  it(
    'killed at each boundary, and inside copy, swap and start, in turn, resumed each time → as undisturbed',
    { timeout: runLimitMs },
    () =>
      inEach(worlds, async (world) => {
        const before = await readEventRows(world.sandbox);
        const [first = '', ...others] = boundaries;
        await expectEnd(run(world, besideArgs(world, lateBlock), { TV_FAILPOINT: first }), 'SIGKILL');
        const started = lastRun(world);
        for (const boundary of others) {
          await expectEnd(run(world, resumeArgs(world), { TV_FAILPOINT: boundary }), 'SIGKILL');
        }
        await expectEnd(run(world, resumeArgs(world)), 0);
        expect(lastRun(world), 'the one run').toBe(started);
        await expectReindexedBeside(world, { fromBlock: lateBlock, before });
      }),
  );

  it(
    'rows that the live database has lost → named by kind before the swap, and there after it',
    { timeout: runLimitMs },
    () =>
      // In this form each kind has its block numbers in its own table.
      inEach(
        worlds.filter(({ form }) => form === 'runbook'),
        async (world) => {
          const tables = await world.sandbox.sql<{ name: string }>(
            `SELECT table_name AS name FROM information_schema.columns
             WHERE table_schema = 'public' AND column_name = 'block_number' ORDER BY 1`,
          );
          const counts = await Promise.all(
            tables.map(async ({ name }) => {
              const [row] = await world.sandbox.sql<{ rows: number }>(
                `SELECT count(*)::int AS rows FROM ${name} WHERE block_number >= ${lateBlock}`,
              );
              return { name, rows: row?.rows ?? 0 };
            }),
          );
          const lost = counts.find(({ rows }) => rows > 0);
          expect(lost, JSON.stringify(counts)).toBeDefined();
          await world.sandbox.sql(`DELETE FROM ${lost?.name} WHERE block_number >= ${lateBlock}`);
          const before = await readEventRows(world.sandbox);
          await expectEnd(run(world, besideArgs(world, lateBlock)), 0);
          const lines = journal(world);
          const named = lines.findIndex(
            (line) =>
              line.type === 'step.noted' &&
              line.step === 'fill' &&
              / 0 in the live database/.test(String(line.value)),
          );
          const swapped = lines.findIndex((line) => line.type === 'step.started' && line.step === 'swap');
          expect(named).toBeGreaterThan(0);
          expect(swapped).toBeGreaterThan(named);
          await expectReindexedBeside(world, { fromBlock: lateBlock, before });
        },
      ),
  );

  it('no right to make databases → refused, with the way that needs none', () =>
    inEach(worlds, async (world) => {
      const flags = ['--config', ownersConfig(world)];
      const { code, text: screen } = await run(world, [...besideArgs(world, lateBlock), ...flags]);
      expect(code, screen).toBe(3);
      expect(screen).toMatch(/may not make databases/);
      expect(screen).toContain('--in-place');
    }));
});

/** A configuration in which the owner of the database is also who makes databases. */
function ownersConfig({ sandbox }: ReindexWorld): string {
  const paths = sandboxPaths(sandbox.dir);
  const own = join(paths.tvState, 'owner.yaml');
  const password = encodeURIComponent(readPassword(paths, 'tempovault'));
  const text = readFileSync(paths.config, 'utf8').replace(/postgres:[^@]+@/, `tempovault:${password}@`);
  writeFileSync(own, text, { mode: 0o600 });
  return own;
}

/** Starts a run, and comes back while the second indexer fills the copy. */
async function launchToFill(world: ReindexWorld) {
  const earlier = lastRun(world);
  const since = new Date();
  const tv = launch(world, besideArgs(world, earlyBlock));
  await untilStep(world, earlier, 'fill', limitMs);
  await untilLogged(world, /Indexed blocks \d+/, since);
  return tv;
}

/** Waits for a line of the second indexer, written after a moment. */
async function untilLogged({ sandbox }: ReindexWorld, line: RegExp, since: Date): Promise<void> {
  const words = ['-u', second, '-n', '500', '--no-pager', `--since=@${since.getTime() / 1000}`];
  const read = async () => (await sandbox.inside('journalctl', ...words)).stdout;
  await until(async () => line.test(await read()), { limitMs, what: `${line} in the journal of ${second}` });
}

/** Asks the API for what it reads from the database, ten times a second. */
function pollApi({ sandbox }: ReindexWorld) {
  const url = `http://127.0.0.1:${sandbox.info.ports.api}`;
  const failed: string[] = [];
  let answered = 0;
  let stopped = false;
  const polling = (async () => {
    while (!stopped) {
      for (const path of ['/health', '/ready', '/api/v1/stats']) {
        const at = new Date().toISOString();
        const response = await fetch(`${url}${path}`).catch((error: Error) => error);
        if (response instanceof Error) failed.push(`${at} ${path}: ${response.message}`);
        else if (response.status !== 200) failed.push(`${at} ${path}: ${await response.text()}`);
        else answered++;
      }
      await new Promise((next) => setTimeout(next, 100));
    }
  })();
  return {
    stop: async () => {
      stopped = true;
      await polling;
      return { answered, failed };
    },
  };
}

/** From the end of the live indexer to the start of the one on the new database. */
function downtimeMs(world: ReindexWorld): number {
  const at = (step: string) =>
    journal(world).flatMap((line) =>
      line.type === 'step.done' && line.step === step
        ? [Date.parse((line.result as { readonly at: string }).at)]
        : [],
    )[0] ?? Number.NaN;
  return at('start') - at('stop');
}

async function mainPid({ sandbox }: ReindexWorld): Promise<string> {
  return (await sandbox.systemctl('show', '-p', 'MainPID', '--value', 'tempovault-indexer')).stdout.trim();
}

async function liveOid({ sandbox }: ReindexWorld): Promise<number | undefined> {
  const rows = await sandbox.sql<{ oid: number }>(
    'SELECT oid::int AS oid FROM pg_database WHERE datname = current_database()',
  );
  return rows[0]?.oid;
}

async function oldDatabases({ sandbox }: ReindexWorld): Promise<readonly string[]> {
  const rows = await sandbox.sql<{ name: string }>(
    `SELECT datname AS name FROM pg_database WHERE datname LIKE 'tempovault_%' ORDER BY 1`,
  );
  return rows.map(({ name }) => name);
}
