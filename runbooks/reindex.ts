import * as z from 'zod';
import { defineRunbook, field } from '../src/runbook/define.ts';
import { blockNumber, timeSpan } from '../src/runbook/inputs.ts';
import { count } from '../src/text/format.ts';
import { exampleFacts } from './reindex/example.ts';
import type { ReindexFacts } from './reindex/facts.ts';
import { preflight } from './reindex/preflight.ts';
import { backUp } from './reindex/steps/backUp.ts';
import { clearRows } from './reindex/steps/clearRows.ts';
import { fillGaps } from './reindex/steps/fillGaps.ts';
import { followToHead } from './reindex/steps/followToHead.ts';
import { setStartBlock } from './reindex/steps/setStartBlock.ts';
import { startIndexer } from './reindex/steps/startIndexer.ts';
import { stopIndexer } from './reindex/steps/stopIndexer.ts';
import { verify } from './reindex/verify.ts';
import { byHand } from './reindex.byHand.ts';

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
    backup,
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
