import * as z from 'zod';
import { planFileSchema } from '../../journal/planFile.ts';
import type { CommandDefinition } from '../../runbook/define.ts';
import { runEvent, tvError } from '../../runbook/eventSchema.ts';
import { itemSchemaId, schemaId } from '../../runbook/json.ts';

/** One form of what `--json` prints, by the value of its field `schema`. */
export interface PublishedSchema {
  readonly id: string;
  /** Undefined where any command may print it. */
  readonly command: string | undefined;
  readonly what: string;
  readonly schema: z.ZodType;
}

/** What every command may print, and what the run of every runbook prints. */
export const commonSchemas: readonly PublishedSchema[] = [
  {
    id: 'tv.error/1',
    command: undefined,
    what: 'An error, one line: the last one that the command prints',
    schema: withId('tv.error/1', tvError),
  },
  {
    id: 'tv.event/1',
    command: undefined,
    what: 'An event of a run, one a line',
    schema: withId('tv.event/1', runEvent, { at: z.iso.datetime() }),
  },
  {
    id: 'tv.plan-file/1',
    command: undefined,
    what: 'A plan file, as --dry-run --out writes it',
    schema: planFileSchema,
  },
];

/** What the command prints besides errors and the events of a run. */
export async function schemasOf(entry: CommandDefinition): Promise<readonly PublishedSchema[]> {
  const { command, summary } = entry;
  const described = await entry.schema?.();
  if (described === undefined) return [];
  const { default: data, item, lines = {} } = described;
  const id = schemaId(command);
  const document = item === undefined ? withId(id, data) : streamed(id, data, item);
  const line = (of: string, schema: z.ZodType): PublishedSchema => ({
    id: of,
    command,
    what: `tv ${command}, one a line: ${summary}`,
    schema: withId(of, schema),
  });
  return [
    { id, command, what: `tv ${command}: ${summary}`, schema: document },
    ...(item === undefined ? [] : [line(itemSchemaId(command), item)]),
    ...Object.entries(lines).map(([of, schema]) => line(of, schema)),
  ];
}

/**
 * The JSON Schema (draft 2020-12) of one form of output, or of one that is any of them.
 * @param options.closed refuses fields that it does not name. Those that are published do not: a later version
 * of tv may add fields without another id.
 */
export function toJsonSchema(
  published: readonly PublishedSchema[],
  { closed = false }: { readonly closed?: boolean } = {},
): Readonly<Record<string, unknown>> {
  const [first, ...others] = published;
  if (first === undefined) throw new Error('no schema');
  const schema =
    others.length === 0 ? first.schema : z.union(published.map((each) => each.schema) as [z.ZodType]);
  const { $schema, ...rest } = z.toJSONSchema(schema, { io: closed ? 'output' : 'input' });
  const title = published.map(({ id }) => id).join(', ');
  return { $schema, title, description: published.map(({ what }) => what).join('. '), ...rest };
}

/** As it is printed: with the field `schema`, and a list as `items`. */
function withId(id: string, schema: z.ZodType, more: z.ZodRawShape = {}): z.ZodType {
  const head = { schema: z.literal(id), ...more };
  if (schema instanceof z.ZodArray) return z.object({ ...head, items: schema });
  if (schema instanceof z.ZodObject) return z.object({ ...head, ...schema.shape, ...head });
  if (schema instanceof z.ZodUnion) {
    return z.union(schema.options.map((option) => withId(id, option as z.ZodType, more)) as [z.ZodType]);
  }
  throw new Error(`${id} is no object, list or union of them`);
}

/** The document of a stream: its items, and then what there is to say about the whole, or the error that ended it. */
function streamed(id: string, data: z.ZodType, item: z.ZodType): z.ZodType {
  const items = { items: z.array(item) };
  return z.union([
    withId(id, data, items),
    withId(id, z.object({ error: tvError }), items),
    withId(id, data),
  ]);
}
