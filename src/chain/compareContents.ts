import { outsideText } from '../text/outsideText.ts';
import { eventByTopic, eventName, isEventName, isEventTable } from './events.ts';
import type { ChainLog } from './readLogs.ts';

/** A row of the event tables, as the database has it. */
export interface EventRow {
  readonly table: string;
  readonly block: number;
  readonly transactionHash: string;
  /** Undefined where the schema keeps none: then only the number of rows per transaction can be compared. */
  readonly logIndex: number | undefined;
  /** The kind as the indexer names it; undefined where the table keeps no kind. */
  readonly kind?: string | undefined;
  /** The following are absent where the table does not keep them. */
  readonly contract?: string;
  readonly blockHash?: string;
  /** Of its block, in seconds since 1970, as if it were written in UTC. */
  readonly time?: number;
}

/** What a row can keep of its log, beside where it is. */
export type Content = 'contract' | 'kind' | 'table' | 'block hash' | 'time';

/** A part of a row that is not as in its log. */
export type Difference = {
  readonly of: Content;
  readonly stored: string;
  readonly onChain: string;
};

/** A row that holds the place of a log, and is of another content. */
export interface DifferingRow extends EventRow {
  readonly differences: readonly Difference[];
}

/** What is known of a log from one answer of a node. */
export type LogContent = Pick<ChainLog, 'topic'> & Partial<Pick<ChainLog, 'address' | 'blockHash' | 'time'>>;

/** No time zone is farther from UTC, in seconds. */
const farthestZone = 14 * 3_600;
/** All offsets are multiples of this, in seconds. */
const zoneStep = 900;

/**
 * Compares a row with the log of the same transaction and index. What the row does not keep, or the node has
 * not returned, is not compared. The kind is judged only where both names are known here: an indexer may name
 * kinds as it likes.
 * @param compared takes what was compared
 */
export function compareContents(
  log: LogContent,
  row: EventRow,
  compared?: Set<Content>,
): readonly Difference[] {
  const found: Difference[] = [];
  const compare = (of: Content, isSame: boolean, stored: string, onChain: string) => {
    compared?.add(of);
    if (!isSame) found.push({ of, stored: outsideText(stored, 100), onChain });
  };
  if (row.contract !== undefined && log.address !== undefined)
    compare('contract', digits(row.contract) === digits(log.address), row.contract, log.address);
  const name = eventName(log.topic);
  if (name !== undefined && row.kind !== undefined && isEventName(row.kind))
    compare('kind', row.kind === name, row.kind, name);
  if (name !== undefined && row.kind === undefined && row.logIndex !== undefined && isEventTable(row.table))
    compare('table', row.table === eventByTopic(log.topic)?.table, row.table, name);
  if (row.blockHash !== undefined && log.blockHash !== undefined)
    compare('block hash', digits(row.blockHash) === digits(log.blockHash), row.blockHash, log.blockHash);
  if (row.time !== undefined && log.time !== undefined)
    compare('time', isSameTime(row.time, log.time), asTime(row.time), asTime(log.time));
  return found;
}

/** `differs from its log: contract 0x11…, on the chain 0x33…` */
export function describeDifferences(differences: readonly Difference[]): string {
  return `differs from its log: ${differences.map(({ of, stored, onChain }) => `${of} ${stored}, on the chain ${onChain}`).join('; ')}`;
}

/** Without the mark of hexadecimal digits, which a text may leave out and PostgreSQL's bytea spells otherwise. */
function digits(hex: string): string {
  return hex.toLowerCase().replace(/^(0x|\\x)/, '');
}

/** The deployed indexer writes local time without its zone: a difference by a zone says nothing. */
function isSameTime(stored: number, onChain: number): boolean {
  const apart = Math.abs(stored - onChain);
  const beside = apart % zoneStep;
  // A column may hold fractions of a second.
  return apart <= farthestZone + 1 && Math.min(beside, zoneStep - beside) <= 1;
}

function asTime(seconds: number): string {
  const date = new Date(seconds * 1_000);
  return Number.isNaN(date.getTime()) ? String(seconds) : date.toISOString();
}
