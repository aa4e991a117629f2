import { defineReport } from '../../src/runbook/define.ts';

/** `tv audit verify`: exit 1 where the chain is broken. */
export default defineReport({
  title: 'Verify the audit log',
  summary: 'Check that no audit entry was changed or removed',
  order: 2,
  description:
    'Walks the hash chain of the audit log and names every entry that was changed, removed, added or moved.',
  input: {},
  collect: async ({ audit }) => ({ log: audit.file, ...audit.verify() }),
  render: ({ log, entries, intact, problems }, paint) =>
    intact
      ? `${paint.ok('✔')} ${entries} entries, unbroken from the first to the last\n${paint.dim(`  ${log}`)}\n`
      : `${paint.bad('✖')} The audit log was tampered with, or damaged.\n  ${log}\n${problems.map((line) => `  ${line}`).join('\n')}\n${paint.next(['compare it with your copy of the log, and treat this host as suspect'])}\n`,
  exitCode: ({ intact }) => (intact ? 0 : 1),
});
