import { defineReport } from '../../src/runbook/define.ts';
import { describeAll } from '../../src/runbook/document.ts';

/** `tv runbook export > RUNBOOK.md`: the document that cannot drift from the tool. */
export default defineReport({
  title: 'The operations runbook',
  intent:
    'Writes the complete operations runbook as Markdown, made from the same definitions that tv runs by.',
  input: {},
  collect: async ({ shelf, version }) => ({ version, markdown: await describeAll(shelf, version) }),
  render: ({ markdown }) => markdown,
});
