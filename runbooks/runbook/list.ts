import { defineReport } from '../../src/runbook/define.ts';
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
    return `${table(rows)}\n\nNext: tv runbook show ${procedures.find(({ risk }) => risk !== 'read')?.command ?? ''}\n`;
  },
});
