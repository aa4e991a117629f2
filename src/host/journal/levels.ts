import type { JournalEntry } from './entry.ts';

/** Least severe first. */
export const levels = ['debug', 'info', 'notice', 'warning', 'error', 'critical'] as const;
export type Level = (typeof levels)[number];

/** By syslog priority, 0 to 7. */
const ofPriority: readonly Level[] = [
  ...(['critical', 'critical', 'critical', 'error', 'warning', 'notice', 'info', 'debug'] as const),
];
const ofWord: Readonly<Record<string, Level>> = {
  CRITICAL: 'critical',
  FATAL: 'critical',
  ERROR: 'error',
  WARNING: 'warning',
  WARN: 'warning',
  INFO: 'info',
  DEBUG: 'debug',
};
/** How an error begins that Python prints without logging: `Error processing block 7: …`, `web3.exceptions.X: …`. */
const errorStart = /^\W*(?:(?:error|exception|critical|fatal)\b|[\w.]*(?:Error|Exceptions?)\b)/i;
/** A level precedes the text, behind time and name at most. In characters. */
const wordWithin = 120;

/**
 * How severe an entry is. systemd gives all that a service prints the priority 6, so the level that Python's logging
 * writes into the text counts too: the more severe of both.
 */
export function levelOf({ message, priority }: Pick<JournalEntry, 'message' | 'priority'>): Level {
  const given = ofPriority[priority] ?? 'info';
  const word = /\b(CRITICAL|FATAL|ERROR|WARNING|WARN|INFO|DEBUG)\b/.exec(message.slice(0, wordWithin))?.[1];
  const written = word === undefined ? (errorStart.test(message) ? 'error' : undefined) : ofWord[word];
  if (written === undefined) return given;
  return given === 'info' || levels.indexOf(written) > levels.indexOf(given) ? written : given;
}

/** What counts as an error, in words for an operator. */
export const errorRule =
  'by level, or by "error", "exception", "traceback", "critical" or "fatal" in the text';

const errorWords = /error|exception|traceback|critical|fatal/i;

/** By `errorRule`: at least what `grep -i error` finds. It may find too much; it must not miss an error. */
export function isError({ message, level }: { readonly message: string; readonly level: Level }): boolean {
  return level === 'error' || level === 'critical' || errorWords.test(message);
}
