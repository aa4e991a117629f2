import { wrap } from '../text/layout.ts';
import type { HelpLine } from './help.ts';

/** Help for a terminal narrower than it. A file of its own, since only such a terminal loads the layout. */
export function reflow(lines: readonly HelpLine[], width: number): readonly HelpLine[] {
  return lines.map((line) => {
    if (typeof line === 'string') return wrap(line, width);
    const [left, text] = line;
    return [left, wrap(text, width - left.length, ' '.repeat(left.length))];
  });
}
