import { visibleWidth, wrap } from '../text/layout.ts';

/** Wraps a text of two columns for a terminal that is narrower than it; the second column stays one. */
export function reflow(text: string, width: number): string {
  return text
    .split('\n')
    .map((line) => {
      if (visibleWidth(line) <= width) return line;
      const [left = ''] = /^ *(\S+ )*(\S+)? {2,}/.exec(line) ?? [];
      return left + wrap(line.slice(left.length), width - left.length, ' '.repeat(left.length));
    })
    .join('\n');
}
