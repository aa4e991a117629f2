import { onHost } from '../../errors/advice.ts';
import { UnavailableError } from '../../errors/TvError.ts';
import type { CommandOutput, Host } from '../../runbook/context.ts';
import { streamLines } from '../connectHost.ts';
import { assertUnitName } from '../readUnits.ts';
import { entryFields, parseUnitEntry, type UnitEntry } from './entry.ts';
import { isForbidden, journalObstacle } from './obstacle.ts';

/** The journal, or a part of it, could not be read. What was yielded before is all that can be read. */
export class JournalError extends UnavailableError {
  /** In journalctl's words. */
  readonly reason: string;

  constructor(reason: string, units: readonly string[]) {
    const forbidden = isForbidden(reason);
    super(
      'host.journal-unreadable',
      forbidden ? 'No permission to read the whole journal.' : 'The journal cannot be read.',
      {
        facts: { units: units.join(' '), reason },
        next: forbidden
          ? [
              'run tv as root, set host.prefix to [sudo, -n], or add the user to the group systemd-journal',
              { tv: ['config', 'show'] },
            ]
          : onHost('journalctl --list-boots'),
      },
    );
    this.reason = reason;
  }
}

export interface JournalQuery {
  readonly units: readonly string[];
  readonly since?: Date | undefined;
  readonly until?: Date | undefined;
  /** Only the newest so many entries. Default: all. */
  readonly lines?: number | undefined;
  /** Only entries with this text: a word of letters and digits, in either case. journalctl itself looks for it. */
  readonly containing?: string | undefined;
  /** Only what came after this entry. */
  readonly afterCursor?: string | undefined;
  /** Waits for new entries, until the signal fires. */
  readonly follow?: boolean | undefined;
  readonly signal: AbortSignal;
  /** Called for each entry, before it is yielded. */
  readonly onEntry?: ((entry: UnitEntry) => void) | undefined;
  /** Called for each line that is no entry: torn, or longer than 1 MiB. */
  readonly onUnreadable?: (() => void) | undefined;
}

/**
 * The entries of several units in the order of the journal, oldest first, each as soon as it is read. Reads no
 * faster than they are taken, and keeps none: a million entries take no more memory than ten.
 * @throws JournalError after the last entry, where journalctl did not show the whole journal
 * @throws UnavailableError where journalctl cannot be started at all
 * @throws the signal's reason when it is aborted
 */
export async function* streamJournal(host: Host, query: JournalQuery): AsyncGenerator<UnitEntry, void, void> {
  const { units, since, until, containing, signal, onEntry, onUnreadable } = query;
  for (const unit of units) assertUnitName(unit);
  const wanted = containing?.toLowerCase();
  for (const withGrep of containing === undefined ? [false] : [true, false]) {
    const lines = streamLines(host, { command: journalCommand(query, withGrep), signal });
    let found = false;
    let output: CommandOutput;
    try {
      for (;;) {
        const next = await lines.next();
        if (next.done === true) {
          output = next.value;
          break;
        }
        for (const line of next.value) {
          const entry = parseUnitEntry(line, units);
          if (entry === undefined) {
            if (line.trim() !== '') onUnreadable?.();
            continue;
          }
          found = true;
          // journalctl compares whole seconds here.
          if ((since !== undefined && entry.at < since) || (until !== undefined && entry.at > until))
            continue;
          if (wanted !== undefined && !entry.message.toLowerCase().includes(wanted)) continue;
          onEntry?.(entry);
          yield entry;
        }
      }
    } finally {
      await lines.return({ exitCode: 0, stdout: '', stderr: '' });
    }
    if (withGrep && /compiled without pattern matching/i.test(output.stderr)) continue;
    // With --grep, exit code 1 and silence mean that no line matches.
    if (withGrep && !found && output.exitCode === 1 && output.stderr.trim() === '') return;
    const obstacle = journalObstacle(output);
    if (obstacle !== undefined) throw new JournalError(obstacle, units);
    return;
  }
}

function journalCommand(query: JournalQuery, withGrep: boolean): readonly string[] {
  const { units, since, until, lines, containing, afterCursor, follow } = query;
  const seconds = (date: Date) => `@${Math.floor(date.getTime() / 1000)}`;
  return [
    ...['journalctl', '-o', 'json', '--all', '--no-pager', `--output-fields=${entryFields.join(',')}`],
    ...units.flatMap((unit) => ['-u', unit]),
    ...(since === undefined ? [] : [`--since=${seconds(since)}`]),
    // Up to the end of that second; the rest is left out here.
    ...(until === undefined ? [] : [`--until=${seconds(new Date(until.getTime() + 1_000))}`]),
    ...(lines === undefined ? [] : ['-n', String(lines)]),
    ...(afterCursor === undefined ? [] : [`--after-cursor=${afterCursor}`]),
    // Without a number of lines, following begins with the last ten.
    ...(follow === true ? ['-f', ...(lines === undefined ? ['--no-tail'] : [])] : []),
    // A pattern in lower case matches either case.
    ...(withGrep ? [`--grep=${containing?.toLowerCase()}`] : []),
  ];
}

/**
 * When the journal that can be read begins, over all units: what is older has been rotated away or was never kept.
 * Undefined where it holds no entry.
 * @throws JournalError
 */
export async function readJournalStart(
  host: Host,
  { signal }: { readonly signal: AbortSignal },
): Promise<Date | undefined> {
  // systemd before 254 has no option for the first entry alone: the reader ends it.
  const command = ['journalctl', '-o', 'json', '--no-pager', '--output-fields=PRIORITY'];
  const lines = streamLines(host, { command, signal });
  for (;;) {
    const next = await lines.next();
    if (next.done === true) {
      const obstacle = journalObstacle(next.value);
      if (obstacle !== undefined) throw new JournalError(obstacle, []);
      return undefined;
    }
    const entry = next.value.map((line) => parseUnitEntry(line, [])).find((each) => each !== undefined);
    if (entry === undefined) continue;
    await lines.return({ exitCode: 0, stdout: '', stderr: '' });
    return entry.at;
  }
}
