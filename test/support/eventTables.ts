import type { TestDatabase } from './postgres.ts';

/** What a raw log's data may hold: everything that COPY, SQL, shells and awk treat specially. */
const awkward = String.raw`E'quote '' double " backslash \\ newline \n return \r tab \t end mark \\.\n\\.\n NULL \\N ünï 🦀 $$ COPY x FROM stdin;'`;

/** Child tables of the deployed form with columns of their own; in `fillRawAndKinds`, also the kinds. */
export const kinds = {
  deposits: 'token varchar(42), amount numeric(78,0) NOT NULL',
  withdrawals: 'token varchar(42), amount numeric(78,0) NOT NULL',
  deployments: 'strategy varchar(42), amount numeric(78,0) NOT NULL',
  recalls: 'amount numeric(78,0) NOT NULL',
  losses: 'amount numeric(78,0) NOT NULL',
  performance_fees: 'amount numeric(78,0) NOT NULL',
  management_fees: 'amount numeric(78,0) NOT NULL',
  oracle_updates: 'pair_id varchar(66), amount numeric(78,0) NOT NULL',
  circuit_breakers: 'pair_id varchar(66), amount numeric(78,0) NOT NULL',
  orders_placed: 'pair_id varchar(66), amount numeric(78,0) NOT NULL',
} as const;

const runbookKinds = [
  'deposits',
  'withdrawals',
  'deployments',
  'recalls',
  'losses',
  'rebalances',
  'circuit_breakers',
];

/** As deployed, and as the original runbook assumes. */
export const eventTables = {
  'raw-and-kinds': `
    CREATE TABLE events (
      id bigserial PRIMARY KEY,
      block_number bigint NOT NULL,
      block_timestamp timestamp NOT NULL,
      transaction_hash varchar(66) NOT NULL,
      log_index integer NOT NULL,
      event_type varchar(64) NOT NULL,
      contract_address varchar(42) NOT NULL,
      event_data jsonb NOT NULL,
      indexed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      UNIQUE (transaction_hash, log_index)
    );
    CREATE INDEX ON events (block_number);
    ${Object.entries(kinds)
      .map(
        ([name, columns]) => `CREATE TABLE ${name} (
          id bigserial PRIMARY KEY,
          event_id bigint NOT NULL REFERENCES events (id),
          ${columns},
          block_timestamp timestamp NOT NULL
        );`,
      )
      .join('\n')}
    CREATE TABLE indexer_state (
      id integer PRIMARY KEY DEFAULT 1 CHECK (id = 1),
      last_indexed_block bigint NOT NULL,
      last_indexed_at timestamp DEFAULT now()
    );
    CREATE VIEW vault_summary AS SELECT sum(amount) AS deposited FROM deposits;`,
  'per-kind': runbookKinds
    .map(
      (name) => `CREATE TABLE ${name} (
        id bigserial PRIMARY KEY,
        block_number bigint NOT NULL,
        tx_hash varchar(66) NOT NULL,
        log_index integer,
        amount numeric(78,0) NOT NULL,
        note text,
        indexed_at timestamptz NOT NULL DEFAULT clock_timestamp()
      );`,
    )
    .join('\n'),
} as const;

/** Three events a block in blocks `from` to `to`, one raw row and one child row each; a cursor at `to`. */
export function fillRawAndKinds(from: number, to: number): string {
  const names = Object.keys(kinds);
  return `
    INSERT INTO events (block_number, block_timestamp, transaction_hash, log_index, event_type, contract_address, event_data)
    SELECT b, timestamp '2026-01-01' + b * interval '1 second', '0x' || lpad(to_hex(b), 64, 'A'), i,
      (ARRAY[${names.map((n) => `'${n}'`).join(', ')}])[(b * 3 + i) % ${names.length} + 1],
      '0x' || repeat('c', 40), jsonb_build_object('text', ${awkward}, 'block', b)
    FROM generate_series(${from}, ${to}) b, generate_series(0, 2) i
    ORDER BY b, i DESC;
    ${names
      .map(
        (name) => `INSERT INTO ${name} (event_id, amount, block_timestamp)
          SELECT id, 115792089237316195423570985008687907853269984665640564039457584007913129639935, block_timestamp
          FROM events WHERE event_type = '${name}' AND block_number BETWEEN ${from} AND ${to} ORDER BY id;`,
      )
      .join('\n')}
    INSERT INTO indexer_state (last_indexed_block) VALUES (${to})
    ON CONFLICT (id) DO UPDATE SET last_indexed_block = excluded.last_indexed_block, last_indexed_at = now();`;
}

/** One event a block and kind in blocks `from` to `to`. */
export function fillPerKind(from: number, to: number): string {
  return runbookKinds
    .map(
      (name, position) => `
        INSERT INTO ${name} (block_number, tx_hash, log_index, amount, note)
        SELECT b, '0x' || lpad(to_hex(b), 64, 'a'), ${position}, b, ${awkward} FROM generate_series(${from}, ${to}) b;`,
    )
    .join('\n');
}

/** Every row of every ordinary table as text, and every sequence's value: equal only where all of it is equal. */
export async function readEverything(database: TestDatabase): Promise<Readonly<Record<string, unknown>>> {
  const tables = await database.admin(`
    SELECT c.relname::text AS name, c.oid::regclass::text AS id
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1`);
  const all: Record<string, unknown> = {};
  for (const { name, id } of tables) {
    const rows = await database.admin(`SELECT t::text AS row FROM ${id} t ORDER BY 1`);
    all[String(name)] = rows.map((r) => r['row']);
  }
  const sequences = await database.admin(
    'SELECT sequencename AS name, last_value FROM pg_sequences ORDER BY 1',
  );
  return { ...all, sequences };
}
