import type { Host } from '../runbook/context.ts';
import { maskUrlsIn } from '../text/maskUrl.ts';
import { outsideText } from '../text/outsideText.ts';
import { detectSystemd } from './detectSystemd.ts';
import { CommandMissingError, lastLine } from './explainFailure.ts';
import { assertUnitName } from './readUnits.ts';

export interface JournalEntry {
  readonly at: Date;
  readonly message: string;
  /** 0 emergency to 7 debug (syslog); 6 where the entry has none. */
  readonly priority: number;
}

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

/** In characters. */
const longestLine = 4_000;
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
    // journalctl ends well and in silence where there is no journal, and where it may not be read.
    const obstacle = /^(No journal files were.*|Hint: You are currently not seeing.*)$/m.exec(
      output.stderr,
    )?.[0];
    // With --grep, exit code 1 and silence mean that no line matches.
    const noMatch = containing !== undefined && output.exitCode === 1 && output.stderr.trim() === '';
    if (obstacle !== undefined || (output.exitCode !== 0 && !noMatch)) {
      return { available: false, reason: obstacle ?? lastLine(output.stderr), entries };
    }
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
  return output.split('\n').flatMap((line) => parseJournalLine(line) ?? []);
}

/** One line of `journalctl -o json`, for reading along with `-f`. */
export function parseJournalLine(line: string): JournalEntry | undefined {
  if (!line.startsWith('{')) return undefined;
  const fields = parseObject(line);
  const micros = Number(fields['__REALTIME_TIMESTAMP']);
  if (!Number.isFinite(micros)) return undefined;
  const priority = Number(fields['PRIORITY'] ?? 6);
  return {
    at: new Date(micros / 1000),
    message: maskUrlsIn(cleanLines(toMessage(fields['MESSAGE']))),
    priority: Number.isInteger(priority) ? priority : 6,
  };
}

/** The lines of an entry stay apart: what a traceback says is in its last one. */
function cleanLines(message: string): string {
  return message
    .split('\n')
    .map((line) => outsideText(line, longestLine))
    .join('\n');
}

function parseObject(line: string): Record<string, unknown> {
  try {
    return JSON.parse(line);
  } catch {
    return {};
  }
}

/** Text; or its bytes where it is not clean UTF-8; or an array of either where the field occurs twice. */
function toMessage(field: unknown): string {
  if (typeof field === 'string') return field;
  if (!Array.isArray(field)) return '';
  if (field.every((byte) => typeof byte === 'number')) return Buffer.from(field).toString('utf8');
  return field.map(toMessage).join('\n');
}
