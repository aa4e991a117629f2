/** What can go to the journal and come back the same. Big integers travel as decimal strings. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** A value as it comes back from a journal. */
export function asJson(value: unknown): Json {
  return JSON.parse(JSON.stringify(value ?? null)) as Json;
}

/** The id of what the command prints as JSON: `tv.oracle-status/1` for `oracle status`. */
export function schemaId(command: string): string {
  return `tv.${command.replaceAll(' ', '-')}/1`;
}

/** Of an item of a stream that is printed one a line: `tv.logs.item/1`. */
export function itemSchemaId(command: string): string {
  return schemaId(command).replace(/\/1$/, '.item/1');
}
