import * as z from 'zod';
import { clearEvents } from '../src/database/clearEvents.ts';
import { countRows } from '../src/database/countRows.ts';
import { probeCleared } from '../src/database/probeCleared.ts';
import { readCursor } from '../src/database/readCursor.ts';
import { restoreTables } from '../src/database/restoreTables.ts';
import { checkUnitsAsBefore } from '../src/host/checkAsBefore.ts';
import { readEnvValue } from '../src/host/envFile.ts';
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
  probeNamed,
  requireSound,
} from '../src/operations/backup.ts';
import { describeUnpaired, unpairedRows } from '../src/operations/compareWithChain.ts';
import { applicationName } from '../src/operations/maintenance.ts';
import { ChangedSince } from '../src/runbook/changedSince.ts';
import type { Finding } from '../src/runbook/check.ts';
import { defineRunbook, field, type Step, type StepContext } from '../src/runbook/define.ts';
import { blockNumber, timeSpan } from '../src/runbook/inputs.ts';
import { block, pass } from '../src/runbook/preflight.ts';
import { count } from '../src/text/format.ts';
import { quoteForShell } from '../src/text/shellLine.ts';
import { byHand } from './reindex.byHand.ts';
import { assertQuiescent, fillGaps, follow } from './reindex.catchUp.ts';
import { exampleFacts, lastBlockKept, preflight, type ReindexFacts } from './reindex.preflight.ts';
import { fewerThanBefore, verify } from './reindex.verify.ts';

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
  wait: field('--no-wait', 'start the indexer and do not follow it to the head', z.boolean().default(true)),
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

Afterwards the database is compared with the chain, event by event. Blocks that the indexer skipped
because an RPC call failed are found and read again.`,
  byHand,
  input,
  example: {
    facts: exampleFacts,
    input: { fromBlock: 12_345_678, truncate: false, backupDir: undefined, wait: true, timeout: 86_400_000 },
  },
  onFailure: 'stop',
  preflight,
  basis: ({ fromBlock, truncate, wait, indexer, chain, database, env, backup }) => ({
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
  }),
  consequence: ({ database }) =>
    `This deletes ${count(database.clear)} rows and reads them from the chain again.`,
  plan: (facts) => [
    stopIndexer(facts),
    backUp(facts),
    clearRows(facts),
    setStartBlock(facts),
    startIndexer(facts),
    ...(facts.wait ? [followToHead(facts), fillGaps(facts)] : []),
  ],
  verify,
});

/** Nothing may write while rows are cleared; a second indexer would be as bad as the first. */
export function stopIndexer(facts: ReindexFacts): Step {
  const { unit, wasActive } = facts.indexer;
  return {
    id: 'stop',
    title: 'stop the indexer',
    command: `systemctl stop ${unit}`,
    effect: 'reversible',
    leaves: { subject: 'indexer', state: 'STOPPED', until: 'start' },
    undoTitle: wasActive ? 'start the indexer' : 'leave the indexer stopped, as it was',
    probe: async (ctx) => {
      const { activeState } = await readUnit(ctx.host(), { unit });
      return activeState === 'inactive' || activeState === 'failed' ? 'done' : 'not-done';
    },
    run: async (ctx) => {
      await stopUnit(ctx.host(), { unit, signal: ctx.signal });
      return assertQuiescent(ctx, facts);
    },
    undo: async (ctx) => {
      if (wasActive) await startUnit(ctx.host(), { unit, signal: ctx.signal });
    },
    checkUndone: (ctx) => checkUnitsAsBefore(ctx.host(), [{ unit, wasActive }]),
  };
}

/** As `tv db backup` makes it, and proven, before anything is deleted. It is kept. */
export function backUp({ database: { name }, backup }: ReindexFacts): Step {
  const { directory } = backup;
  return {
    id: 'backup',
    title: 'back up the database, and read the backup to its end',
    command: `pg_dump -Fd -d ${quoteForShell(name)} -f ${quoteForShell(`${directory}/${name}_`)}$RUN`,
    effect: 'reversible',
    afterwards: 'kept',
    probe: async (ctx) => {
      // A dump that was cut off continues without tv.
      await endOwnSessions(ctx);
      return probeNamed(ctx, backup);
    },
    run: (ctx) => makeBackup(ctx, backup, { tv: ['runs', 'undo', ctx.runId] }),
  };
}

/** Rows and cursor in one transaction: with rows gone and the cursor ahead, nothing would come back. */
export function clearRows(facts: ReindexFacts): Step {
  const { schema, clear } = facts.database;
  const { fromBlock, truncate } = facts;
  const cursor = lastBlockKept(facts);
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
      await assertQuiescent(ctx, facts);
      return clearEvents(ctx.database(), {
        ...what,
        applicationName: applicationName(ctx.runId),
        signal: ctx.signal,
      });
    },
    undo: async (ctx) => {
      // Reading a large one takes its time, in which the indexer may be started.
      const { archive } = await requireSound(ctx, {
        path: backupPath(facts.backup, ctx.runId),
        depth: 'all',
        tools: facts.backup.tools,
        server: facts.backup.server,
        failure: 'The backup of this run is damaged; the event tables were not touched.',
      });
      await assertQuiescent(ctx, facts);
      await restoreTables(ctx.database(), {
        run: ctx.host().run,
        archive,
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
 * indexer may be running again, and what it has added must not stand in for what is lost.
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
  if (fewer.length > 0) {
    return block('fewer rows than before the run', {
      facts: Object.fromEntries(
        fewer.map((one) => [one.kind, `${count(one.before)} before, ${count(one.found)} now`]),
      ),
    });
  }
  const known = database.unpaired;
  const lost = unpaired.filter(
    ({ table, missing }) => missing > (known?.find((one) => one.table === table)?.missing ?? 0),
  );
  if (known !== undefined && lost.length > 0) {
    return block(`rows of before the run are missing: ${describeUnpaired(lost)}`, {
      next: [{ tv: ['reindex', 'check', '--from-block', String(fromBlock)] }],
    });
  }
  if (database.cursor !== null && (cursor === undefined || cursor.block < database.cursor)) {
    const words = cursor === undefined ? 'not set' : `at block ${count(cursor.block)}`;
    return block(`the cursor is ${words}, and was at block ${count(database.cursor)} before the run`);
  }
  return pass(`${count(now)} rows; ${count(before)} before the run`);
}

/** The indexer reads from the block after START_BLOCK, so the block before the first one is written. */
export function setStartBlock(facts: ReindexFacts): Step {
  const { file: path, before, after } = facts.env;
  const key = 'START_BLOCK';
  return {
    id: 'env',
    title: `set START_BLOCK in .env: ${before ?? '(not set)'} → ${after}`,
    command: `sed -i 's/^START_BLOCK=.*/START_BLOCK=${after}/' ${quoteForShell(path)}`,
    effect: 'reversible',
    undoTitle: before === null ? `remove ${key} from .env` : `set ${key} to ${before}`,
    probe: async (ctx) => {
      const { text } = await readEnvFile(ctx.host(), { path });
      return readEnvValue(text, key) === after ? 'done' : 'not-done';
    },
    run: async (ctx) => {
      await assertOwn(ctx, facts);
      await writeEnvValue(ctx.host(), { path, key, value: after });
      return { file: path, before, after };
    },
    assertUndoable: (ctx) => assertOwn(ctx, facts),
    undo: async (ctx) => {
      await assertOwn(ctx, facts);
      if (before === null) await removeEnvValue(ctx.host(), { path, key });
      else await writeEnvValue(ctx.host(), { path, key, value: before });
    },
    checkUndone: async (ctx) => {
      const { text } = await readEnvFile(ctx.host(), { path });
      const found = readEnvValue(text, key) ?? null;
      const words = `${key} ${found === null ? 'is not set' : `is ${found}`}`;
      return found === before
        ? pass(`${words}, as before the run`)
        : block(`${words}, and ${before === null ? 'was not set' : `was ${before}`} before the run`, {
            facts: { file: path },
          });
    },
  };
}

/** @throws ChangedSince where START_BLOCK is neither what it was before nor what this run sets */
async function assertOwn(
  ctx: StepContext,
  { env: { file: path, before, after } }: ReindexFacts,
): Promise<void> {
  const found = readEnvValue((await readEnvFile(ctx.host(), { path })).text, 'START_BLOCK') ?? null;
  if (found === before || found === after) return;
  throw new ChangedSince(ctx, 'START_BLOCK in .env is neither the value before nor that of this run', {
    file: path,
    before: before ?? 'not set',
    'this run': after,
    now: found ?? 'not set',
  });
}

export function startIndexer({ indexer: { unit, wasActive } }: ReindexFacts): Step {
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

/** Only waits: ended by a signal, it leaves the indexer at work. */
export function followToHead(facts: ReindexFacts): Step {
  return {
    id: 'follow',
    title: `follow it to the head, ${count(facts.chain.head - lastBlockKept(facts))} blocks`,
    command: `journalctl -u ${facts.indexer.unit} -f`,
    effect: 'reversible',
    interruptible: true,
    probe: async () => 'not-done',
    run: (ctx) => follow(ctx, facts, Date.now() + facts.timeoutMs),
  };
}
