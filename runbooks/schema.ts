import * as z from 'zod';
import { UsageError } from '../src/errors/TvError.ts';
import { commonSchemas, schemasOf, toJsonSchema } from '../src/operations/documents/jsonSchemas.ts';
import { type CommandDefinition, defineReport, field } from '../src/runbook/define.ts';
import { table } from '../src/text/layout.ts';

interface Shown {
  /** The list; empty where one was asked for. */
  readonly schemas: readonly { readonly id: string; readonly what: string }[];
  readonly document: Readonly<Record<string, unknown>> | null;
}

/** `tv schema status > status.schema.json`. */
export default defineReport({
  title: 'JSON schemas',
  summary: 'Print the JSON Schema of what --json prints',
  order: 5,
  settings: 'none',
  description: `
Prints the JSON Schema (draft 2020-12) of what \`--json\` of a command prints, or that of one id: the value of the
field \`schema\`. Without a name it lists the ids. A command that prints more than one form has all of them in one
schema.

Each line of a run is an event (\`tv.event/1\`), whichever command it belongs to. Any command may end with an error
(\`tv.error/1\`). The number at the end of an id rises where a field is removed or gets another meaning. A later tv
may add fields, events and codes without that.`,
  examples: [{ what: 'What tv oracle status --json prints', line: 'tv schema oracle status' }],
  input: {
    name: field(
      '[name...]',
      'a command (oracle status) or an id (tv.error/1)',
      z.array(z.string()).default([]),
    ),
  },
  collect: async ({ registry }, { name }): Promise<Shown> => {
    const wanted = name.join(' ').replace(/^tv /, '');
    const entry = registry.find(({ command, aliases }) => command === wanted || aliases?.includes(wanted));
    if (entry !== undefined) return { schemas: [], document: toJsonSchema(await printedBy(entry)) };
    const all = [...commonSchemas, ...(await Promise.all(registry.map(schemasOf))).flat()];
    if (wanted === '') return { schemas: all.map(({ id, what }) => ({ id, what })), document: null };
    const found = all.filter(({ id }) => id === wanted);
    if (found.length > 0) return { schemas: [], document: toJsonSchema(found) };
    throw new UsageError('usage.unknown-name', `There is no command and no schema "${wanted}".`, {
      next: { tv: ['schema'] },
    });
  },
  render: ({ schemas, document }, paint) =>
    document === null
      ? `${table(
          schemas.map(({ id, what }) => [id, paint.dim(what)]),
          '',
          paint.width,
        )}\n`
      : `${JSON.stringify(document, null, 2)}\n`,
});

/** Where it runs something, also the events of the run. */
async function printedBy(entry: CommandDefinition) {
  const own = await schemasOf(entry);
  const events = commonSchemas.filter(({ id }) => id === 'tv.event/1');
  const { kind } = (await entry.load()).default;
  return kind === 'runbook' || kind === 'control' ? [...own, ...events] : own;
}
