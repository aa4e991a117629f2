import { describeAll } from '../../src/operations/documents/runbookDocument.ts';
import { defineReport } from '../../src/runbook/define.ts';

/** `tv runbook export > RUNBOOK.md`: the document that cannot drift from the tool. */
export default defineReport({
  title: 'The operations runbook',
  summary: 'Write the whole operations runbook as Markdown',
  order: 3,
  settings: 'none',
  description:
    'Writes the complete operations runbook as Markdown, made from the same definitions that tv runs by.',
  input: {},
  collect: async ({ registry, version }) => ({ version, markdown: await describeAll(registry, version) }),
  render: ({ markdown }) => markdown,
});
