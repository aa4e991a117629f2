import type stringWidth from 'string-width';

/** Characters of one column each, whatever is beside them: ASCII, Latin-1 and the signs of tv's own screens. */
const single = /^[ -~¡-¬®-ÿ–’…↩→−≤≥▀-▓●✓✔✖✗✘]*$/;

/** Colours and weights (ECMA-48, SGR). They take no column. */
const colour = new RegExp(`${'\x1b'}\\[[\\d;]*m`, 'g');

/** Columns that a text takes on a terminal: colours and combining marks take none, CJK and emoji two. */
export function visibleWidth(text: string): number {
  const bare = text.replace(colour, '');
  return single.test(bare) ? bare.length : widthOfAny(bare);
}

let library: typeof stringWidth | undefined;

/** With string-width, whose Intl.Segmenter takes 25 ms of CPU time to make: most calls of tv never need it. */
function widthOfAny(text: string): number {
  // Not an import(), which answers later. The build bundles it all the same.
  library ??= (require('string-width') as { readonly default: typeof stringWidth }).default;
  return library(text);
}

export function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - visibleWidth(text)));
}

/** Not between the groups of a number: half of an amount reads like another amount. */
const breaks = /(?<!\d) | (?!\d{3}(?!\d))/;

/**
 * Breaks at spaces so that no line takes more than `width` columns; `indent` goes in front of every
 * line but the first and is not counted. A word that is too long by itself stays whole, so that it
 * can be copied, and so does a number with spaces in it.
 *
 * wrap-ansi is not used: it rewrites text in Unicode's composed form (NFC), so that a file name copied
 * from the screen may not exist, and it breaks a number between its groups.
 */
export function wrap(text: string, width: number, indent = ''): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(breaks)) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line !== '' && visibleWidth(longer) > width) {
      lines.push(line);
      line = word;
    } else {
      line = longer;
    }
  }
  lines.push(line);
  return lines.join(`\n${indent}`);
}

/** Two columns: names padded to the widest, values wrapped under themselves. */
export function aligned(rows: readonly (readonly [string, string])[], width: number, indent = '  '): string {
  const names = Math.max(0, ...rows.map(([name]) => visibleWidth(name)));
  const gap = indent.length + names + 2;
  return rows
    .map(([name, value]) => `${indent}${padEnd(name, names)}  ${wrap(value, width - gap, ' '.repeat(gap))}`)
    .join('\n');
}

/**
 * A table: every column as wide as its widest cell. The last cell of a row is free, and wrapped under
 * itself where a `width` is given and leaves room for it.
 */
export function table(rows: readonly (readonly string[])[], indent = '  ', width?: number): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.slice(0, -1).forEach((cell, index) => {
      widths[index] = Math.max(widths[index] ?? 0, visibleWidth(cell));
    });
  }
  return rows
    .map((row) => {
      const padded = row.slice(0, -1).map((cell, index) => `${padEnd(cell, widths[index] ?? 0)}  `);
      const start = `${indent}${padded.join('')}`;
      const room = (width ?? Number.POSITIVE_INFINITY) - visibleWidth(start);
      const last = row.at(-1) ?? '';
      const text = room >= narrowestCell ? wrap(last, room, ' '.repeat(visibleWidth(start))) : last;
      return `${start}${text}`.trimEnd();
    })
    .join('\n');
}

/** Columns; wrapping a sentence into less is harder to read than a long line. */
const narrowestCell = 16;
