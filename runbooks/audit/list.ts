import * as z from 'zod';
import { type AuditEntry, withoutEnded } from '../../src/runbook/audit.ts';
import { defineReport, field } from '../../src/runbook/define.ts';
import type { Paint } from '../../src/runbook/paint.ts';
import { ago } from '../../src/text/format.ts';
import { table } from '../../src/text/layout.ts';

/** `tv audit list`: refused and aborted commands too. */
export default defineReport({
  title: 'Audit log',
  summary: 'List who asked for what, and the outcome',
  order: 1,
  description:
    'Lists who asked for what, and the outcome, newest first. Refused, aborted and crashed commands are listed too, and every override with its reason. The start of a run has an entry of its own, listed while the log has no end of that run: it goes on, or was killed.',
  examples: [{ what: 'Who asked for what', line: 'tv audit list --limit 50' }],
  input: {
    limit: field(
      '--limit <count>',
      'how many to show (default 20)',
      z.coerce.number().int().positive().default(20),
    ),
  },
  collect: async ({ audit }, { limit }) => {
    const listed = withoutEnded(audit.entries());
    return { log: audit.file, total: listed.length, entries: listed.slice(-limit).toReversed() };
  },
  render: ({ entries, log, total }, paint) => {
    if (entries.length === 0) return `The audit log is empty. It will be written to ${log}.\n`;
    const rows = entries.flatMap((entry) => {
      const outcome = paintOutcome(entry, paint);
      const who = `${entry.operator.user}@${entry.operator.host}`;
      const reasons = [
        ...(entry.reason === null ? [] : [entry.reason]),
        ...(entry.approval?.signatures ?? []).map(
          ({ principal, fingerprint }) => `signed by ${principal}, ${fingerprint}`,
        ),
        ...entry.overrides.map(({ check, reason }) => `overruled ${check}: ${reason}`),
      ];
      return [
        [
          String(entry.seq),
          ago(new Date(entry.at), paint.now),
          entry.environment,
          entry.command,
          outcome,
          who,
        ],
        ...reasons.map((reason) => ['', '', '', paint.dim(reason)]),
      ];
    });
    return `${table(rows, '  ', paint.width)}\n${paint.dim(`\n${entries.length} of ${total} entries in ${log}`)}\n`;
  },
});

function paintOutcome({ outcome, exitCode }: AuditEntry, paint: Paint): string {
  if (exitCode === null) return paint.bad(`${outcome}, no end on record`);
  return exitCode === 0 ? paint.ok(outcome) : paint.bad(outcome);
}
