import { type CommandDefinition, defineReport } from '../../src/runbook/define.ts';
import { table } from '../../src/text/layout.ts';

interface Procedure extends Pick<CommandDefinition, 'section' | 'summary' | 'risk'> {
  readonly command: string;
}

/** `tv runbook list`: the sections of the runbook that tv has commands for. */
export default defineReport({
  title: 'Procedures',
  summary: 'List the procedures',
  order: 1,
  settings: 'none',
  description: 'Lists the procedures of the operations runbook that tv carries out, by section.',
  examples: [{ what: 'All procedures and their sections', line: 'tv runbook list' }],
  input: {},
  collect: async ({ registry }): Promise<{ readonly procedures: readonly Procedure[] }> => ({
    procedures: registry
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
    return `${table(rows, '  ', paint.width)}\n\n${paint.next([{ tv: ['runbook', 'show', first] }])}\n`;
  },
});
