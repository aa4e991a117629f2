import { adviceLine, renderNext } from '../../src/cli/advice.ts';
import { renderApprovable } from '../../src/cli/renderPlan.ts';
import type { Paint } from '../../src/runbook/paint.ts';

const now = new Date('2026-11-23T03:12:00.000Z');

/** No colour, like a file or a pipe. */
export function plainPaint(width: number, environment?: string): Paint {
  const plain = (text: string) => text;
  const full = false;
  return {
    ...{ width, full, now, environment, ok: plain, warn: plain, bad: plain, dim: plain, bold: plain },
    tint: (_, text) => text,
    next(advice) {
      return renderNext(advice, this);
    },
    plan(shown, heading) {
      return renderApprovable(shown, heading, this);
    },
    line(advice) {
      return adviceLine(advice, this);
    },
  };
}

/** Real codes, always on. */
export function colourPaint(width: number): Paint {
  const ink = (code: number, end: number) => (text: string) => `\u001b[${code}m${text}\u001b[${end}m`;
  return {
    ...plainPaint(width),
    ok: ink(32, 39),
    warn: ink(33, 39),
    bad: ink(31, 39),
    dim: ink(2, 22),
    bold: ink(1, 22),
    tint: (index, text) => ink([36, 35, 94, 90][index % 4] ?? 39, 39)(text),
  };
}
