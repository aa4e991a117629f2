// The events of the contracts and the rows that they become, read from the chain's words and from PostgreSQL's
// catalogue alone: neither tv's decoder nor the indexer's has a part in it.
import { castBinary } from '../bench/castBinary.mjs';
import { program } from './program.ts';

export interface RawLog {
  readonly address: string;
  readonly topics: readonly string[];
  readonly data: string;
  readonly blockNumber: string;
  readonly transactionHash: string;
  readonly logIndex: string;
}

type Kind = readonly [table: string, columns: Readonly<Record<string, string>>];

const fee = { vault_id: 't1', token: 't2 address', amount: 'd0', total_accrued: 'd1' };
const breaker = { pair_id: 't1 bytes', actor: 't2 address' };

/** By signature: the table, and of each column the topic or the word of the data in which its value is, and its type. */
const kinds: Readonly<Record<string, Kind>> = {
  'Deposited(uint256,address,uint256,address,uint256)': [
    'deposits',
    { vault_id: 't1', token: 't2 address', depositor: 't3 address', amount: 'd0', new_balance: 'd1' },
  ],
  'Withdrawn(uint256,address,uint256,address,uint256)': [
    'withdrawals',
    { vault_id: 't1', token: 't2 address', recipient: 't3 address', amount: 'd0', new_balance: 'd1' },
  ],
  'CapitalDeployed(uint256,uint256,address,address,uint256,bytes32)': [
    'deployments',
    {
      ...{ vault_id: 't1', deployment_id: 't2', strategy: 't3 address' },
      ...{ token: 'd0 address', amount: 'd1', pair_id: 'd2 bytes' },
    },
  ],
  'CapitalRecalled(uint256,uint256,uint256)': [
    'recalls',
    { vault_id: 't1', deployment_id: 't2', amount: 'd0' },
  ],
  'LossRealized(uint256,uint256,address,uint256,uint256,uint256)': [
    'losses',
    {
      ...{ vault_id: 't1', deployment_id: 't2', token: 't3 address' },
      ...{ deployed_amount: 'd0', recovered_amount: 'd1', loss_amount: 'd2' },
    },
  ],
  'PerformanceFeeAccrued(uint256,address,uint256,uint256)': ['performance_fees', fee],
  'ManagementFeeAccrued(uint256,address,uint256,uint256)': ['management_fees', fee],
  'OracleSignalUpdated(bytes32,(int16,uint256,uint256,uint256,uint256,uint256),uint256)': [
    'oracle_updates',
    {
      ...{ pair_id: 't1 bytes', reference_tick: 'd0 signed', peg_deviation: 'd1' },
      ...{ orderbook_depth_bid: 'd2', orderbook_depth_ask: 'd3', signal_timestamp: 'd4', nonce: 'd6' },
    },
  ],
  'CircuitBreakerTriggered(bytes32,address)': ['circuit_breakers', { ...breaker, triggered: '=true' }],
  'CircuitBreakerReset(bytes32,address)': ['circuit_breakers', { ...breaker, triggered: '=false' }],
  'OrderPlaced(bytes32,uint128,int16,uint128,bool,bool)': [
    'orders_placed',
    {
      ...{ pair_id: 't1 bytes', order_id: 't2', token: '=', tick: 'd0 signed' },
      ...{ amount: 'd1', is_bid: 'd2 bool' },
    },
  ],
};

const tables = [...new Set(Object.values(kinds).map(([table]) => table))];

/** The kinds by the first topic of their logs, as cast works it out. */
export async function topicsOfKinds(): Promise<ReadonlyMap<string, string>> {
  const signatures = Object.keys(kinds);
  const topics = await Promise.all(
    signatures.map(async (each) => (await program(castBinary(), ['keccak', each])).trim()),
  );
  return new Map(topics.map((topic, at) => [topic, signatures[at] ?? '']));
}

/** A log as the line that the database has to give for it; undefined where it is of no kind with a table. */
export function lineOfLog(log: RawLog, topics: ReadonlyMap<string, string>): string | undefined {
  const signature = topics.get(log.topics[0] ?? '');
  const kind = signature === undefined ? undefined : kinds[signature];
  if (signature === undefined || kind === undefined) return undefined;
  const [table, columns] = kind;
  const values = Object.entries(columns).map(([name, place]) => [name, valueAt(log, place)] as const);
  return line({
    block: Number(log.blockNumber),
    key: `${log.transactionHash}:${Number(log.logIndex)}`,
    type: signature.replace(/\(.*$/, ''),
    contract: log.address,
    table,
    columns: Object.fromEntries(values),
  });
}

function valueAt(log: RawLog, place: string): string | null {
  if (place.startsWith('=')) return place.slice(1) || null;
  const [where = '', type] = place.split(' ');
  const at = Number(where.slice(1));
  const word = where.startsWith('t')
    ? log.topics[at]?.slice(2)
    : log.data.slice(2 + at * 64, 2 + (at + 1) * 64);
  if (word?.length !== 64) return null;
  switch (type) {
    case 'address':
      return `0x${word.slice(24)}`;
    case 'bytes':
      return `0x${word}`;
    case 'bool':
      return String(BigInt(`0x${word}`) === 1n);
    case 'signed':
      return String(BigInt.asIntN(256, BigInt(`0x${word}`)));
    default:
      return String(BigInt(`0x${word}`));
  }
}

export interface Row {
  readonly block: number;
  readonly key: string;
  readonly type: string;
  readonly contract: string;
  /** Null for an event without a row in the table of its kind. */
  readonly table: string | null;
  readonly columns: Readonly<Record<string, string | null>> | null;
}

/** Text that is equal only where all of it is. */
export function line({ block, key, type, contract, table, columns }: Row): string {
  const cells = Object.entries(columns ?? {})
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value ?? ''}`);
  return [block, key, type, contract, table ?? 'NO ROW', ...cells].join(' ').toLowerCase();
}

const own = `'{id,event_id,block_timestamp}'::text[]`;
const children = tables
  .map((table) => `SELECT event_id, '${table}' AS tbl, to_jsonb(t) - ${own} AS content FROM ${table} t`)
  .join(' UNION ALL ');
const joined = `SELECT e.*, c.tbl, c.content FROM events e LEFT JOIN (${children}) c ON c.event_id = e.id`;

/** One statement, so one moment. Rows up to `settled` are told by a digest alone. */
export const rowsQuery = (settled: number): string => `
  WITH j AS MATERIALIZED (${joined})
  SELECT json_build_object(
    'cursor', (SELECT last_indexed_block FROM indexer_state),
    'stray', (SELECT count(*) FROM (${children}) c WHERE NOT EXISTS (SELECT FROM events e WHERE e.id = c.event_id)),
    'settled', (SELECT md5(string_agg(concat_ws(' ', block_number, transaction_hash, log_index, event_type,
        contract_address, event_data, tbl, content), E'\\n' ORDER BY block_number, transaction_hash, log_index, tbl))
      FROM j WHERE block_number <= ${settled}),
    'rows', (SELECT coalesce(json_agg(json_build_object('block', block_number, 'key', transaction_hash || ':' || log_index,
        'type', event_type, 'contract', contract_address, 'table', tbl, 'columns',
        (SELECT json_object_agg(key, value) FROM jsonb_each_text(content)))), '[]')
      FROM j WHERE block_number > ${settled}))`;

export interface RowsAnswer {
  readonly cursor: number;
  readonly stray: number;
  readonly settled: string | null;
  readonly rows: readonly Row[];
}
