import * as z from 'zod';
import { readHead } from '../src/chain/readHead.ts';
import { clearEvents } from '../src/database/clearEvents.ts';
import { countRows } from '../src/database/countRows.ts';
import { probeCleared } from '../src/database/probeCleared.ts';
import { readCursor } from '../src/database/readCursor.ts';
import { readEventKinds } from '../src/database/readEventKinds.ts';
import { restoreTables } from '../src/database/restoreTables.ts';
import { onHost } from '../src/errors/advice.ts';
import { checkUnitsAsBefore } from '../src/host/checkAsBefore.ts';
import { readEnvValue } from '../src/host/envFile.ts';
import { listProcesses } from '../src/host/listProcesses.ts';
import { readEnvFile } from '../src/host/readEnvFile.ts';
import { readUnit } from '../src/host/readUnit.ts';
import { removeEnvValue } from '../src/host/removeEnvValue.ts';
import { startUnit } from '../src/host/startUnit.ts';
import { stopUnit } from '../src/host/stopUnit.ts';
import { writeEnvValue } from '../src/host/writeEnvValue.ts';
import {
  backupPath,
  endOwnSessions,
  makeBackup,
  plannedBackup,
  probeNamed,
  requireSound,
} from '../src/operations/backup.ts';
import {
  compareWithChain,
  describeCompared,
  describeUnpaired,
  doubtsOf,
  firstDifference,
  groupUnstorable,
  unpairedRows,
} from '../src/operations/compareWithChain.ts';
import { assertQuiescent } from '../src/operations/indexer/assertQuiescent.ts';
import { missingEvents } from '../src/operations/indexer/missingEvents.ts';
import { lastBlockKept, waitForCatchUp } from '../src/operations/indexer/waitForCatchUp.ts';
import { applicationName } from '../src/operations/maintenance.ts';
import { ChangedSince } from '../src/runbook/changedSince.ts';
import { type PlannedChange, stoppedMeanwhile } from '../src/runbook/changes.ts';
import type { Finding } from '../src/runbook/check.ts';
import { defineRunbook, field, type Step, type StepContext } from '../src/runbook/define.ts';
import { blockNumber, timeSpan } from '../src/runbook/inputs.ts';
import { monotonic } from '../src/runbook/monotonic.ts';
import { block, Preflight, pass, warn } from '../src/runbook/preflight.ts';
import { during, step } from '../src/runbook/step.ts';
import { count, howMany } from '../src/text/format.ts';
import { quoteForShell } from '../src/text/shellLine.ts';
import {
  comparedTo,
  copyDatabase,
  fillCopy,
  startLive,
  stopLive,
  swapCopy,
  verifyBeside,
} from './reindex.beside.ts';
import { byHand } from './reindex.byHand.ts';
import type { BesideFacts } from './reindex.checks.ts';
import { exampleFacts, planAnew, preflight, type ReindexFacts } from './reindex.preflight.ts';

const input = {
  fromBlock: field(
    '--from-block <block>',
    'first block to index again: 12345678, 12_345_678, 0x…, or earliest',
    blockNumber,
  ),
  truncate: field(
    '--truncate',
    'clear the event tables as a whole, older history too',
    z.boolean().default(false),
  ),
  backupDir: field(
    '--backup-dir <directory>',
    'where the backup goes (default: from the settings)',
    z.string().optional(),
  ),
  beside: field(
    '--beside',
    'fill a copy beside the live database, and swap (the default)',
    z.boolean().default(false),
  ),
  inPlace: field(
    '--in-place',
    'clear the live database itself; the indexer reads the chain from there',
    z.boolean().default(false),
  ),
  wait: field(
    '--no-wait',
    'with --in-place: do not follow the indexer to the head (--wait is about other runs)',
    z.boolean().default(true),
  ),
  timeout: field(
    '--timeout <time>',
    'limit of the way to the head, such as 30m or 2h (default 24h)',
    timeSpan.default(86_400_000),
  ),
};

/** Runbook §1: the indexer reads the chain again from a block on. Rows below it stay as they are. */
export default defineRunbook<typeof input, ReindexFacts>({
  title: 'Reindex events',
  summary: 'Rebuild the event tables from a block',
  section: '1',
  order: 1,
  risk: 'severe',
  description: `
Clears the indexed events from a block on and has the indexer read them from the chain again: after
damage to the database, to fill in history, or after a change of the schema. Rows below that block
stay as they are, unless --truncate asks for the whole.

It works on a copy beside the live database, which keeps being written and served: a second instance of the
deployed indexer fills the copy from blocks that tv reads ahead, so that no call of it fails. The copy is compared with
the chain, event by event; blocks that are missing are read again. Then the two databases change names in one
transaction. The indexer is down for about a second, and the API not at all. The old database is kept under a dated
name, until tv db prune --old; tv runs undo brings it back.

That takes a role that may make databases (database.adminUrl), room for a second database, and tv on the host
itself. With --in-place the live database is cleared instead: the indexer's rows are missing until it has read the
chain again, at its own speed.`,
  byHand,
  examples: [
    { what: 'Check and plan, and change nothing', line: 'tv reindex --from-block 12345678 --dry-run' },
    { what: 'Rebuild the tables from a block', line: 'tv reindex --from-block 12345678' },
    { what: 'From a script', line: 'tv reindex --from-block 12345678 --confirm production' },
  ],
  input,
  example: {
    facts: exampleFacts,
    input: {
      ...{ fromBlock: 12_345_678, truncate: false, backupDir: undefined },
      ...{ beside: false, inPlace: false, wait: true, timeout: 86_400_000 },
    },
  },
  onFailure: 'stop',
  preflight,
  basis: ({ fromBlock, truncate, wait, indexer, chain, database, env, backup, beside = null }) => ({
    fromBlock,
    truncate,
    wait,
    indexer,
    chain: { id: chain.id, contracts: chain.contracts },
    // The rows to clear and the cursor grow by themselves; those that stay do not.
    database: { identity: database.identity, schema: database.schema.fingerprint, keep: database.keep },
    env,
    // Not with what it is made: that does not change what the run does.
    backup: { directory: backup.directory },
    beside: beside === null ? null : { properties: beside.maintenance.properties },
  }),
  changes: ({ database: { name, rows = [] }, beside, env, backup, indexer, fromBlock }) => {
    const here = isBeside(beside);
    const again = `read again from block ${count(fromBlock)} on`;
    return [
      ...(here ? [{ kind: 'database', what: name, course: ['present', 'a copy of it'] } as const] : []),
      ...rows.map(({ table, clear, keep }): PlannedChange => {
        const before = count(clear + keep);
        return { kind: 'rows', what: table, course: [before, count(keep), clear === 0 ? before : again] };
      }),
      ...(here
        ? []
        : [
            plannedBackup(backup),
            {
              kind: 'file',
              what: `START_BLOCK in ${env.file}`,
              course: [env.before ?? 'not set', env.after],
            } as const,
          ]),
      stoppedMeanwhile(indexer.unit, indexer.wasActive),
    ];
  },
  consequence: ({ database, beside, fromBlock }) =>
    isBeside(beside)
      ? `This replaces ${database.name} by a copy in which ${count(database.clear)} rows from block ${count(fromBlock)} on are read from the chain again; the present one is kept.`
      : `This deletes ${count(database.clear)} rows and reads them from the chain again.`,
  plan: (facts) => {
    const { beside } = facts;
    if (!isBeside(beside)) return planInPlace(facts);
    return [
      backUp(facts),
      copyDatabase(facts, beside),
      fillCopy(facts, beside),
      ...during({
        ...{ subject: 'indexer', state: 'STOPPED' },
        open: stopLive(facts, beside),
        body: [
          swapCopy(facts),
          ...(facts.database.schema.cursor === null ? [setStartBlock(facts, reached)] : []),
        ],
        close: startLive(facts),
      }),
    ];
  },
  verify: async (ctx, facts) => {
    const preflight = new Preflight(ctx);
    preflight.check('services', 'host', () => checkIndexer(ctx, facts));
    const { beside } = facts;
    if (isBeside(beside)) verifyBeside(ctx, preflight, facts, beside);
    if (!isBeside(beside) || facts.database.schema.cursor === null) {
      preflight.check('env', 'host', () => checkStartBlock(ctx, facts));
    }
    preflight.check('older rows', 'database', () => checkOlderRows(ctx, facts), comparisonLimitMs);
    preflight.check('cursor', 'database', () => checkProgress(ctx, facts));
    if (facts.wait) preflight.check('kinds', 'database', () => checkKinds(ctx, facts), comparisonLimitMs);
    preflight.check('events', 'database', () => checkEvents(ctx, facts), comparisonLimitMs);
    return preflight.checks();
  },
});

function isBeside(beside: ReindexFacts['beside']): beside is BesideFacts {
  return beside !== null && beside !== undefined;
}

/** For want of disk or rights: the live database is cleared, and filled by its own indexer. */
function planInPlace(facts: ReindexFacts): readonly Step[] {
  return [
    ...during({
      ...{ subject: 'indexer', state: 'STOPPED' },
      open: stopIndexer(facts),
      body: [backUp(facts), clearRows(facts), setStartBlock(facts)],
      close: startIndexer(facts),
    }),
    ...(facts.wait ? [followToHead(facts), backfillSkipped(facts)] : []),
  ];
}

/** `comparedTo`: up to this block the events are the same as on the chain. */
const compared = step<{
  readonly comparedTo: number;
  readonly events: number;
  readonly refills: number;
}>('gaps');

/** Nothing may write while rows are cleared; a second indexer would be as bad as the first. */
function stopIndexer(facts: ReindexFacts): Step {
  const { unit, wasActive } = facts.indexer;
  return {
    id: 'stop',
    title: 'stop the indexer',
    command: `systemctl stop ${unit}`,
    effect: 'reversible',
    undoTitle: wasActive ? 'start the indexer' : 'leave the indexer stopped, as it was',
    probe: async (ctx) => {
      const { activeState } = await readUnit(ctx.host(), { unit });
      return activeState === 'inactive' || activeState === 'failed' ? 'done' : 'not-done';
    },
    run: async (ctx) => {
      await stopUnit(ctx.host(), { unit, signal: ctx.signal });
      return assertQuiescent(ctx, writing(facts));
    },
    undo: async (ctx) => {
      if (wasActive) await startUnit(ctx.host(), { unit, signal: ctx.signal });
    },
    checkUndone: (ctx) => checkUnitsAsBefore(ctx.host(), [{ unit, wasActive }]),
  };
}

/** Whose writing would spoil the clearing. */
function writing({ indexer: { unit, program }, database: { schema } }: ReindexFacts) {
  return { unit, program, schema };
}

/** As `tv db backup` makes it, and proven, before anything is deleted. It is kept. */
function backUp(facts: ReindexFacts): Step {
  const {
    database: { name },
    backup,
  } = facts;
  return {
    id: 'backup',
    title: 'back up the database, and read the backup to its end',
    command: `pg_dump -Fd -d ${quoteForShell(name)} -f ${quoteForShell(`${backup.directory}/${name}_`)}$RUN`,
    effect: 'reversible',
    afterwards: 'kept',
    probe: async (ctx) => {
      // A dump that was cut off continues without tv.
      await endOwnSessions(ctx);
      return probeNamed(ctx, backup);
    },
    run: (ctx) => makeBackup(ctx, backup, planAnew(facts)),
  };
}

/** Rows and cursor in one transaction: with rows gone and the cursor ahead, nothing would come back. */
export function clearRows(facts: ReindexFacts): Step {
  const { schema, clear } = facts.database;
  const { fromBlock, truncate } = facts;
  const cursor = lastBlockKept(fromBlock);
  const what = { schema, fromBlock, all: truncate, cursor };
  const rows = truncate ? 'DELETE FROM every event table' : `DELETE … WHERE block_number >= ${fromBlock}`;
  const set =
    schema.cursor === null
      ? ''
      : ` UPDATE ${schema.cursor.name} SET ${schema.cursor.blockColumn} = ${cursor};`;
  return {
    id: 'clear',
    title: `clear ${count(clear)} rows${schema.cursor === null ? '' : ', and set the cursor, in one transaction'}`,
    command: `psql -d ${quoteForShell(facts.database.name)} -c 'BEGIN; ${rows};${set} COMMIT'`,
    effect: 'compensable',
    undoTitle: 'restore the backup of step 2',
    probe: async (ctx) => {
      // The server works on for a tv that was killed, and keeps its locks until it notices.
      await endOwnSessions(ctx);
      return probeCleared(ctx.database(), what);
    },
    run: async (ctx) => {
      // The indexer may have been started again since step 1.
      await assertQuiescent(ctx, writing(facts));
      const session = { applicationName: applicationName(ctx.runId), signal: ctx.signal };
      return clearEvents(ctx.database(), { ...what, ...session });
    },
    undo: async (ctx) => {
      // Reading a large one takes its time, in which the indexer may be started.
      const { archive, form, path } = await requireSound(ctx, {
        path: backupPath(facts.backup, ctx.runId),
        depth: 'all',
        tools: facts.backup.tools,
        server: facts.backup.server,
        failure: 'The backup of this run is damaged; the event tables were not touched.',
      });
      await assertQuiescent(ctx, writing(facts));
      await restoreTables(ctx.database(), {
        run: ctx.host().run,
        archive,
        ...(form === 'ranges' ? { ranges: path } : {}),
        schema,
        applicationName: applicationName(ctx.runId),
        signal: ctx.signal,
      });
    },
    checkUndone: (ctx) => checkRowsBack(ctx, facts),
  };
}

/**
 * The rows that were there before, by kind and in every table, in the blocks that were indexed then: the
 * indexer may be running again, and what it has added must not hide what is lost.
 */
async function checkRowsBack(ctx: StepContext, facts: ReindexFacts): Promise<Finding> {
  const { database, fromBlock } = facts;
  const { schema, kindsUpTo } = database;
  const [counted, cursor, fewer, unpaired] = await Promise.all([
    countRows(ctx.database(), { schema, fromBlock }),
    readCursor(ctx.database(), { schema }),
    fewerThanBefore(ctx, facts),
    unpairedRows(ctx, { schema, fromBlock: 0, toBlock: kindsUpTo }),
  ]);
  const before = database.clear + database.keep;
  const now = counted.clear + counted.keep;
  if (now < before || counted.keep < database.keep) {
    return block(`${count(now)} rows, and there were ${count(before)} before the run`);
  }
  if (fewer.length > 0) return block('fewer rows than before the run', { facts: fewerFacts(fewer) });
  const known = database.unpaired;
  const lost = unpaired.filter(
    ({ table, missing }) => missing > (known?.find((one) => one.table === table)?.missing ?? 0),
  );
  if (known !== undefined && lost.length > 0) {
    return block(`rows of before the run are missing: ${describeUnpaired(lost)}`, {
      next: [comparing(fromBlock)],
    });
  }
  if (database.cursor !== null && (cursor === undefined || cursor.block < database.cursor)) {
    const words = cursor === undefined ? 'not set' : `at block ${count(cursor.block)}`;
    return block(`the cursor is ${words}, and was at block ${count(database.cursor)} before the run`);
  }
  return pass(`${count(now)} rows; ${count(before)} before the run`);
}

/** What START_BLOCK becomes, and how the plan calls it. */
interface StartBlock {
  readonly shown: string;
  value(ctx: StepContext): string;
}

/** Without a cursor START_BLOCK decides: the indexer goes on where the copy ends. */
const reached: StartBlock = {
  shown: 'the last block of the copy',
  value: (ctx) => {
    const block = comparedTo(ctx);
    if (block === undefined) throw new Error('the copy was filled before');
    return String(block);
  },
};

/** The indexer reads from the block after START_BLOCK, so the block before the first one is written. */
export function setStartBlock(
  facts: ReindexFacts,
  start: StartBlock = { shown: facts.env.after, value: () => facts.env.after },
): Step {
  const { file: path, before } = facts.env;
  const key = 'START_BLOCK';
  const read = async (ctx: StepContext) => readEnvValue((await readEnvFile(ctx.host(), { path })).text, key);
  const assertOwn = async (ctx: StepContext) => {
    const found = (await read(ctx)) ?? null;
    const after = start.value(ctx);
    if (found === before || found === after) return;
    throw new ChangedSince(ctx, `${key} in .env is neither the value before nor that of this run`, {
      file: path,
      before: before ?? 'not set',
      'this run': after,
      now: found ?? 'not set',
    });
  };
  return {
    id: 'env',
    title: `set ${key} in .env: ${before ?? '(not set)'} → ${start.shown}`,
    command: `sed -i 's/^${key}=.*/${key}=${start === reached ? '$REACHED' : start.shown}/' ${quoteForShell(path)}`,
    effect: 'reversible',
    undoTitle: before === null ? `remove ${key} from .env` : `set ${key} to ${before}`,
    probe: async (ctx) => ((await read(ctx)) === start.value(ctx) ? 'done' : 'not-done'),
    run: async (ctx) => {
      await assertOwn(ctx);
      const after = start.value(ctx);
      await writeEnvValue(ctx.host(), { path, key, value: after });
      return { file: path, before, after };
    },
    assertUndoable: assertOwn,
    undo: async (ctx) => {
      await assertOwn(ctx);
      if (before === null) await removeEnvValue(ctx.host(), { path, key });
      else await writeEnvValue(ctx.host(), { path, key, value: before });
    },
    checkUndone: async (ctx) => {
      const found = (await read(ctx)) ?? null;
      const words = `${key} ${found === null ? 'is not set' : `is ${found}`}`;
      return found === before
        ? pass(`${words}, as before the run`)
        : block(`${words}, and ${before === null ? 'was not set' : `was ${before}`} before the run`, {
            facts: { file: path },
          });
    },
  };
}

function startIndexer({ indexer: { unit, wasActive } }: ReindexFacts): Step {
  return {
    id: 'start',
    title: 'start the indexer',
    command: `systemctl start ${unit}`,
    effect: 'reversible',
    undoTitle: 'stop the indexer',
    probe: async (ctx) =>
      (await readUnit(ctx.host(), { unit })).activeState === 'active' ? 'done' : 'not-done',
    run: async (ctx) => {
      const { mainPid, activeState } = await startUnit(ctx.host(), { unit, signal: ctx.signal });
      return { unit, state: activeState, process: mainPid };
    },
    undo: async (ctx) => {
      await stopUnit(ctx.host(), { unit, signal: ctx.signal });
    },
    // Once the undo of the stop has followed.
    checkUndone: (ctx) => checkUnitsAsBefore(ctx.host(), [{ unit, wasActive }]),
  };
}

/** Only waits: after a signal the indexer keeps running. */
function followToHead(facts: ReindexFacts): Step {
  const blocks = facts.chain.head - lastBlockKept(facts.fromBlock);
  return {
    id: 'follow',
    title: `follow it to the head, ${count(blocks)} blocks`,
    command: `journalctl -u ${facts.indexer.unit} -f`,
    effect: 'reversible',
    interruptible: true,
    probe: async () => 'not-done',
    run: (ctx) => waitForCatchUp(ctx, followed(facts, deadlineOf(ctx, facts))),
  };
}

function deadlineOf(ctx: StepContext, { timeoutMs }: ReindexFacts): number {
  return monotonic(ctx.clock) + timeoutMs;
}

function followed({ indexer, database, chain, fromBlock, timeoutMs }: ReindexFacts, deadline: number) {
  const { unit, pollSeconds } = indexer;
  const { schema } = database;
  return { unit, pollSeconds, schema, contracts: chain.contracts, fromBlock, limitMs: timeoutMs, deadline };
}

/** A node that fails now and then needs a second or a third round; one that fails always needs a person. */
const rounds = 3;

/**
 * The deployed indexer skips a block whose RPC call failed, for good. The comparison with the chain
 * finds such blocks; the indexer is then set back to before the first of them.
 */
function backfillSkipped(facts: ReindexFacts): Step {
  const { fromBlock, chain, database } = facts;
  const { schema } = database;
  const { unit } = facts.indexer;
  return compared.define({
    title: 'compare with the chain, and read skipped blocks again',
    command: `tv reindex check --from-block ${fromBlock}`,
    runs: 'tv',
    effect: 'compensable',
    afterwards: 'the undo restores the backup of step 2',
    probe: async () => 'not-done',
    run: async (ctx) => {
      const deadline = deadlineOf(ctx, facts);
      // An earlier attempt may have been cut off while it cleared, or between stopping the indexer
      // and starting it.
      await endOwnSessions(ctx);
      await startUnit(ctx.host(), { unit, signal: ctx.signal });
      for (let round = 0; ; round++) {
        const { target } = await waitForCatchUp(ctx, followed(facts, deadline));
        // The newest block that the indexer has certainly read.
        const toBlock = (await readCursor(ctx.database(), { schema }))?.block ?? target;
        const comparison = await compareWithChain(ctx, {
          schema,
          contracts: chain.contracts,
          fromBlock,
          toBlock,
          before: database.kinds,
          onProgress: ctx.progress,
        });
        const { missing, differing, matched } = comparison;
        const wrong = [missing.first[0], differing.first[0]].flatMap((one) => one?.block ?? []);
        // What the indexer stores otherwise each time is not missing: the verification says so.
        if (wrong.length === 0 || (round === rounds && missing.total === 0))
          return { comparedTo: toBlock, events: matched, refills: round };
        if (round === rounds) throw await missingEvents(ctx, { unit, missing, tried: rounds });
        await setBack(ctx, facts, Math.min(...wrong));
      }
    },
  });
}

async function setBack(ctx: StepContext, facts: ReindexFacts, firstMissing: number): Promise<void> {
  const { unit } = facts.indexer;
  await stopUnit(ctx.host(), { unit, signal: ctx.signal });
  await assertQuiescent(ctx, writing(facts));
  await clearEvents(ctx.database(), {
    schema: facts.database.schema,
    fromBlock: firstMissing,
    all: false,
    cursor: firstMissing - 1,
    applicationName: applicationName(ctx.runId),
    signal: ctx.signal,
  });
  await startUnit(ctx.host(), { unit, signal: ctx.signal });
}

// What the verification reads back: the service, the file, the rows, the cursor, and the events against the chain.

/** More blocks behind than this and it does not count as being at the head. */
const fewBlocks = 25;
/** A head below the cursor is read so many times, a second apart, before it counts. */
const headTries = 3;
/** The comparison reads all logs of the range: as long as the chain takes, within a day. */
const comparisonLimitMs = 86_400_000;

function comparing(fromBlock: number) {
  return { tv: ['reindex', 'check', '--from-block', String(fromBlock)] };
}

async function checkIndexer(ctx: StepContext, { indexer: { unit, program } }: ReindexFacts) {
  const [state, processes] = await Promise.all([
    readUnit(ctx.host(), { unit }),
    listProcesses(ctx.host(), { program }),
  ]);
  if (state.activeState === 'active' && processes.length === 1) {
    return pass(`${unit} active, one process (${state.mainPid})`);
  }
  return block(`${unit} is ${state.activeState}, with ${processes.length} processes`, {
    next: [
      ...(state.activeState === 'active' ? [] : [onHost(`systemctl start ${unit}`)]),
      onHost(`journalctl -u ${unit} -n 50 --no-pager`),
    ],
  });
}

async function checkStartBlock(
  ctx: StepContext,
  { env: { file: path, after: inPlace }, beside }: ReindexFacts,
) {
  const after = isBeside(beside) ? reached.value(ctx) : inPlace;
  const value = readEnvValue((await readEnvFile(ctx.host(), { path })).text, 'START_BLOCK');
  return value === after
    ? pass(`START_BLOCK=${value}`)
    : block(`START_BLOCK is ${value ?? 'not set'}, not ${after}`);
}

async function checkOlderRows(ctx: StepContext, { truncate, fromBlock, database }: ReindexFacts) {
  if (truncate) return pass('cleared as asked for');
  const { keep } = await countRows(ctx.database(), { schema: database.schema, fromBlock });
  const summary = `${count(keep)} rows below block ${count(fromBlock)}`;
  return keep === database.keep
    ? pass(`${summary}, as before`)
    : block(`${summary}; there were ${count(database.keep)}`);
}

/** The cursor is near the head, and not above it: blocks that the chain does not have are not indexed. */
async function checkProgress(ctx: StepContext, facts: ReindexFacts) {
  const { schema } = facts.database;
  if (schema.cursor === null) return pass('this schema keeps none; judged by the events');
  const next = [{ tv: ['status'] }];
  for (let tries = 1; ; tries++) {
    // The head second: an indexer that works is never ahead of a head that was read after its cursor.
    const cursor = await readCursor(ctx.database(), { schema });
    const head = (await readHead(ctx.chain())).number;
    if (cursor === undefined) {
      return block(`${schema.cursor.name} holds no block: it is unknown how far the indexer is`, { next });
    }
    const behind = head - cursor.block;
    if (behind < 0 && tries < headTries) {
      // Of several nodes behind one URL, one may lag by a block or two.
      await ctx.clock.sleep(1_000, ctx.signal);
      continue;
    }
    if (behind < 0) {
      return block(
        `block ${count(cursor.block)}, ahead of the head, ${count(head)}: the chain was reorganised, or the RPC node lags`,
        { next },
      );
    }
    const summary = `block ${count(cursor.block)}, ${behind === 0 ? 'at the head' : `${count(behind)} behind the head`}`;
    if (behind <= fewBlocks) return pass(summary);
    return facts.wait ? block(summary, { next }) : warn(`${summary}, on its way`);
  }
}

interface FewerRows {
  readonly kind: string;
  readonly before: number;
  readonly found: number;
}

/** Kinds with fewer rows than before the run, in the blocks that were indexed then. */
async function fewerThanBefore(
  ctx: Pick<StepContext, 'database'>,
  { fromBlock, database: { schema, kinds, kindsUpTo } }: ReindexFacts,
): Promise<readonly FewerRows[]> {
  const now = await readEventKinds(ctx.database(), { schema, fromBlock, toBlock: kindsUpTo });
  return kinds.flatMap(({ kind, inRange }) => {
    const found = now.find((one) => one.kind === kind)?.inRange ?? 0;
    return found < inRange ? [{ kind, before: inRange, found }] : [];
  });
}

function fewerFacts(fewer: readonly FewerRows[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    fewer.map(({ kind, before, found }) => [kind, `${count(before)} before, ${count(found)} now`]),
  );
}

/**
 * Everything that was there before is there again, by kind. This does not rest on what the RPC node
 * returns today: a node that lost logs would otherwise agree with an indexer that reads from it.
 */
async function checkKinds(ctx: StepContext, facts: ReindexFacts) {
  const { kinds, kindsUpTo, surplus } = facts.database;
  const fewer = (await fewerThanBefore(ctx, facts)).filter(
    ({ kind, before, found }) => before - found > (surplus?.[kind] ?? 0),
  );
  if (fewer.length === 0) {
    const rows = kinds.reduce((sum, { inRange }) => sum + inRange, 0);
    const gone = Object.values(surplus ?? {}).reduce((sum, lost) => sum + lost, 0);
    return pass(
      `${count(rows - gone)} rows of ${howMany(kinds.length, 'kind')} up to block ${count(kindsUpTo)}, all there again${gone === 0 ? '' : `; ${count(gone)} that are not on the chain are gone`}`,
    );
  }
  return block(`fewer rows than before, of ${howMany(fewer.length, 'kind')}`, {
    facts: {
      ...fewerFacts(fewer),
      ...(surplus === null && { 'not on the chain': 'unknown: not established before the clearing' }),
    },
    next: [comparing(facts.fromBlock), restoring(ctx)],
  });
}

function restoring({ runId }: StepContext) {
  return { when: 'restore the rows of before', tv: ['runs', 'undo', runId] };
}

async function checkEvents(ctx: StepContext, facts: ReindexFacts) {
  const check = comparing(facts.fromBlock);
  if (!facts.wait) return warn('not compared with the chain, because of --no-wait', { next: [check] });
  const { schema, kinds } = facts.database;
  const cursor = await readCursor(ctx.database(), { schema });
  const head = (await readHead(ctx.chain())).number;
  // Without a cursor, as far as the step before has compared.
  const indexed = cursor?.block ?? compared.result(ctx)?.comparedTo ?? comparedTo(ctx);
  if (indexed === undefined) return block('it is unknown how far the indexer is', { next: [check] });
  const toBlock = Math.min(indexed, head);
  const comparison = await compareWithChain(ctx, {
    schema,
    contracts: facts.chain.contracts,
    fromBlock: facts.fromBlock,
    toBlock,
    before: kinds,
    onProgress: ctx.progress,
  });
  const { matched, missing, surplus, differing, unstorable } = comparison;
  const range = `blocks ${count(facts.fromBlock)} to ${count(toBlock)}`;
  if (missing.total > 0 || surplus.total > 0 || differing.total > 0) {
    const [first] = surplus.first;
    const other = firstDifference(comparison);
    return block(
      `${range}: ${count(missing.total)} missing, ${count(surplus.total)} surplus in the database${differing.total === 0 ? '' : `, ${count(differing.total)} otherwise than on the chain`}`,
      {
        facts: {
          ...(first !== undefined && { 'first surplus': first.reason }),
          ...(other !== undefined && { 'first that differs': other }),
        },
        next: [check],
      },
    );
  }
  // A table that was empty before, although there were events of its kind, is not filled by this indexer.
  const neverFilled = (facts.database.unpaired ?? []).filter(({ filled }) => !filled);
  const unpaired = comparison.unpaired.filter(
    ({ table, filled }) => filled || !neverFilled.some((one) => one.table === table),
  );
  if (unpaired.length > 0) {
    return block(
      `${range}: events without their row in the table of their kind: ${describeUnpaired(unpaired)}`,
      { next: [check, restoring(ctx)] },
    );
  }
  const doubts = doubtsOf({ ...comparison, unpaired: [] });
  if (doubts.length > 0)
    return block(`${range}: ${doubts.join('; ')}`, { next: [{ tv: ['status'] }, check] });
  const same = `${count(matched)} events of ${range} are the same on the chain and in the database, by ${describeCompared(comparison)}`;
  if (unstorable.length === 0) return pass(same);
  const groups = groupUnstorable(unstorable);
  return warn(`${same}; ${howMany(unstorable.length, 'kind')} cannot be stored by this indexer, as before`, {
    facts: {
      'kinds (logs)': groups.map((group) => group.kinds).join(', '),
      because: groups.at(-1)?.reason ?? '',
    },
  });
}
