import { join } from 'node:path';
import { explainTrouble, readTrustedFile } from '../config/trustedFile.ts';
import { onThisMachine } from '../errors/advice.ts';
import { TvError } from '../errors/TvError.ts';
import type { Clock } from '../runbook/context.ts';
import type { Operator } from '../runbook/events.ts';
import { maskUrlsIn } from '../text/maskUrl.ts';
import { outsideText } from '../text/outsideText.ts';
import { withoutKeys } from '../text/pastedKeys.ts';
import { quoteForShell } from '../text/shellLine.ts';
import { awaitFileLock } from './fileLock.ts';

/** What a person noted during an incident, for its timeline. */
export interface IncidentNote {
  /** ISO 8601, of when it was written. */
  readonly at: string;
  readonly environment: string;
  /** `user@host`. */
  readonly by: string;
  readonly text: string;
}

/** Of a note, in characters: it is for a sentence or two, not for a log. */
const longest = 2_000;
/** Of the file, in bytes: some 100 000 notes. */
const largest = 64 * 2 ** 20;
const lockMs = 30_000;

/** In the state directory; holds all its environments. */
export function notesFile(stateDirectory: string): string {
  return join(stateDirectory, 'incident-notes.jsonl');
}

/** A note as it is kept: on one line, without keys and passwords of URLs, cut to a length; empty where nothing is left of it. */
export function cleanNote(text: string): string {
  return outsideText(withoutKeys(maskUrlsIn(text)), longest).trim();
}

/**
 * Appends a note, durably. Several processes may do so at the same time.
 * @param parameters.appendLine secrets taken out
 * @throws WriteError where it is not on disk; TvError where another process holds the file
 */
export async function addNote(
  stateDirectory: string,
  {
    text,
    environment,
    operator,
    clock,
    appendLine,
  }: {
    /** As `cleanNote` returns it. */
    readonly text: string;
    readonly environment: string;
    readonly operator: Operator;
    readonly clock: Clock;
    readonly appendLine: (file: string, line: string) => void;
  },
): Promise<IncidentNote & { readonly file: string }> {
  const file = notesFile(stateDirectory);
  // The end of a line that another process is writing would be taken for one that a crash has cut off.
  const release = await awaitFileLock(`${file}.lock`, {
    operator,
    what: 'incident note',
    clock,
    limitMs: lockMs,
  });
  if (release === undefined)
    throw new TvError('notes.unusable', 'The file of the notes is locked.', {
      facts: { file },
      next: { again: [] },
    });
  try {
    const by = `${operator.user}@${operator.host}`;
    const note: IncidentNote = { at: clock.now().toISOString(), environment, by, text };
    appendLine(file, JSON.stringify(note));
    return { ...note, file };
  } finally {
    await release();
  }
}

/**
 * All notes of a state directory, in the order of their writing, and the lines that are none.
 * @throws TvError where the file is there and cannot be read
 */
export function readNotes(stateDirectory: string): {
  readonly file: string;
  readonly notes: readonly IncidentNote[];
  readonly unreadable: number;
} {
  const file = notesFile(stateDirectory);
  const answer = readTrustedFile(file, largest);
  if ('kind' in answer) {
    if (answer.kind === 'missing') return { file, notes: [], unreadable: 0 };
    const { facts, next = onThisMachine(`ls -ld ${quoteForShell(file)}`) } = explainTrouble(answer);
    const reason = facts['reason'] ?? 'unknown';
    throw new TvError('notes.unusable', `The file of the notes cannot be read: ${reason}.`, {
      facts: { file, ...facts },
      next,
    });
  }
  const lines = answer.bytes.toString('utf8').split('\n');
  // A part of a line that a crash has left; the next note takes its place.
  const whole = lines.slice(0, -1);
  const notes = whole.flatMap((line) => parseNote(line) ?? []);
  const torn = lines.at(-1) === '' ? 0 : 1;
  return { file, notes, unreadable: whole.length - notes.length + torn };
}

function parseNote(line: string): IncidentNote | undefined {
  try {
    const { at, environment, by, text } = JSON.parse(line) as Readonly<Record<string, unknown>>;
    const isNote = [at, environment, by, text].every((each) => typeof each === 'string');
    if (!isNote || Number.isNaN(Date.parse(String(at)))) return undefined;
    return {
      ...{ at: String(at), environment: outsideText(String(environment)), by: outsideText(String(by)) },
      text: outsideText(String(text), longest),
    };
  } catch {
    return undefined;
  }
}
