import { clearEvents } from '../../../src/database/clearEvents.ts';
import { countRows } from '../../../src/database/countRows.ts';
import { endSessions } from '../../../src/database/endSessions.ts';
import { probeCleared } from '../../../src/database/probeCleared.ts';
import { readCursor } from '../../../src/database/readCursor.ts';
import { restoreTables } from '../../../src/database/restoreTables.ts';
import type { Finding } from '../../../src/runbook/check.ts';
import type { Step, StepContext } from '../../../src/runbook/define.ts';
import { block, pass } from '../../../src/runbook/preflight.ts';
import { count } from '../../../src/text/format.ts';
import { quoteForShell } from '../../../src/text/shellLine.ts';
import { describeUnpaired, unpairedRows } from '../compare.ts';
import { applicationName, backupFile, lastBlockKept, type ReindexFacts } from '../facts.ts';
import { assertQuiescent } from '../still.ts';
import { fewerThanBefore } from '../verify.ts';

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
      await endSessions(ctx.database(), { applicationName: applicationName(ctx.runId) });
      return probeCleared(ctx.database(), what);
    },
    run: async (ctx) => {
      // Somebody may have started the indexer again since step 1.
      await assertQuiescent(ctx, facts);
      return clearEvents(ctx.database(), {
        ...what,
        applicationName: applicationName(ctx.runId),
        signal: ctx.signal,
      });
    },
    undo: async (ctx) => {
      await assertQuiescent(ctx, facts);
      await restoreTables(ctx.database(), {
        run: ctx.host().run,
        file: backupFile(facts, ctx.runId),
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
