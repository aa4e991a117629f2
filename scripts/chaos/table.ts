import type { Ending } from './play.ts';

const columns = [
  'command',
  'fault',
  'tried',
  'done',
  'refused',
  'recovered',
  'repeated',
  'abandoned',
  'violated',
] as const;
type Result = Ending['result'];
type Counts = Record<Result, number>;

/** How often what came of each command with each fault. */
export class Tally {
  readonly #counts = new Map<string, Counts>();

  add({ action: { command, fault }, result }: Pick<Ending, 'action' | 'result'>): void {
    const key = JSON.stringify([command, fault]);
    const counts = this.#counts.get(key) ?? {
      done: 0,
      refused: 0,
      recovered: 0,
      repeated: 0,
      abandoned: 0,
      violated: 0,
    };
    counts[result] += 1;
    this.#counts.set(key, counts);
  }

  sum(result: Result): number {
    return [...this.#counts.values()].reduce((sum, counts) => sum + counts[result], 0);
  }

  /** As a Markdown table. */
  toString(): string {
    const rows = [...this.#counts]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, counts]) => {
        const [command, fault] = JSON.parse(key) as [string, string];
        const tried = Object.values(counts).reduce((sum, each) => sum + each, 0);
        return columns.map((name) => ({ command, fault, tried: String(tried), ...textsOf(counts) })[name]);
      });
    const cells = [columns, ...rows];
    const widths = columns.map((_, at) => Math.max(...cells.map((row) => row[at]?.length ?? 0)));
    const line = (row: readonly string[]) =>
      `| ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`;
    return [line(columns), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
  }
}

function textsOf(counts: Counts): Record<Result, string> {
  return Object.fromEntries(Object.entries(counts).map(([name, many]) => [name, String(many)])) as Record<
    Result,
    string
  >;
}
