import { outsideText } from '../errors/outsideText.ts';
import type { Host } from '../runbook/context.ts';
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
  /** False: there is nothing to read from, so having no entries means nothing. */
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
}

/** In characters. */
const longestLine = 4_000;

/** The newest journal entries of a unit. A host without a journal is an answer too. */
export async function readJournal(
  host: Host,
  { unit, lines, since }: ReadJournalParameters,
): Promise<Journal> {
  assertUnitName(unit);
  const command = ['journalctl', '-u', unit, '-n', String(lines), '-o', 'json', '--all', '--no-pager'];
  const from = since === undefined ? [] : [`--since=@${Math.floor(since.getTime() / 1000)}`];
  try {
    const { exitCode, stdout, stderr } = await host.run([...command, ...from]);
    const entries = parseJournal(stdout);
    if (entries.length > 0) return { available: true, reason: undefined, entries };
    // journalctl ends well and in silence where there is no journal, and where it may not be read.
    const obstacle = /^(No journal files were.*|Hint: You are currently not seeing.*)$/m.exec(stderr)?.[0];
    if (exitCode !== 0 || obstacle !== undefined) {
      return { available: false, reason: obstacle ?? lastLine(stderr), entries };
    }
  } catch (error) {
    if (!(error instanceof CommandMissingError)) throw error;
    return { available: false, reason: error.message, entries: [] };
  }
  const systemd = await detectSystemd(host);
  return {
    available: systemd.available,
    reason: systemd.available ? undefined : systemd.reason,
    entries: [],
  };
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
    message: cleanLines(toMessage(fields['MESSAGE'])),
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
