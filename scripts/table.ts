/** Rows of cells as a Markdown table. @param padded columns of one width, for a terminal; default true */
export function tableOf(
  columns: readonly string[],
  rows: readonly (readonly string[])[],
  { padded = true }: { readonly padded?: boolean } = {},
): string {
  const [head = [], ...body] = [columns, ...rows].map((row) =>
    row.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')),
  );
  const widths = columns.map((_, at) =>
    padded ? Math.max(...[head, ...body].map((row) => row[at]?.length ?? 0)) : 2,
  );
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, at) => (padded ? cell.padEnd(widths[at] ?? 0) : cell)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line), ''].join('\n');
}
