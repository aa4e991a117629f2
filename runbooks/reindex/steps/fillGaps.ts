import { eventName } from '../../../src/chain/events.ts';
import { clearEvents } from '../../../src/database/clearEvents.ts';
import { endSessions } from '../../../src/database/endSessions.ts';
import { readCursor } from '../../../src/database/readCursor.ts';
import { onHost } from '../../../src/errors/advice.ts';
import { answer } from '../../../src/errors/answer.ts';
import { TvError } from '../../../src/errors/TvError.ts';
import { readJournal } from '../../../src/host/readJournal.ts';
import { startUnit } from '../../../src/host/startUnit.ts';
import { stopUnit } from '../../../src/host/stopUnit.ts';
import type { Step, StepContext } from '../../../src/runbook/define.ts';
import { type ChainComparison, compareWithChain } from '../compare.ts';
import { applicationName, type ReindexFacts } from '../facts.ts';
import { follow } from '../follow.ts';
import { assertQuiescent } from '../still.ts';

/** A node that fails now and then needs a second or a third round; one that fails always needs a person. */
const rounds = 3;

/**
 * The deployed indexer skips a block whose RPC call failed, for good. The comparison with the chain
 * finds such blocks; the indexer is then set back to before the first of them.
 */
export function fillGaps(facts: ReindexFacts): Step {
  return {
    id: 'gaps',
    title: 'compare with the chain, and read skipped blocks again',
    command: `tv reindex check --from-block ${facts.fromBlock}`,
    runs: 'tv',
    effect: 'compensable',
    afterwards: 'the undo restores the backup of step 2',
    probe: async () => 'not-done',
    run: async (ctx) => {
      const deadline = Date.now() + facts.timeoutMs;
      // An earlier attempt may have been cut off while it cleared, or between stopping the indexer
      // and starting it.
      await endSessions(ctx.database(), { applicationName: applicationName(ctx.runId) });
      await startUnit(ctx.host(), { unit: facts.indexer.unit, signal: ctx.signal });
      for (let round = 0; ; round++) {
        const { target } = await follow(ctx, facts, deadline);
        const toBlock = await indexedTo(ctx, facts, target);
        const comparison = await compareWithChain(ctx, {
          schema: facts.database.schema,
          contracts: facts.chain.contracts,
          fromBlock: facts.fromBlock,
          toBlock,
          before: facts.database.kinds,
          onProgress: ctx.progress,
        });
        const [first] = comparison.missing.first;
        if (first === undefined) return { comparedTo: toBlock, events: comparison.matched, refills: round };
        if (round === rounds) throw await stillMissing(ctx, facts, comparison.missing);
        await setBack(ctx, facts, first.block);
      }
    },
  };
}

async function setBack(ctx: StepContext, facts: ReindexFacts, firstMissing: number): Promise<void> {
  const { unit } = facts.indexer;
  await stopUnit(ctx.host(), { unit, signal: ctx.signal });
  await assertQuiescent(ctx, facts);
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

/** The newest block that the indexer has certainly looked at. */
async function indexedTo(ctx: StepContext, facts: ReindexFacts, target: number): Promise<number> {
  const cursor = await readCursor(ctx.database(), { schema: facts.database.schema });
  return cursor?.block ?? target;
}

/** Blames the RPC node only where the indexer's journal does so for the first of these blocks. */
async function stillMissing(
  ctx: StepContext,
  { indexer: { unit } }: ReindexFacts,
  { total, first: [first] }: ChainComparison['missing'],
): Promise<TvError> {
  const block = first?.block ?? 0;
  const journal = await answer(readJournal(ctx.host(), { unit, lines: 20, containing: `block ${block}` }));
  const line = journal.known
    ? journal.value.entries.findLast(
        ({ message }) => isError.test(message) && new RegExp(`\\bblock ${block}\\b`).test(message),
      )
    : undefined;
  const node = line !== undefined && isNodeError.test(line.message);
  return new TvError('The indexer has left out events, and does so again each time it reads their blocks.', {
    facts: {
      missing: `${total} events`,
      'first in block': `${block}, ${eventName(first?.topic) ?? 'of a kind unknown here'}`,
      tried: `${rounds} times`,
      journal:
        line?.message.slice(0, 200) ??
        (journal.known ? `no error about block ${block}` : `could not be read: ${journal.reason}`),
    },
    next: [
      node
        ? { when: 'the indexer could not read from its RPC node', tv: ['status'] }
        : onHost(`journalctl -u ${unit} -n 200 --no-pager`),
      { when: 'once that is repaired', tv: ['resume', ctx.runId] },
    ],
  });
}

const isError = /error|exception|fail|traceback|timed? ?out/i;
/** Words of a failed call, as the deployed indexer and web3.py print them. */
const isNodeError = /fetching|rpc|http|connection|timed? ?out|too many requests|\b(429|50[0-9])\b/i;
