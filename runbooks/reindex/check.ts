import { assertChainId, onRightChain } from '../../src/chain/assertChainId.ts';
import type { EventRow } from '../../src/chain/compareContents.ts';
import { contractAddresses } from '../../src/chain/contracts.ts';
import { eventName } from '../../src/chain/events.ts';
import { readHead } from '../../src/chain/readHead.ts';
import { countRows } from '../../src/database/countRows.ts';
import type { EventSchema } from '../../src/database/eventSchema.ts';
import { readCursor } from '../../src/database/readCursor.ts';
import { readEventSchema } from '../../src/database/readEventSchema.ts';
import { readProgress } from '../../src/database/readProgress.ts';
import { exitCodes, TvError } from '../../src/errors/TvError.ts';
import {
  type ChainComparison,
  compareWithChain,
  describeCompared,
  describeUnpaired,
  doubtsOf,
  groupUnstorable,
} from '../../src/operations/compareWithChain.ts';
import type { Context } from '../../src/runbook/context.ts';
import { defineReport, field } from '../../src/runbook/define.ts';
import { blockNumber } from '../../src/runbook/inputs.ts';
import type { Paint } from '../../src/runbook/paint.ts';
import { count, short } from '../../src/text/format.ts';
import { table, wrap } from '../../src/text/layout.ts';
import { byHand } from './check.byHand.ts';

/** How many missing or surplus events a screen shows; `--json` has up to 1 000. */
const shown = 20;

interface CheckData extends ChainComparison {
  readonly fromBlock: number;
  readonly toBlock: number;
  readonly head: number;
  /** What was left uncompared, or could not be judged, each in a sentence. Empty: the result is complete. */
  readonly uncertain: readonly string[];
}

/** `tv reindex check`: what the indexer skipped, and what the chain does not have. */
export default defineReport({
  title: 'Compare the event tables with the chain',
  summary: 'Compare the event tables with the chain',
  section: '1',
  order: 2,
  description:
    'Reads the logs of the protocol from the chain and compares them with the rows in the database, by transaction hash and log index, and then by what the rows keep of a log: contract, kind, hash and time of the block. The arguments of events and the amounts in the tables of their kinds are not compared; the screen names what was. Lists missing, surplus and differing events: the indexer skips blocks whose RPC call failed, and reports that nowhere else. A row is surplus only where the receipt of its transaction, or its block, confirms it. Events whose row in the table of their kind (deposits, withdrawals, …) is missing are listed too. Kinds that this indexer cannot store are listed apart, with the line of its journal. Exit 1 where they differ, 3 where the RPC node contradicts itself about where logs are, 5 where part of it could not be compared.',
  byHand,
  examples: [
    { what: 'All blocks that the database covers', line: 'tv reindex check' },
    { what: 'Some of them', line: 'tv reindex check --from-block 12345678 --to-block 12350000' },
  ],
  input: {
    fromBlock: field(
      '--from-block <block>',
      'first block (default: the oldest event in the database)',
      blockNumber.optional(),
    ),
    toBlock: field(
      '--to-block <block>',
      'last block (default: as far as the indexer is)',
      blockNumber.optional(),
    ),
  },
  collect: async (ctx, { fromBlock, toBlock }): Promise<CheckData> => {
    const contracts = contractAddresses(ctx.settings);
    const schema = await readEventSchema(ctx.database());
    // The head second: an indexer that works is never ahead of a head that was read after its cursor.
    const [progress, cursor] = await Promise.all([
      readProgress(ctx.database(), { schema }),
      readCursor(ctx.database(), { schema }),
    ]);
    // Behind another chain every row would look as if it were not on the chain.
    const head = (await onRightChain(assertChainId(ctx.chain()), readHead(ctx.chain()))).number;
    const from = fromBlock ?? (await oldestBlock(ctx, schema));
    const to = toBlock ?? Math.min(head, progress.block ?? head);
    if (to > head || from > to) {
      throw new TvError('usage.malformed-value', 'There are no such blocks to compare.', {
        facts: { from: count(from), to: count(to), head: count(head) },
        next: [{ when: 'see how far the indexer and the chain are', tv: ['status'] }],
        exitCode: 2,
      });
    }
    const comparison = await compareWithChain(ctx, { schema, contracts, fromBlock: from, toBlock: to });
    const uncertain = [
      ...aheadOfHead(progress.block, head, toBlock),
      ...(schema.cursor !== null && cursor === undefined && toBlock === undefined
        ? [
            `${schema.cursor.name} holds no block, so it is unknown how far the indexer is: blocks after ${count(to)} were not compared`,
          ]
        : []),
      ...doubtsOf(comparison),
    ];
    return { fromBlock: from, toBlock: to, head, uncertain, ...comparison };
  },
  render: (data, paint) => {
    const { fromBlock, toBlock, matched, missing, surplus, differing, missingBlocks, ignored, uncertain } =
      data;
    const range = `blocks ${count(fromBlock)} to ${count(toBlock)}`;
    const others =
      ignored === 0 ? '' : paint.dim(` (${count(ignored)} logs of kinds that are not indexed here)`);
    const lost = lostRows(data);
    const differs = isDifferent(data);
    const verdict = differs
      ? `${range}: ${count(matched)} events match, ${count(missing.total)} are missing in the database, ${count(surplus.total)} are not on the chain${differing.total === 0 ? '' : `, ${count(differing.total)} are stored otherwise than on the chain`}${others}`
      : `${count(matched)} events of ${range}: the same on the chain and in the database${matched === 0 ? '' : `, by ${describeCompared(data)}`}${others}`;
    const mark = differs ? paint.bad('✖') : uncertain.length > 0 ? paint.warn('!') : paint.ok('✔');
    const line = (sign: string, text: string) => `${sign} ${wrap(text, paint.width - 2, '  ')}`;
    const firstWrong = Math.min(
      missingBlocks.first[0]?.from ?? toBlock,
      missing.first[0]?.block ?? toBlock,
      surplus.first[0]?.block ?? toBlock,
      differing.first[0]?.block ?? toBlock,
      ...lost.map(({ firstBlock }) => firstBlock ?? toBlock),
    );
    return [
      line(mark, verdict),
      ...(lost.length === 0
        ? []
        : [
            line(
              paint.bad('✖'),
              `events whose row in the table of their kind is missing: ${describeUnpaired(lost)}`,
            ),
          ]),
      ...uncertain.map((text) => line(paint.warn('!'), text)),
      ...groupUnstorable(data.unstorable).map(({ kinds, reason }) =>
        line(paint.warn('!'), `kinds that this indexer cannot store, with their logs: ${kinds}. ${reason}`),
      ),
      ...list('Missing in the database', missing.total, missingRows(data, paint), paint),
      ...list('Not on the chain', surplus.total, surplusRows(data, paint), paint),
      ...list('Otherwise than on the chain', differing.total, differingRows(data, paint), paint),
      ...(differs ? ['', paint.next([{ tv: ['reindex', '--from-block', String(firstWrong)] }])] : []),
      ...(!differs && uncertain.length > 0 ? ['', paint.next([{ tv: ['status'] }])] : []),
      '',
    ].join('\n');
  },
  exitCode: (data) =>
    isDifferent(data) ? exitCodes.failed : data.uncertain.length > 0 ? exitCodes.unverified : exitCodes.ok,
});

function isDifferent(data: ChainComparison): boolean {
  return data.missing.total + data.surplus.total + data.differing.total + lostRows(data).length > 0;
}

/** An indexer that never fills a table has lost nothing there. */
function lostRows({ unpaired }: ChainComparison): ChainComparison['unpaired'] {
  return unpaired.filter(({ filled }) => filled);
}

function aheadOfHead(indexed: number | null, head: number, toBlock: number | undefined): readonly string[] {
  if (indexed === null || indexed <= head || toBlock !== undefined) return [];
  return [
    `the database is at block ${count(indexed)}, ahead of the chain's head ${count(head)}: the chain was reorganised or reset, or the RPC node lags; what is above the head was not compared`,
  ];
}

function list(
  title: string,
  total: number,
  rows: readonly (readonly string[])[],
  paint: Paint,
): readonly string[] {
  if (total === 0) return [];
  return ['', paint.bold(`${title}: ${count(total)}`), table(rows), ...(total > rows.length ? ['  …'] : [])];
}

function missingRows({ missing }: CheckData, paint: Paint) {
  return missing.first
    .slice(0, shown)
    .map((log) => [
      count(log.block),
      eventName(log.topic) ?? '',
      `${short(log.transactionHash, paint.full)} #${log.logIndex}`,
    ]);
}

function surplusRows({ surplus }: CheckData, paint: Paint) {
  return surplus.first
    .slice(0, shown)
    .map((row) => [count(row.block), row.kind ?? row.table, placeOf(row, paint), row.reason]);
}

function differingRows({ differing }: CheckData, paint: Paint) {
  return differing.first
    .slice(0, shown)
    .flatMap((row) =>
      row.differences.map(({ of, stored, onChain }, index) => [
        ...(index === 0 ? [count(row.block), row.kind ?? row.table, placeOf(row, paint)] : ['', '', '']),
        `${of} ${stored}, on the chain ${onChain}`,
      ]),
    );
}

function placeOf({ transactionHash, logIndex }: EventRow, paint: Paint): string {
  return `${short(transactionHash, paint.full)}${logIndex === undefined ? '' : ` #${logIndex}`}`;
}

async function oldestBlock(ctx: Context, schema: EventSchema): Promise<number> {
  // Nothing is above the largest safe integer, so every row counts as kept.
  const { lowestKept } = await countRows(ctx.database(), { schema, fromBlock: Number.MAX_SAFE_INTEGER });
  return lowestKept ?? 0;
}
