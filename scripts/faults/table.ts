import { tableOf } from '../table.ts';
import type { Row } from './look.ts';

const columns = ['fault', 'cause', 'status', 'monitor', 'doctor', 'mended', 'seconds'] as const;

/** The rows as a Markdown table. */
export function printTable(rows: readonly Row[]): string {
  return tableOf(
    columns,
    rows.map((row) => columns.map((column) => String(row[column]))),
  );
}
