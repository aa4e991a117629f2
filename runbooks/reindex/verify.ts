import { readHead } from '../../src/chain/readHead.ts';
import { countRows } from '../../src/database/countRows.ts';
import { readCursor } from '../../src/database/readCursor.ts';
import { readEnvValue } from '../../src/host/envFile.ts';
import { listProcesses } from '../../src/host/listProcesses.ts';
import { readEnvFile } from '../../src/host/readEnvFile.ts';
import { readUnit } from '../../src/host/readUnit.ts';
import type { Check } from '../../src/runbook/check.ts';
import type { StepContext } from '../../src/runbook/define.ts';
import { block, Lookout, pass, warn } from '../../src/runbook/lookout.ts';
import { count } from '../../src/runbook/text.ts';
import { compareWithChain } from './compare.ts';
import type { ReindexFacts } from './facts.ts';

/** More blocks behind than this and it does not count as being at the head. */
const fewBlocks = 25;
/** The comparison reads all logs of the range: as long as the chain takes, within a day. */
const comparisonLimitMs = 86_400_000;

/** Reads everything back: the service, the rows, the cursor, the file, and the events against the chain. */
export async function verify(ctx: StepContext, facts: ReindexFacts): Promise<readonly Check[]> {
  const { schema } = facts.database;
  const { unit, program } = facts.indexer;
  const lookout = new Lookout(ctx);

  lookout.look('services', 'host', async () => {
    const [state, processes] = await Promise.all([
      readUnit(ctx.host(), { unit }),
      listProcesses(ctx.host(), { program }),
    ]);
    if (state.activeState === 'active' && processes.length === 1) {
      return pass(`${unit} active, one process (${state.mainPid})`);
    }
    return block(`${unit} is ${state.activeState}, with ${processes.length} processes`, {
      next: [`journalctl -u ${unit} -n 50 --no-pager`],
    });
  });

  lookout.look('env', 'host', async () => {
    const { text } = await readEnvFile(ctx.host(), { path: facts.env.file });
    const value = readEnvValue(text, 'START_BLOCK');
    return value === facts.env.after
      ? pass(`START_BLOCK=${value}`)
      : block(`START_BLOCK is ${value ?? 'not set'}, not ${facts.env.after}`);
  });

  lookout.look(
    'older rows',
    'database',
    async () => {
      if (facts.truncate) return pass('cleared as asked for');
      const { keep } = await countRows(ctx.database(), { schema, fromBlock: facts.fromBlock });
      return keep === facts.database.keep
        ? pass(`${count(keep)} rows below block ${count(facts.fromBlock)}, as before`)
        : block(
            `${count(keep)} rows below block ${count(facts.fromBlock)}; there were ${count(facts.database.keep)}`,
          );
    },
    comparisonLimitMs,
  );

  lookout.look('cursor', 'database', async () => {
    const [head, cursor] = await Promise.all([readHead(ctx.chain()), readCursor(ctx.database(), { schema })]);
    if (cursor === undefined) return pass('this schema keeps none; judged by the events');
    const behind = head.number - cursor.block;
    const summary = `block ${count(cursor.block)}, ${behind <= 0 ? 'at the head' : `${count(behind)} behind the head`}`;
    if (behind <= fewBlocks) return pass(summary);
    return facts.wait ? block(summary, { next: ['tv status'] }) : warn(`${summary}, on its way`);
  });

  lookout.look('events', 'database', () => events(ctx, facts), comparisonLimitMs);
  return lookout.checks();
}

async function events(ctx: StepContext, facts: ReindexFacts) {
  if (!facts.wait) {
    return warn('not compared with the chain, because of --no-wait', {
      next: [`tv reindex check --from-block ${facts.fromBlock}`],
    });
  }
  const { schema } = facts.database;
  const cursor = await readCursor(ctx.database(), { schema });
  const toBlock = cursor?.block ?? comparedTo(ctx);
  const comparison = await compareWithChain(ctx, {
    schema,
    contracts: facts.chain.contracts,
    fromBlock: facts.fromBlock,
    toBlock,
    onProgress: ctx.progress,
  });
  const { matched, missing, surplus } = comparison;
  const range = `blocks ${count(facts.fromBlock)} to ${count(toBlock)}`;
  if (missing.total === 0 && surplus.total === 0) {
    return pass(`${count(matched)} events of ${range} are the same on the chain and in the database`);
  }
  return block(`${range}: ${count(missing.total)} missing, ${count(surplus.total)} surplus in the database`, {
    next: [`tv reindex check --from-block ${facts.fromBlock}`],
  });
}

/** Without a cursor, as far as the step before has compared. */
function comparedTo(ctx: StepContext): number {
  const gaps = ctx.results['gaps'] as { readonly comparedTo: number };
  return gaps.comparedTo;
}
