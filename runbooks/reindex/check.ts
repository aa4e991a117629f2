import { readHead } from '../../src/chain/readHead.ts';
import { countRows } from '../../src/database/countRows.ts';
import { readEventSchema } from '../../src/database/readEventSchema.ts';
import { readProgress } from '../../src/database/readProgress.ts';
import { TvError } from '../../src/errors/TvError.ts';
import { defineReport, field } from '../../src/runbook/define.ts';
import { blockNumber } from '../../src/runbook/inputs.ts';
import { renderNext } from '../../src/runbook/next.ts';
import { count, short, table, wrap } from '../../src/runbook/text.ts';
import { compareWithChain } from './compare.ts';

/** How many missing or surplus events a screen shows; `--json` has up to 1 000. */
const shown = 20;

/** `tv reindex check`: what the indexer skipped, and what the chain does not have. */
export default defineReport({
  title: 'Compare the event tables with the chain',
  intent:
    'Reads the logs of the protocol from the chain and compares them with the rows in the database, by transaction hash and log index. Lists missing and surplus events: the indexer skips blocks whose RPC call failed, and nothing else would tell. Exit 1 where they differ.',
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
  collect: async (ctx, { fromBlock, toBlock }) => {
    const contracts = Object.values(ctx.settings.contracts).filter((address) => address !== undefined);
    const [schema, head] = await Promise.all([readEventSchema(ctx.database()), readHead(ctx.chain())]);
    const from = fromBlock ?? (await oldestBlock(ctx, schema));
    const to =
      toBlock ?? Math.min(head.number, (await readProgress(ctx.database(), { schema })).block ?? head.number);
    if (to > head.number || from > to) {
      throw new TvError('There are no such blocks to compare.', {
        facts: { from: count(from), to: count(to), head: count(head.number) },
        next: ['see how far the indexer and the chain are: tv status'],
        exitCode: 2,
      });
    }
    const comparison = await compareWithChain(ctx, { schema, contracts, fromBlock: from, toBlock: to });
    return { fromBlock: from, toBlock: to, ...comparison };
  },
  render: (data, paint) => {
    const { fromBlock, toBlock, matched, missing, surplus, missingBlocks, ignored } = data;
    const range = `blocks ${count(fromBlock)} to ${count(toBlock)}`;
    const others = ignored === 0 ? '' : paint.dim(` (${count(ignored)} logs of kinds that are not indexed)`);
    if (missing.total === 0 && surplus.total === 0) {
      const same = `${count(matched)} events of ${range}: the same on the chain and in the database${others}`;
      return `${paint.ok('✔')} ${wrap(same, paint.width - 2, '  ')}\n`;
    }
    const firstWrong = Math.min(missingBlocks.first[0]?.from ?? toBlock, surplus.first[0]?.block ?? toBlock);
    const differ = `${range}: ${count(matched)} events match, ${count(missing.total)} are missing in the database, ${count(surplus.total)} are not on the chain${others}`;
    const list = (title: string, total: number, rows: readonly (readonly string[])[]) =>
      total === 0
        ? []
        : ['', paint.bold(`${title}: ${count(total)}`), table(rows), ...(total > rows.length ? ['  …'] : [])];
    return [
      `${paint.bad('✖')} ${wrap(differ, paint.width - 2, '  ')}`,
      ...list(
        'Missing in the database',
        missing.total,
        missing.first
          .slice(0, shown)
          .map((log) => [
            count(log.block),
            log.event ?? '',
            `${short(log.transactionHash, paint.full)} #${log.logIndex}`,
          ]),
      ),
      ...list(
        'Not on the chain',
        surplus.total,
        surplus.first
          .slice(0, shown)
          .map((row) => [
            count(row.block),
            row.table,
            `${short(row.transactionHash, paint.full)}${row.logIndex === undefined ? '' : ` #${row.logIndex}`}`,
          ]),
      ),
      '',
      renderNext([`tv reindex --from-block ${firstWrong}`], paint),
      '',
    ].join('\n');
  },
  exitCode: ({ missing, surplus }) => (missing.total + surplus.total === 0 ? 0 : 1),
});

async function oldestBlock(
  ctx: Parameters<typeof compareWithChain>[0],
  schema: Awaited<ReturnType<typeof readEventSchema>>,
): Promise<number> {
  // Nothing is above the largest safe integer, so every row counts as kept.
  const { lowestKept } = await countRows(ctx.database(), { schema, fromBlock: Number.MAX_SAFE_INTEGER });
  return lowestKept ?? 0;
}
