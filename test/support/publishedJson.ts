import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import {
  commonSchemas,
  type PublishedSchema,
  schemasOf,
  toJsonSchema,
} from '../../src/operations/documents/jsonSchemas.ts';
import { registry } from '../../src/registry.generated.ts';

const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });
const validators = new Map<string, Promise<ValidateFunction>>();

/**
 * Compares what `--json` printed with the schemas that `tv schema` publishes, in the stricter form without unknown
 * fields. What is no JSON (a screen, a call that was killed) is not compared.
 * @throws Error with the first differences
 */
export async function assertPublished(stdout: string): Promise<void> {
  for (const document of documentsIn(stdout)) {
    const { schema: id } = document;
    if (typeof id !== 'string') throw new Error(`--json printed no field "schema": ${excerpt(document)}`);
    const validate = await validatorOf(id);
    if (validate(document)) continue;
    const differences = (validate.errors ?? []).map(({ instancePath, message, params }) =>
      ['  ', instancePath || '/', message, JSON.stringify(params)].join(' '),
    );
    const shown = [...new Set(differences)].slice(0, 12).join('\n');
    throw new Error(`--json differs from the schema ${id}:\n${shown}\n${excerpt(document)}`);
  }
}

/** One document, or one a line. */
function documentsIn(stdout: string): readonly Readonly<Record<string, unknown>>[] {
  const whole = parsed(stdout);
  if (whole !== undefined) return [whole];
  const lines = stdout.split('\n').filter((line) => line !== '');
  const documents = lines.map(parsed);
  // A kill may leave a part of the last line.
  const complete = documents.slice(0, -1);
  if (complete.includes(undefined)) return [];
  return documents.filter((document) => document !== undefined);
}

function parsed(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return value !== null && typeof value === 'object' ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

function validatorOf(id: string): Promise<ValidateFunction> {
  const known = validators.get(id);
  if (known !== undefined) return known;
  const compiled = findSchema(id).then((found) => ajv.compile(toJsonSchema([found], { closed: true })));
  validators.set(id, compiled);
  return compiled;
}

async function findSchema(id: string): Promise<PublishedSchema> {
  const common = commonSchemas.find((each) => each.id === id);
  if (common !== undefined) return common;
  const name = id.replace(/^tv\./, '');
  // Most are found by their command's name, without loading the others.
  const likely = registry.filter(({ command }) => name.startsWith(command.replaceAll(' ', '-')));
  for (const entry of [...likely, ...registry]) {
    const found = (await schemasOf(entry)).find((each) => each.id === id);
    if (found !== undefined) return found;
  }
  throw new Error(`tv schema has no ${id}, which --json printed`);
}

function excerpt(document: unknown): string {
  return JSON.stringify(document).slice(0, 2_000);
}
