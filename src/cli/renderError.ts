import type { TvError } from '../errors/TvError.ts';
import type { Paint } from '../runbook/paint.ts';
import { shortened } from '../text/format.ts';
import { aligned, wrap } from '../text/layout.ts';
import { renderNext } from './advice.ts';

/** One sentence, the facts aligned under it, then what to do next. `verbose`: also its code and where it arose. */
export function renderError(error: TvError, paint: Paint, verbose: boolean): string {
  const lines = [`${paint.bad('✖')} ${wrap(shortened(error.message, paint), paint.width - 2, '  ')}`];
  const facts = Object.entries(error.facts).map(([name, value]) => [shortened(name, paint), value] as const);
  if (facts.length > 0) lines.push(aligned(facts, paint.width));
  if (error.next.length > 0) lines.push(renderNext(error.next, paint));
  if (verbose) lines.push(paint.dim(`code: ${error.code}`));
  if (verbose && error.stack !== undefined) lines.push(paint.dim(error.stack));
  if (verbose && error.cause instanceof Error) lines.push(paint.dim(`cause: ${error.cause.stack}`));
  return `${lines.join('\n')}\n`;
}
