import type { Host } from '../runbook/context.ts';
import { detectSystemd } from './detectSystemd.ts';
import { CommandMissingError } from './explainFailure.ts';
import { type JournalEntry, parseEntry } from './journal/entry.ts';
import { journalObstacle } from './journal/obstacle.ts';
import { assertUnitName } from './readUnits.ts';

export type { JournalEntry };

export interface Journal {
  /** False: no line can be read, so the absence of errors means nothing. `reason` says why. */
  readonly available: boolean;
  readonly reason: string | undefined;
  /** Oldest first. */
  readonly entries: readonly JournalEntry[];
}

export interface ReadJournalParameters {
  readonly unit: string;
  /** The newest so many. */
  readonly lines: number;
  readonly since?: Date;
  /** Only lines with this text, found by journalctl itself: a word of letters, digits and blanks. */
  readonly containing?: string;
}

/** Where journalctl cannot search, so many of the newest lines are searched here. */
const withoutGrepLines = 5_000;

/**
 * The newest journal entries of a unit, without the passwords that a service may have printed in URLs.
 * A host without a journal is an answer too, and so is a journal without a line of the unit.
 */
export async function readJournal(
  host: Host,
  { unit, lines, since, containing }: ReadJournalParameters,
): Promise<Journal> {
  assertUnitName(unit);
  const command = (count: number, ...more: readonly string[]) => [
    ...['journalctl', '-u', unit, '-n', String(count), '-o', 'json', '--all', '--no-pager', ...more],
    ...(since === undefined ? [] : [`--since=@${Math.floor(since.getTime() / 1000)}`]),
  ];
  try {
    const grep = containing === undefined ? [] : [`--grep=${containing}`];
    let output = await host.run(command(lines, ...grep));
    const withoutGrep = /compiled without pattern matching/i.test(output.stderr);
    if (containing !== undefined && withoutGrep) output = await host.run(command(withoutGrepLines));
    const parsed = parseJournal(output.stdout);
    // --grep with -n implies --reverse, from systemd 252 on (journalctl(1)).
    const newestFirst = (parsed[0]?.at ?? 0) > (parsed.at(-1)?.at ?? 0);
    const all = newestFirst ? parsed.toReversed() : parsed;
    const entries =
      containing === undefined
        ? all
        : all.filter(({ message }) => message.includes(containing)).slice(-lines);
    if (entries.length > 0) return { available: true, reason: undefined, entries };
    // With --grep, exit code 1 and silence mean that no line matches.
    const noMatch = containing !== undefined && output.exitCode === 1 && output.stderr.trim() === '';
    const reason = noMatch ? undefined : journalObstacle(output);
    if (reason !== undefined) return { available: false, reason, entries };
  } catch (error) {
    if (!(error instanceof CommandMissingError)) throw error;
    return { available: false, reason: error.message, entries: [] };
  }
  const systemd = await detectSystemd(host);
  if (!systemd.available) return { available: false, reason: systemd.reason, entries: [] };
  // In a part of the journal there may well be no line; in the whole of it there is one of each start.
  if (since !== undefined || containing !== undefined)
    return { available: true, reason: undefined, entries: [] };
  return { available: false, reason: `no journal lines of ${unit}`, entries: [] };
}

/** `journalctl -o json`: one object a line. Lines that are none are passed over. */
export function parseJournal(output: string): JournalEntry[] {
  return output.split('\n').flatMap((line) => parseEntry(line) ?? []);
}
