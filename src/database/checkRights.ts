import { sql } from 'kysely';
import type { Database } from '../runbook/context.ts';
import type { EventSchema } from './eventSchema.ts';
import { listSequences } from './listSequences.ts';

export type MissingRight = {
  readonly table: string;
  readonly privilege: string;
  /** What cannot be done without it. */
  readonly purpose: 'clear' | 'backup' | 'restore';
};

/** The rights that the role lacks for clearing, backing up (pg_dump reads every table) and putting back. */
export async function checkRights(
  database: Database,
  parameters: { readonly schema: EventSchema },
): Promise<readonly MissingRight[]> {
  const { tables, cursor } = parameters.schema;
  const needs = [
    ...tables.flatMap((t) => [
      need(t, 'SELECT', 'clear'),
      need(t, 'DELETE', 'clear'),
      need(t, 'INSERT', 'restore'),
    ]),
    ...(cursor === null
      ? []
      : [
          need(cursor, 'SELECT', 'clear'),
          need(cursor, 'UPDATE', 'clear'),
          need(cursor, 'INSERT', 'clear'),
          need(cursor, 'DELETE', 'restore'),
        ]),
    ...(await listSequences(database.kysely, parameters)).map((s) => need(s, 'UPDATE', 'restore')),
  ];
  const { rows } = await sql<MissingRight>`
    with needs as (
      select schema, name, privilege, purpose, c.oid, c.relkind
      from json_to_recordset(${JSON.stringify(needs)}::json)
        as n (schema text, name text, privilege text, purpose text)
      join pg_catalog.pg_namespace ns on ns.nspname = n.schema
      join pg_catalog.pg_class c on c.relnamespace = ns.oid and c.relname = n.name
      union
      select ns.nspname, c.relname, 'SELECT', 'backup', c.oid, c.relkind
      from pg_catalog.pg_class c
      join pg_catalog.pg_namespace ns on ns.oid = c.relnamespace
      where c.relkind in ('r', 'p', 'S') and ns.nspname <> 'information_schema' and ns.nspname !~ '^pg_'
    )
    select name as table, privilege, purpose
    from needs
    where not case relkind
      when 'S' then has_sequence_privilege(oid, privilege)
      else has_table_privilege(oid, privilege)
    end
    order by purpose, name, privilege
  `.execute(database.kysely);
  return rows;
}

function need(
  table: { readonly schema: string; readonly name: string },
  privilege: string,
  purpose: MissingRight['purpose'],
) {
  return { schema: table.schema, name: table.name, privilege, purpose };
}
