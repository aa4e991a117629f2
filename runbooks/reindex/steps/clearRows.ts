import { clearEvents } from '../../../src/database/clearEvents.ts';
import { countRows } from '../../../src/database/countRows.ts';
import { endSessions } from '../../../src/database/endSessions.ts';
import { probeCleared } from '../../../src/database/probeCleared.ts';
import { readCursor } from '../../../src/database/readCursor.ts';
import { restoreTables } from '../../../src/database/restoreTables.ts';
import { quoteForShell } from '../../../src/errors/shellLine.ts';
import type { Finding } from '../../../src/runbook/check.ts';
import type { Step, StepContext } from '../../../src/runbook/define.ts';
import { block, pass } from '../../../src/runbook/lookout.ts';
import { count } from '../../../src/runbook/text.ts';
import { applicationName, backupFile, lastBlockKept, type ReindexFacts } from '../facts.ts';
import { proveStill } from '../still.ts';

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
    undoTitle: 'undo: restore the backup of step 2',
    probe: async (ctx) => {
      // The server works on for a tv that was killed, and keeps its locks until it notices.
      await endSessions(ctx.database(), { applicationName: applicationName(ctx.runId) });
      return probeCleared(ctx.database(), what);
    },
    run: async (ctx) => {
      // Somebody may have started the indexer again since step 1.
      await proveStill(ctx, facts);
      return clearEvents(ctx.database(), {
        ...what,
        applicationName: applicationName(ctx.runId),
        signal: ctx.signal,
      });
    },
    undo: async (ctx) => {
      await proveStill(ctx, facts);
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

/** The indexer only adds rows, and may be running again: fewer than before is a loss, more is its work. */
async function checkRowsBack(ctx: StepContext, { database, fromBlock }: ReindexFacts): Promise<Finding> {
  const { schema } = database;
  const [counted, cursor] = await Promise.all([
    countRows(ctx.database(), { schema, fromBlock }),
    readCursor(ctx.database(), { schema }),
  ]);
  const before = database.clear + database.keep;
  const now = counted.clear + counted.keep;
  if (now < before) {
    return block(`${count(now)} rows, and there were ${count(before)} before the run`);
  }
  if (database.cursor !== null && (cursor === undefined || cursor.block < database.cursor)) {
    const words = cursor === undefined ? 'not set' : `at block ${count(cursor.block)}`;
    return block(`the cursor is ${words}, and was at block ${count(database.cursor)} before the run`);
  }
  return pass(`${count(now)} rows; ${count(before)} before the run`);
}
