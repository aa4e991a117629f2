import type { Paint } from '../runbook/paint.ts';

/** The monitoring-plugin convention: exit codes 0 to 3 in this order. */
export type Level = 'ok' | 'warning' | 'critical' | 'unknown';

export const pluginExitCode: Readonly<Record<Level, number>> = { ok: 0, warning: 1, critical: 2, unknown: 3 };

const severity: readonly Level[] = ['ok', 'warning', 'unknown', 'critical'];

/**
 * For comparison: the higher, the worse. What is critical outranks what is unknown, and that a warning: behind what
 * was not read may be worse, and a pager that lets warnings sleep must not miss it. (The C library of
 * monitoring-plugins puts a warning first, `max_state_alt`.)
 */
export function rank(level: Level): number {
  return severity.indexOf(level);
}

/** The worst of all; `ok` where there is none. */
export function worstLevel(levels: readonly Level[]): Level {
  return levels.reduce<Level>((worst, level) => (rank(level) > rank(worst) ? level : worst), 'ok');
}

const marks: Readonly<Record<Level, string>> = { ok: '✔', warning: '!', critical: '✖', unknown: '?' };

/** A mark in the colour of its level. */
export function mark(level: Level, paint: Paint): string {
  return inked(level, marks[level], paint);
}

/** A text in the colour of a level. */
export function inked(level: Level, text: string, paint: Paint): string {
  const ink = { ok: paint.ok, warning: paint.warn, critical: paint.bad, unknown: paint.warn };
  return ink[level](text);
}
