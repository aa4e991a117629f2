import { expect, it } from 'vitest';
import * as z from 'zod';
import schemaCommand from '../../runbooks/schema.ts';
import { toJsonError, toJsonEvent } from '../../src/cli/toJson.ts';
import { TvError } from '../../src/errors/TvError.ts';
import { commonSchemas, schemasOf, toJsonSchema } from '../../src/operations/documents/jsonSchemas.ts';
import { registry } from '../../src/registry.generated.ts';
import { schemaFor } from '../../src/runbook/schemaFor.ts';
import { plainPaint } from '../support/paint.ts';
import { assertPublished } from '../support/publishedJson.ts';

const ctx = { registry } as never;

it('every command that prints a document has a schema', async () => {
  const missing: string[] = [];
  for (const entry of registry) {
    const command = (await entry.load()).default;
    const prints = command.kind === 'runbook' ? command.printout !== undefined : command.kind !== 'control';
    if (prints !== (entry.schema !== undefined)) missing.push(entry.command);
  }
  expect(missing).toEqual([]);
});

it('every stream has the schema of its items', async () => {
  for (const entry of registry) {
    const isStream = (await entry.load()).default.kind === 'stream';
    expect([entry.command, (await entry.schema?.())?.item !== undefined]).toEqual([entry.command, isStream]);
  }
});

it('each id is published once, as a JSON Schema of draft 2020-12 that asks for the id', async () => {
  const all = [...commonSchemas, ...(await Promise.all(registry.map(schemasOf))).flat()];
  expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
  expect(all.map(({ id }) => id)).toEqual(
    expect.arrayContaining([
      'tv.error/1',
      'tv.event/1',
      'tv.plan-file/1',
      'tv.status/1',
      'tv.logs.item/1',
      'tv.monitor-event/1',
    ]),
  );
  for (const published of all) {
    const schema = toJsonSchema([published]);
    expect(schema['$schema']).toBe('https://json-schema.org/draft/2020-12/schema');
    expect(JSON.stringify(schema)).toContain(`{"type":"string","const":"${published.id}"}`);
  }
});

it('a field that tv adds later → still valid by the published schema, and refused in tests', async () => {
  const [error] = commonSchemas;
  const open = JSON.stringify(toJsonSchema(error === undefined ? [] : [error]));
  expect(open).not.toContain('"additionalProperties":false');
  await expect(assertPublished('{"schema":"tv.runbook-show/1","command":"a","markdown":"b"}')).resolves.toBe(
    undefined,
  );
  await expect(
    assertPublished('{"schema":"tv.runbook-show/1","command":"a","markdown":"b","more":1}'),
  ).rejects.toThrow('differs from the schema tv.runbook-show/1');
});

it.each([
  ['a field is missing', '{"schema":"tv.runbook-show/1","command":"a"}', 'markdown'],
  ['a field has another type', '{"schema":"tv.runbook-show/1","command":"a","markdown":1}', 'must be string'],
  ['the id is unknown', '{"schema":"tv.nothing/1"}', 'tv schema has no tv.nothing/1'],
  ['there is no id', '{"command":"a"}', 'no field "schema"'],
  [
    'the second of two lines is wrong',
    '{"schema":"tv.event/1","at":"2026-11-29T03:12:00.000Z","type":"step.started","step":"send"}\n{"schema":"tv.event/1","type":"step.started"}\n',
    'differs from the schema tv.event/1',
  ],
])('%s → the comparison fails', async (_, stdout, message) => {
  await expect(assertPublished(stdout)).rejects.toThrow(message);
});

it('an error and an event, as tv prints them → as published', async () => {
  const error = new TvError('chain.wrong-chain', 'The node is on another chain.', {
    facts: { expected: 4217, found: 1 },
    next: { tv: ['config', 'show'] },
  });
  const place = plainPaint(80);
  const event = toJsonEvent({ type: 'step.started', step: 'send' }, new Date(0), place);
  expect(JSON.parse(event)).toEqual({
    schema: 'tv.event/1',
    at: '1970-01-01T00:00:00.000Z',
    type: 'step.started',
    step: 'send',
  });
  await assertPublished(`${event}${toJsonError(error, place)}`);
});

it('a schema that says less, more or something else than the type → does not compile', () => {
  type Data = {
    readonly at: Date;
    readonly count: bigint;
    readonly note?: string;
    readonly show?: () => void;
  };
  const right = z.object({ at: z.string(), count: z.string(), note: z.string().optional() });
  expect(schemaFor<Data>()(right)).toBe(right);
  // @ts-expect-error the type has a note
  schemaFor<Data>()(z.object({ at: z.string(), count: z.string() }));
  // @ts-expect-error the note may be missing
  schemaFor<Data>()(z.object({ at: z.string(), count: z.string(), note: z.string() }));
  // @ts-expect-error a big integer is printed as digits
  schemaFor<Data>()(z.object({ at: z.string(), count: z.number(), note: z.string().optional() }));
  // @ts-expect-error the type has no name
  schemaFor<Data>()(right.extend({ name: z.string().optional() }));
  // @ts-expect-error another level is possible
  schemaFor<readonly { level: 'ok' | 'critical' }[]>()(z.array(z.object({ level: z.literal('ok') })));
  // @ts-expect-error it may be null
  schemaFor<{ head: { block?: number } | null }>()(
    z.object({ head: z.object({ block: z.number().optional() }) }),
  );
});

it.each([
  [[], 'tv.status/1'],
  [['status'], '"title": "tv.status/1"'],
  [['tv', 'oracle', 'status'], '"title": "tv.oracle-status/1"'],
  [['tv.plan-file/1'], '"title": "tv.plan-file/1"'],
  [['tv.error/1'], '"title": "tv.error/1"'],
  [['resume'], '"title": "tv.event/1"'],
  [['breaker', 'trip'], '"title": "tv.breaker-trip/1, tv.event/1"'],
  [['logs'], '"title": "tv.logs/1, tv.logs.item/1"'],
])('tv schema %j → %s', async (name, shown) => {
  const data = await schemaCommand.collect(ctx, { name });
  expect(schemaCommand.render(data, plainPaint(80), { name })).toContain(shown);
});

it('tv schema of neither a command nor an id → refused', async () => {
  await expect(schemaCommand.collect(ctx, { name: ['nonsense'] })).rejects.toMatchObject({
    code: 'usage.unknown-name',
    exitCode: 2,
  });
});
