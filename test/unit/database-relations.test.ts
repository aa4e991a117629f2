import { afterAll, expect, it } from 'vitest';
import { connectDatabase } from '../../src/database/connectDatabase.ts';

const database = connectDatabase({
  url: 'postgres://tv@host/vault',
  timeoutMs: 1_000,
  applicationName: 'tv',
});
afterAll(() => database.close());

it('a column that a relation of PostgreSQL does not have → refused by the type checker', () => {
  // @ts-expect-error: pg_locks has no such column
  const query = database.kysely.selectFrom('pg_catalog.pg_locks').select('locked_by');
  expect(query.compile().sql).toBe('select "locked_by" from "pg_catalog"."pg_locks"');
});

it('a relation is named with its schema, whatever the search path is', () => {
  const query = database.kysely.selectFrom('pg_catalog.pg_class as c').select('c.oid');
  expect(query.compile().sql).toBe('select "c"."oid" from "pg_catalog"."pg_class" as "c"');
});
