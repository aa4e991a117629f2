import { assertUsable } from '../../src/config/problem.ts';
import { describeAll } from '../../src/operations/documents/runbookDocument.ts';
import { defineReport } from '../../src/runbook/define.ts';

/** `tv runbook export > RUNBOOK.md`: the document that cannot drift from the tool. */
export default defineReport({
  title: 'The operations runbook',
  summary: 'Write the whole operations runbook as Markdown',
  order: 3,
  settings: 'as-found',
  description: `Writes the complete operations runbook as Markdown, made from the same definitions that tv runs by. Each
section also has the procedure without tv: checks, commands that run as printed, how to verify them, and what not
to do. With -e its block of definitions has the environment's own addresses, units and paths, and never a
password; without, they are read from .env or filled in. Export it before you need it.`,
  examples: [
    { what: 'A copy for the day on which tv does not work', line: 'tv runbook export > RUNBOOK.md' },
  ],
  input: {},
  collect: async ({ registry, version, settings, settingsOrigins }) => {
    if (!settingsOrigins.named) return { version, markdown: await describeAll(registry, version) };
    assertUsable(settingsOrigins);
    const environment = { name: settings.environment, settings };
    return { version, markdown: await describeAll(registry, version, environment) };
  },
  render: ({ markdown }) => markdown,
});
