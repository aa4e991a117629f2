import chalk, { Chalk, type ChalkInstance } from 'chalk';
import type { Paint } from '../../runbook/paint.ts';
import { adviceLine, renderNext } from '../advice.ts';
import { renderApprovable } from '../renderPlan.ts';

export interface PaintOptions {
  readonly color: boolean | undefined;
  readonly full: boolean;
  readonly now: Date;
  readonly columns: number | undefined;
  readonly environment: string | undefined;
  readonly piped?: boolean | undefined;
}

/** Narrower terminals wrap by themselves; wider ones gain nothing from longer lines. */
const narrowest = 60;
const widest = 100;

/** The columns to write for at a terminal of so many. */
export function columnsNow(columns: number): number {
  return Math.min(widest, Math.max(narrowest, columns));
}

/**
 * Colours and measures for one screen. chalk decides about colour from the terminal, `NO_COLOR` and
 * `FORCE_COLOR`, unless `--no-color` decided already.
 */
export function terminalPaint(options: PaintOptions): Paint {
  const noColor = options.color === false || (process.env['NO_COLOR'] ?? '') !== '';
  const ink: ChalkInstance = noColor ? new Chalk({ level: 0 }) : chalk;
  return {
    width: columnsNow(options.columns ?? 80),
    full: options.full,
    now: options.now,
    environment: options.environment,
    piped: options.piped,
    ok: (text) => ink.green(text),
    warn: (text) => ink.yellow(text),
    bad: (text) => ink.red(text),
    dim: (text) => ink.dim(text),
    bold: (text) => ink.bold(text),
    tint: (index, text) => [ink.cyan, ink.magenta, ink.blueBright, ink.gray][index % 4]?.(text) ?? text,
    // Methods: the call's flags are added to a copy of this object.
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
