import { harmless } from '../../src/runbook/concurrency.ts';
import { defineRunbook } from '../../src/runbook/define.ts';
import { bytes, count } from '../../src/text/format.ts';
import { exampleFacts, type VacuumFacts } from './vacuum/facts.ts';
import { preflight } from './vacuum/preflight.ts';
import { vacuumTables } from './vacuum/vacuumTables.ts';
import { verify } from './vacuum/verify.ts';
import { byHand } from './vacuum.byHand.ts';

const input = {};

/** Runbook §3, "Vacuum and Analyze". */
export default defineRunbook<typeof input, VacuumFacts>({
  title: 'Vacuum the database',
  summary: 'Reclaim dead rows and refresh the statistics',
  section: '3',
  order: 11,
  risk: 'mild',
  description: `
Frees the room of rows that were deleted or changed, and renews the statistics that the planner goes
by: VACUUM (ANALYZE), table by table. The services keep running; nothing is locked against them. Run
weekly (\`tv db schedule install\`), and after a reindex.`,
  byHand,
  input,
  example: { facts: exampleFacts, input: {} },
  onFailure: 'stop',
  // It touches nothing that another run has begun; the next one on schedule does what one before has left.
  concurrency: () => harmless,
  preflight,
  basis: ({ database, tables }) => ({
    database,
    tables: tables.map(({ schema, name }) => `${schema}.${name}`),
  }),
  consequence: ({ tables }) =>
    `This cleans ${tables.length} tables of ${bytes(sum(tables.map((table) => table.bytes)))} with ${count(
      sum(tables.map((table) => table.deadRows)),
    )} dead rows. No row that is in use is touched.`,
  plan: (facts) => [vacuumTables(facts)],
  verify,
});

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
