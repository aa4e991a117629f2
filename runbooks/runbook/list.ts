import { defineReport } from '../../src/runbook/define.ts';
import { renderNext } from '../../src/runbook/next.ts';
import { table } from '../../src/runbook/text.ts';

/** `tv runbook list`: what of the runbook tv does. */
export default defineReport({
  title: 'Procedures',
  intent: 'Lists the procedures of the operations runbook that tv carries out, by section.',
  input: {},
  collect: async ({ shelf }) => ({
    procedures: shelf
      .filter(({ section }) => section !== '')
      .map(({ command, section, summary, risk }) => ({ command, section, summary, risk })),
  }),
  render: ({ procedures }, paint) => {
    const rows = procedures.map(({ section, command, risk, summary }) => [
      /^\d/.test(section) ? `§${section}` : section,
      `tv ${command}`,
      risk,
      paint.dim(summary),
    ]);
    const first = procedures.find(({ risk }) => risk !== 'read')?.command ?? 'status';
    return `${table(rows, '  ', paint.width)}\n\n${renderNext([`tv runbook show ${first}`], paint)}\n`;
  },
});
