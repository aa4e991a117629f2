import { eventName } from '../../chain/events.ts';
import { onHost } from '../../errors/advice.ts';
import { answer } from '../../errors/answer.ts';
import { TvError } from '../../errors/TvError.ts';
import { readJournal } from '../../host/readJournal.ts';
import type { StepContext } from '../../runbook/define.ts';
import type { ChainComparison } from '../compareWithChain.ts';

/**
 * The error of an indexer that leaves out events however often it reads their blocks. Blames the RPC node only where the indexer's journal does so for the first of these blocks.
 */
export async function missingEvents(
  ctx: StepContext,
  parameters: {
    /** Whose journal is searched. */
    readonly unit: string;
    readonly missing: ChainComparison['missing'];
    /** How many times their blocks were read. */
    readonly tried: number;
  },
): Promise<TvError> {
  const { unit, tried } = parameters;
  const {
    total,
    first: [first],
  } = parameters.missing;
  const block = first?.block ?? 0;
  const journal = await answer(readJournal(ctx.host(), { unit, lines: 20, containing: `block ${block}` }));
  const line = journal.known
    ? journal.value.entries.findLast(
        ({ message }) => isError.test(message) && new RegExp(`\\bblock ${block}\\b`).test(message),
      )
    : undefined;
  const node = line !== undefined && isNodeError.test(line.message);
  return new TvError(
    'indexer.missing-events',
    'The indexer has left out events, and does so again each time it reads their blocks.',
    {
      facts: {
        missing: `${total} events`,
        'first in block': `${block}, ${eventName(first?.topic) ?? 'of a kind unknown here'}`,
        tried: `${tried} times`,
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
    },
  );
}

const isError = /error|exception|fail|traceback|timed? ?out/i;
/** Words of a failed call, as the deployed indexer and web3.py print them. */
const isNodeError = /fetching|rpc|http|connection|timed? ?out|too many requests|\b(429|50[0-9])\b/i;
