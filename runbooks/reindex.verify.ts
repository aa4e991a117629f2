import { readHead } from '../src/chain/readHead.ts';
import { countRows } from '../src/database/countRows.ts';
import { readCursor } from '../src/database/readCursor.ts';
import { readEventKinds } from '../src/database/readEventKinds.ts';
import { onHost } from '../src/errors/advice.ts';
import { readEnvValue } from '../src/host/envFile.ts';
import { listProcesses } from '../src/host/listProcesses.ts';
import { readEnvFile } from '../src/host/readEnvFile.ts';
import { readUnit } from '../src/host/readUnit.ts';
import {
  compareWithChain,
  describeUnpaired,
  doubtsOf,
  groupUnstorable,
} from '../src/operations/compareWithChain.ts';
import type { Check } from '../src/runbook/check.ts';
import type { StepContext } from '../src/runbook/define.ts';
import { block, Preflight, pass, warn } from '../src/runbook/preflight.ts';
import { count, howMany } from '../src/text/format.ts';
import { compared } from './reindex.catchUp.ts';
import type { ReindexFacts } from './reindex.preflight.ts';

/** More blocks behind than this and it does not count as being at the head. */
const fewBlocks = 25;
/** A head below the cursor is read so many times, a second apart, before it counts. */
const headTries = 3;
/** The comparison reads all logs of the range: as long as the chain takes, within a day. */
const comparisonLimitMs = 86_400_000;

/** Reads everything back: the service, the rows, the cursor, the file, and the events against the chain. */
export async function verify(ctx: StepContext, facts: ReindexFacts): Promise<readonly Check[]> {
  const { schema } = facts.database;
  const { unit, program } = facts.indexer;
  const preflight = new Preflight(ctx);

  preflight.check('services', 'host', async () => {
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
  });

  preflight.check('env', 'host', async () => {
    const { text } = await readEnvFile(ctx.host(), { path: facts.env.file });
    const value = readEnvValue(text, 'START_BLOCK');
    return value === facts.env.after
      ? pass(`START_BLOCK=${value}`)
      : block(`START_BLOCK is ${value ?? 'not set'}, not ${facts.env.after}`);
  });

  preflight.check(
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

  preflight.check('cursor', 'database', () => checkProgress(ctx, facts));
  if (facts.wait) {
    preflight.check('kinds', 'database', () => checkKinds(ctx, facts), comparisonLimitMs);
  }
  preflight.check('events', 'database', () => compareEvents(ctx, facts), comparisonLimitMs);
  return preflight.checks();
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

/** Kinds with fewer rows than before the run, in the blocks that were indexed then. */
export async function fewerThanBefore(
  ctx: Pick<StepContext, 'database'>,
  { fromBlock, database: { schema, kinds, kindsUpTo } }: ReindexFacts,
): Promise<readonly { readonly kind: string; readonly before: number; readonly found: number }[]> {
  const now = await readEventKinds(ctx.database(), { schema, fromBlock, toBlock: kindsUpTo });
  return kinds.flatMap(({ kind, inRange }) => {
    const found = now.find((one) => one.kind === kind)?.inRange ?? 0;
    return found < inRange ? [{ kind, before: inRange, found }] : [];
  });
}

/**
 * Everything that was there before is there again, by kind. This does not rest on what the RPC node
 * returns today: a node that lost logs would otherwise agree with an indexer that reads from it.
 */
async function checkKinds(ctx: StepContext, facts: ReindexFacts) {
  const { kinds, kindsUpTo, surplus } = facts.database;
  const { fromBlock } = facts;
  const fewer = (await fewerThanBefore(ctx, facts)).filter(
    ({ kind, before, found }) => before - found > (surplus?.[kind] ?? 0),
  );
  const rows = kinds.reduce((sum, { inRange }) => sum + inRange, 0);
  if (fewer.length === 0) {
    const gone = Object.values(surplus ?? {}).reduce((sum, lost) => sum + lost, 0);
    return pass(
      `${count(rows - gone)} rows of ${howMany(kinds.length, 'kind')} up to block ${count(kindsUpTo)}, all there again${gone === 0 ? '' : `; ${count(gone)} that are not on the chain are gone`}`,
    );
  }
  return block(`fewer rows than before, of ${howMany(fewer.length, 'kind')}`, {
    facts: {
      ...Object.fromEntries(
        fewer.map(({ kind, before, found }) => [kind, `${count(before)} before, ${count(found)} now`]),
      ),
      ...(surplus === null && { 'not on the chain': 'unknown: not established before the clearing' }),
    },
    next: [
      { tv: ['reindex', 'check', '--from-block', String(fromBlock)] },
      { when: 'restore the rows of before', tv: ['runs', 'undo', ctx.runId] },
    ],
  });
}

async function compareEvents(ctx: StepContext, facts: ReindexFacts) {
  const check = { tv: ['reindex', 'check', '--from-block', String(facts.fromBlock)] };
  if (!facts.wait) return warn('not compared with the chain, because of --no-wait', { next: [check] });
  const { schema, kinds } = facts.database;
  const cursor = await readCursor(ctx.database(), { schema });
  const head = (await readHead(ctx.chain())).number;
  // Without a cursor, as far as the step before has compared.
  const indexed = cursor?.block ?? compared.result(ctx)?.comparedTo;
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
  const { matched, missing, surplus, unstorable } = comparison;
  const range = `blocks ${count(facts.fromBlock)} to ${count(toBlock)}`;
  // A table that was empty before, although there were events of its kind, is not filled by this indexer.
  const neverFilled = (facts.database.unpaired ?? []).filter(({ filled }) => !filled);
  const unpaired = comparison.unpaired.filter(
    ({ table, filled }) => filled || !neverFilled.some((one) => one.table === table),
  );
  const doubts = doubtsOf({ ...comparison, unpaired: [] });
  const [first] = surplus.first;
  if (missing.total > 0 || surplus.total > 0) {
    return block(
      `${range}: ${count(missing.total)} missing, ${count(surplus.total)} surplus in the database`,
      {
        facts: { ...(first !== undefined && { 'first surplus': first.reason }) },
        next: [check],
      },
    );
  }
  if (unpaired.length > 0) {
    return block(
      `${range}: events without their row in the table of their kind: ${describeUnpaired(unpaired)}`,
      {
        next: [check, { when: 'restore the rows of before', tv: ['runs', 'undo', ctx.runId] }],
      },
    );
  }
  if (doubts.length > 0)
    return block(`${range}: ${doubts.join('; ')}`, { next: [{ tv: ['status'] }, check] });
  const same = `${count(matched)} events of ${range} are the same on the chain and in the database`;
  if (unstorable.length === 0) return pass(same);
  const groups = groupUnstorable(unstorable);
  return warn(`${same}; ${howMany(unstorable.length, 'kind')} cannot be stored by this indexer, as before`, {
    facts: {
      'kinds (logs)': groups.map((group) => group.kinds).join(', '),
      because: groups.at(-1)?.reason ?? '',
    },
  });
}
