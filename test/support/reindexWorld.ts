import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { afterAll, beforeAll, beforeEach, expect } from 'vitest';
import { fileLockHolder } from '../../src/journal/fileLock.ts';
import { RunStore } from '../../src/journal/journal.ts';
import { lockDirectory } from '../../src/journal/lockRecords.ts';
import { foldRun, isUnfinished } from '../../src/journal/runState.ts';
import type { JournalLine } from '../../src/runbook/events.ts';
import { rpc } from '../../src/sandbox/chain/rpc.ts';
import { readPassword } from '../../src/sandbox/passwords.ts';
import { sandboxPaths } from '../../src/sandbox/paths.ts';
import { type Faults, writeFaults } from '../../src/sandbox/services/faults.ts';
import { eventTables } from '../../src/sandbox/services/lib/protocolEvents.ts';
import { readEvents } from '../../src/sandbox/services/lib/readEvents.ts';
import { ownerOf } from './envWatch.ts';
import { contentOf, type EventRows, newestBlock, readEventRows, wholeRows } from './eventRows.ts';
import { nodeGate } from './nodeGate.ts';
import { startSandbox, type TestSandbox } from './sandbox.ts';
import { until } from './until.ts';

const launcher = process.env['TV_BIN'] ?? fileURLToPath(new URL('../../bin/tv.js', import.meta.url));
const indexer = 'tempovault-indexer';
/** For a condition that only waits for processes that are running already. */
const limitMs = 30_000;

export type WorldForm = 'deployed' | 'runbook';

/** A running tv. */
export interface Launched {
  readonly child: ChildProcess;
  /** What it has printed so far. */
  readonly output: { stdout: string; stderr: string };
  /** Exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
}

/** A sandbox on which reindexes are cut off, and what it was like before the first of them. */
export interface ReindexWorld {
  readonly form: WorldForm;
  readonly sandbox: TestSandbox;
  /** Everything up to this block is compared. */
  readonly lastBlock: number;
  /** As the history was written, before any tv ran. */
  readonly original: EventRows;
  /** `.env`, its owner and mode, and the names of the files around it. */
  readonly env: { readonly text: string; readonly owner: string; readonly beside: readonly string[] };
  /** Indexes, constraints and triggers. */
  readonly shape: readonly string[];
  /** Every tv that a test has started. */
  readonly launched: ChildProcess[];
  stop(): Promise<void>;
}

/** Each world of a test brought up side by side. */
async function startWorlds(forms: readonly WorldForm[]): Promise<readonly ReindexWorld[]> {
  const started = await Promise.allSettled(forms.map(startWorld));
  const worlds = started.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  for (const result of started) {
    if (result.status === 'fulfilled') continue;
    await Promise.all(worlds.map((world) => world.stop()));
    throw result.reason;
  }
  return worlds;
}

/**
 * Both worlds for the tests of one file, or some: up before the first, restored before each, gone after the last.
 * @param forms default: both
 */
export function useWorlds(...forms: readonly WorldForm[]): readonly ReindexWorld[] {
  const worlds: ReindexWorld[] = [];
  beforeAll(async () => {
    worlds.push(...(await startWorlds(forms.length === 0 ? ['deployed', 'runbook'] : forms)));
  }, 180_000);
  beforeEach(() => worlds.forEach(reset));
  afterAll(async () => {
    await Promise.all(worlds.map((world) => world.stop()));
  });
  return worlds;
}

async function startWorld(form: WorldForm): Promise<ReindexWorld> {
  const network = form === 'deployed' ? 'tempo' : 'plain';
  const contracts = form === 'deployed' ? 'full' : 'runbook';
  const sandbox = await startSandbox({ network, contracts, schema: form });
  try {
    // A table beside TempoVault's own: a lock on it holds up a backup, and nothing else.
    await sandbox.sql('CREATE SCHEMA desk; CREATE TABLE desk.notes AS SELECT generate_series(1, 10) AS note');
    const original = await readEventRows(sandbox);
    const { envFile } = sandbox.info.files;
    const launched: ChildProcess[] = [];
    return {
      form,
      sandbox,
      lastBlock: newestBlock(original),
      original,
      env: {
        text: readFileSync(envFile, 'utf8'),
        owner: ownerOf(envFile),
        beside: readdirSync(join(envFile, '..')).toSorted(),
      },
      shape: await readShape(sandbox),
      launched,
      stop: async () => {
        // A test that failed may have left one running.
        for (const child of launched) child.kill('SIGKILL');
        await sandbox.stop();
      },
    };
  } catch (error) {
    await sandbox.stop();
    throw error;
  }
}

/** The same in every world at once; a failure says in which. */
export async function inEach(
  worlds: readonly ReindexWorld[],
  work: (world: ReindexWorld) => Promise<void>,
): Promise<void> {
  const results = await Promise.allSettled(worlds.map(work));
  results.forEach((result, index) => {
    if (result.status === 'fulfilled') return;
    const { reason } = result;
    if (reason instanceof Error) reason.message = `in the form ${worlds[index]?.form}: ${reason.message}`;
    throw reason;
  });
}

/** Puts `.env` back as it was first, so that each run has something to change there, and ends all faults. */
function reset(world: ReindexWorld): void {
  writeFileSync(world.sandbox.info.files.envFile, world.env.text);
  setFaults(world, []);
}

export function reindexArgs({ sandbox }: ReindexWorld, fromBlock: number): readonly string[] {
  return ['reindex', '--in-place', '--from-block', String(fromBlock), '--confirm', sandbox.info.name];
}

/** The same on a copy beside the live database. */
export function besideArgs({ sandbox }: ReindexWorld, fromBlock: number): readonly string[] {
  return ['reindex', '--from-block', String(fromBlock), '--confirm', sandbox.info.name];
}

export function resumeArgs({ sandbox }: ReindexWorld): readonly string[] {
  return ['resume', '--confirm', sandbox.info.name];
}

export function undoArgs(world: ReindexWorld): readonly string[] {
  return ['runs', 'undo', lastRun(world), '--confirm', world.sandbox.info.name];
}

/** Starts tv and comes back while it works. */
export function launch(
  { sandbox, launched }: ReindexWorld,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Launched {
  const child = spawn(process.execPath, [launcher, ...args], {
    env: { ...sandbox.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  launched.push(child);
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      output[name] += text;
    });
    child[name]?.on('error', () => {});
  }
  const ended = once(child, 'exit').then(([code, signal]) => code ?? signal);
  return { child, output, ended };
}

/** Runs tv to its end. @returns exit code, or the signal that ended it */
export async function run(
  world: ReindexWorld,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ readonly code: number | NodeJS.Signals; readonly text: string }> {
  const { ended, output } = launch(world, args, env);
  const code = await ended;
  return { code, text: output.stderr + output.stdout };
}

/** Runs tv, which has to end with this exit code (or signal); otherwise what it printed is in the failure. */
export async function expectEnd(
  launched: Launched | Promise<{ readonly code: number | NodeJS.Signals; readonly text: string }>,
  expected: number | NodeJS.Signals,
): Promise<string> {
  const { code, text } =
    'ended' in launched
      ? { code: await launched.ended, text: launched.output.stderr + launched.output.stdout }
      : await launched;
  expect(code, text).toBe(expected);
  return text;
}

/** The newest run's id. */
export function lastRun({ sandbox }: ReindexWorld): string {
  const runs = join(sandboxPaths(sandbox.dir).tvState, 'runs');
  const journals = existsSync(runs) ? readdirSync(runs).filter((name) => name.endsWith('.jsonl')) : [];
  const newest = journals.toSorted().at(-1);
  return newest?.replace('.jsonl', '') ?? '';
}

/** The newest run's journal. */
export function journal(world: ReindexWorld): readonly JournalLine[] {
  const file = join(sandboxPaths(world.sandbox.dir).tvState, 'runs', `${lastRun(world)}.jsonl`);
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as JournalLine);
}

/** How often the newest run has come to a point: `step.started gaps`. */
export function times(world: ReindexWorld, type: JournalLine['type'], step?: string): number {
  return journal(world).filter(
    (line) => line.type === type && (step === undefined || ('step' in line && line.step === step)),
  ).length;
}

/** Waits until a new run, begun after `before` was the newest one, has begun a step. */
export async function untilStep(
  world: ReindexWorld,
  before: string,
  step: string,
  withinMs = limitMs,
): Promise<void> {
  await until(() => lastRun(world) !== before && times(world, 'step.started', step) > 0, {
    limitMs: withinMs,
    // Reads a file, and is to meet the step while it runs.
    everyMs: 20,
    what: `step ${step} to begin`,
  });
}

export interface HeldLock {
  release(): Promise<void>;
}

/** Holds a backup up in its middle: pg_dump waits for a table (for at most ten seconds). */
export function holdBackup(world: ReindexWorld): Promise<HeldLock> {
  return hold(world, 'LOCK TABLE desk.notes IN ACCESS EXCLUSIVE MODE');
}

/**
 * Holds a clearing, or a restore, up in its middle: its DELETE waits for the newest row (tv waits
 * for at most five, psql for ten seconds). No other session is blocked: the lock on the table is ROW SHARE.
 */
export function holdClearing(world: ReindexWorld): Promise<HeldLock> {
  return hold(
    world,
    'SELECT id FROM oracle_updates WHERE id = (SELECT max(id) FROM oracle_updates) FOR UPDATE',
  );
}

async function hold({ sandbox }: ReindexWorld, statement: string): Promise<HeldLock> {
  const client = new Client({
    host: '127.0.0.1',
    port: sandbox.info.ports.database,
    user: 'tempovault',
    database: 'tempovault',
    password: readPassword(sandboxPaths(sandbox.dir), 'tempovault'),
  });
  // The server may be stopped while we hold on.
  client.on('error', () => {});
  await client.connect();
  await client.query('BEGIN');
  await client.query(statement);
  return { release: () => client.end().catch(() => {}) };
}

/** Sessions of the run itself (its dump, its clearing, its restore) that wait for a lock. */
export async function heldUp(world: ReindexWorld): Promise<readonly number[]> {
  const rows = await world.sandbox.sql<{ pid: number }>(
    `SELECT pid FROM pg_stat_activity WHERE application_name = $1 AND wait_event_type = 'Lock'`,
    [`tv ${lastRun(world)}`],
  );
  return rows.map(({ pid }) => pid);
}

export async function untilHeldUp(world: ReindexWorld, what: string): Promise<readonly number[]> {
  let pids: readonly number[] = [];
  await until(
    async () => {
      pids = await heldUp(world);
      return pids.length > 0;
    },
    { limitMs, what: `${what} to be held up` },
  );
  return pids;
}

/** A gate to the node for one tv, and the flags that lead it there. */
export async function openGate({ sandbox }: ReindexWorld) {
  const gate = await nodeGate(`http://127.0.0.1:${sandbox.info.ports.rpc}`);
  return { gate, through: ['--set', `chain.rpcUrls=${gate.url}`] };
}

/**
 * How many requests for logs step `gaps` makes before that of its comparison: without a cursor, one
 * that says how many events are to come.
 */
export function rangesBefore({ form }: ReindexWorld): number {
  return form === 'deployed' ? 0 : 1;
}

export function setFaults({ sandbox }: ReindexWorld, faults: Faults): void {
  writeFaults(sandboxPaths(sandbox.dir).faults, faults);
}

export async function indexerState({ sandbox }: ReindexWorld): Promise<string> {
  return (await sandbox.systemctl('is-active', indexer)).stdout.trim();
}

/** How far the indexer is: the cursor, or the newest row where there is none. */
export async function indexedTo({ sandbox, form }: ReindexWorld): Promise<number> {
  const source =
    form === 'deployed'
      ? 'SELECT last_indexed_block AS block FROM indexer_state'
      : 'SELECT coalesce(max(block_number), 0) AS block FROM oracle_updates';
  return Number((await sandbox.sql<{ block: string }>(source))[0]?.block);
}

export async function headOf({ sandbox }: ReindexWorld): Promise<number> {
  return Number(await rpc<string>(`http://127.0.0.1:${sandbox.info.ports.chain}`, 'eth_blockNumber'));
}

export interface Settled {
  readonly fromBlock: number;
  /** All rows as they were directly before the run. */
  readonly before: EventRows;
}

/** The end state of an undisturbed run, whatever happened on the way. */
export async function expectReindexed(world: ReindexWorld, settled: Settled): Promise<void> {
  await expectSameRows(world, settled);
  const start = `START_BLOCK=${settled.fromBlock - 1}`;
  await expectSettled(world, 'verified', world.env.text.replace(/^START_BLOCK=.*$/m, start));
}

/** The same of a run beside the live database: START_BLOCK changes only where there is no cursor. */
export async function expectReindexedBeside(world: ReindexWorld, settled: Settled): Promise<void> {
  const { sandbox, form, env, lastBlock } = world;
  await expectSameRows(world, settled);
  const text = readFileSync(sandbox.info.files.envFile, 'utf8');
  const start = Number(/^START_BLOCK=(.*)$/m.exec(text)?.[1]);
  if (form === 'runbook') expect(start).toBeGreaterThanOrEqual(lastBlock);
  const expected =
    form === 'deployed' ? env.text : env.text.replace(/^START_BLOCK=.*$/m, `START_BLOCK=${start}`);
  await expectSettled(world, 'verified', expected);
  await expectNoSecond(world, false);
}

/** No second indexer, and no database of a run beside the live one; the old one only where it was kept. */
export async function expectNoSecond({ sandbox }: ReindexWorld, nothingKept: boolean): Promise<void> {
  const unit = await sandbox.systemctl('show', '-p', 'LoadState', '--value', `${indexer}-beside`);
  expect(unit.stdout.trim()).toBe('not-found');
  const databases = await sandbox.sql<{ name: string }>(
    `SELECT datname AS name FROM pg_database WHERE datname LIKE 'tempovault%' ORDER BY 1`,
  );
  const beside = databases.map(({ name }) => name).filter((name) => name !== 'tempovault');
  expect(beside.filter((name) => nothingKept || !name.startsWith('tempovault_old_'))).toEqual([]);
}

async function expectSameRows(world: ReindexWorld, { fromBlock, before }: Settled): Promise<void> {
  const { lastBlock, original } = world;
  const now = await readEventRows(world.sandbox);
  const older = (block: number) => block < fromBlock;
  const compared = (block: number) => block <= lastBlock;
  // Not toEqual on the lists themselves: its diff of ten thousand rows takes minutes.
  expect(difference(wholeRows(before, older), wholeRows(now, older)), 'rows below').toEqual([]);
  expect(difference(contentOf(original, compared), contentOf(now, compared)), 'content').toEqual([]);
}

/** As if the run had never been, surrogate ids and indexing times included. */
export async function expectAsBefore(
  world: ReindexWorld,
  before: EventRows,
  status: 'undone' | 'rolled-back',
): Promise<void> {
  const now = await readEventRows(world.sandbox);
  const last = newestBlock(before);
  const compared = (block: number) => block <= last;
  expect(difference(wholeRows(before, compared), wholeRows(now, compared)), 'rows').toEqual([]);
  await expectSettled(world, status, world.env.text);
}

async function expectSettled(world: ReindexWorld, status: string, env: string): Promise<void> {
  const { sandbox, form } = world;
  const { files, name } = sandbox.info;
  expect(readFileSync(files.envFile, 'utf8')).toBe(env);
  expect(ownerOf(files.envFile)).toBe(world.env.owner);
  expect(readdirSync(join(files.envFile, '..')).toSorted()).toEqual(world.env.beside);

  expect(await indexerState(world)).toBe('active');
  const processes = await sandbox.inside('pgrep', '-fc', 'event_indexer.js');
  expect(processes.stdout.trim(), 'processes of the indexer').toBe('1');
  const head = await headOf(world);
  if (form === 'deployed') {
    await until(async () => (await indexedTo(world)) >= head, { limitMs, what: 'the cursor at the head' });
  }
  await until(() => hasAllSince(world, head), { limitMs, what: 'the newest events' });

  const backups = readdirSync(files.backups);
  expect(backups.filter((one) => !/^tempovault_\d{8}-\d{6}-[0-9a-f]{4}$/.test(one))).toEqual([]);
  for (const backup of backups) {
    const path = join(files.backups, backup);
    expect(existsSync(join(path, 'manifest.json')), backup).toBe(true);
    expect(statSync(path).mode & 0o777).toBe(0o700);
  }
  const locks = lockDirectory({ stateDirectory: sandboxPaths(sandbox.dir).tvState, environment: name });
  expect(fileLockHolder(locks)).toBeUndefined();
  // The server notices a moment later that a connection is closed.
  await until(async () => (await sessionsOfTv(sandbox)).length === 0, { limitMs, what: 'no session of tv' });
  expect(await sandbox.sql(`SELECT pid FROM pg_locks WHERE locktype = 'advisory'`)).toEqual([]);
  expect(await readShape(sandbox)).toEqual(world.shape);

  const runs = new RunStore(sandboxPaths(sandbox.dir).tvState);
  const states = runs.ids().map((id) => foldRun(runs.read(id)));
  expect(states.at(-1)?.status).toBe(status);
  expect(states.filter((state) => state === undefined || isUnfinished(state))).toEqual([]);
}

/** Nothing is missing, and nothing too much, above the blocks that are compared row by row. */
async function hasAllSince({ sandbox, form, lastBlock }: ReindexWorld, head: number): Promise<boolean> {
  const { ports, deployment } = sandbox.info;
  const url = `http://127.0.0.1:${ports.chain}`;
  const events = await readEvents((method, params) => rpc(url, method, params), {
    addresses: Object.values(deployment.addresses),
    fromBlock: lastBlock + 1,
    toBlock: head,
  });
  const tables = form === 'deployed' ? ['events'] : [...eventTables.keys()];
  const hash = form === 'deployed' ? 'transaction_hash' : 'tx_hash';
  const rows = await sandbox.sql<{ log: string }>(
    tables
      .map((t) => `SELECT ${hash} || ':' || log_index AS log FROM ${t} WHERE block_number BETWEEN $1 AND $2`)
      .join(' UNION ALL '),
    [lastBlock + 1, head],
  );
  const logs = events.map(({ transactionHash, logIndex }) => `${transactionHash}:${logIndex}`);
  return (
    difference(
      logs,
      rows.map(({ log }) => log),
    ).length === 0
  );
}

async function sessionsOfTv(sandbox: TestSandbox): Promise<readonly string[]> {
  const rows = await sandbox.sql<{ name: string }>(
    `SELECT application_name AS name FROM pg_stat_activity WHERE application_name LIKE 'tv%'`,
  );
  return rows.map(({ name }) => name);
}

/**
 * What a helper index, or a constraint that was not restored, would change. The server names the triggers of a foreign
 * key by a number of their own.
 */
async function readShape(sandbox: TestSandbox): Promise<readonly string[]> {
  const rows = await sandbox.sql<{ line: string }>(
    `SELECT indexdef AS line FROM pg_indexes WHERE schemaname = 'public'
     UNION ALL SELECT concat_ws(' ', conrelid::regclass, conname, convalidated, pg_get_constraintdef(oid))
       FROM pg_constraint WHERE connamespace = 'public'::regnamespace
     UNION ALL SELECT concat_ws(' ', tgrelid::regclass, regexp_replace(tgname, '_\\d+$', ''), tgenabled) FROM pg_trigger
     ORDER BY 1`,
  );
  return rows.map(({ line }) => line);
}

/** The first rows that only one side has, each as often as it has it more often. */
function difference(expected: readonly string[], actual: readonly string[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const row of expected) counts.set(row, (counts.get(row) ?? 0) + 1);
  for (const row of actual) counts.set(row, (counts.get(row) ?? 0) - 1);
  return [...counts]
    .filter(([, left]) => left !== 0)
    .slice(0, 5)
    .map(([row, left]) => `${left > 0 ? 'lost' : 'new'} ${Math.abs(left)}×: ${row}`);
}
