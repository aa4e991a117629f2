import { maskUrlsIn } from '../../text/maskUrl.ts';
import { outsideText } from '../../text/outsideText.ts';

export interface JournalEntry {
  readonly at: Date;
  /** One or several lines, cleaned, without passwords in URLs. */
  readonly message: string;
  /** 0 emergency to 7 debug (syslog); 6 where the entry has none. */
  readonly priority: number;
}

/** An entry with what says where it came from. */
export interface UnitEntry extends JournalEntry {
  /** The unit that was asked for, as it was named; empty where the entry names none of them. */
  readonly unit: string;
  readonly pid: number | undefined;
  /** The entry's place in the journal (`--after-cursor`). */
  readonly cursor: string | undefined;
  /** What systemd reports of the unit here; undefined where the entry is anything else. */
  readonly event?: UnitEvent | undefined;
  /** The same for all entries between two starts of the machine. */
  readonly boot?: string | undefined;
}

/** `exited`: of the main process. `succeeded`: it ended by itself, and well. */
export type UnitEvent =
  | 'started'
  | 'start-failed'
  | 'stopping'
  | 'stopped'
  | 'exited'
  | 'failed'
  | 'succeeded'
  | 'out-of-memory';

/** By `MESSAGE_ID` (systemd's sd-messages.h; `journalctl --list-catalog`). */
const unitEvents: Readonly<Record<string, UnitEvent>> = {
  '39f53479d3a045ac8e11786248231fbf': 'started',
  be02cf6855d2428ba40df7e9d022f03d: 'start-failed',
  de5b426a63be47a7b6ac3eaac82e2f6f: 'stopping',
  '9d1aaa27d60140bd96365438aad20286': 'stopped',
  '98e322203f7a4ed290d09fe03c09fe15': 'exited',
  d9b373ed55a64feb8242e02dbe79a49c: 'failed',
  '7ad2d189f7e94e70a38c781354912448': 'succeeded',
  fe6faa94e7774663a0da52717891d8ef: 'out-of-memory',
};

/** What `parseUnitEntry` reads, for `--output-fields`. */
export const entryFields: readonly string[] = [
  ...['MESSAGE', 'MESSAGE_ID', 'PRIORITY', '_PID', '_BOOT_ID'],
  ...['_SYSTEMD_UNIT', 'UNIT', 'OBJECT_SYSTEMD_UNIT', 'COREDUMP_UNIT'],
];

/** In characters. */
const longestLine = 4_000;
/** An entry with more lines keeps the first and the last half of so many. */
const mostLines = 400;

/** One line of `journalctl -o json`; undefined where it is none. */
export function parseEntry(line: string): JournalEntry | undefined {
  const fields = parseFields(line);
  return fields === undefined ? undefined : toEntry(fields);
}

/** The same, with the unit among `units` that the entry is of or about. */
export function parseUnitEntry(line: string, units: readonly string[]): UnitEntry | undefined {
  const fields = parseFields(line);
  const entry = fields === undefined ? undefined : toEntry(fields);
  if (fields === undefined || entry === undefined) return undefined;
  const text = (name: string) => (typeof fields[name] === 'string' ? fields[name] : undefined);
  // By systemd.journal-fields(7): of the unit itself; of systemd or coredumpd about it.
  const named = ['_SYSTEMD_UNIT', 'UNIT', 'OBJECT_SYSTEMD_UNIT', 'COREDUMP_UNIT'].map(text);
  const pid = Number(text('_PID'));
  const cursor = text('__CURSOR');
  const unit = units.find((one) => named.includes(one) || named.includes(`${one}.service`)) ?? '';
  const ownUnit = text('_SYSTEMD_UNIT');
  // A program that runs in the unit may write any id into its own entries.
  const isAbout = ownUnit !== unit && ownUnit !== `${unit}.service`;
  const event = isAbout ? unitEventOf(text('MESSAGE_ID'), entry.message) : undefined;
  return {
    ...entry,
    unit,
    pid: Number.isInteger(pid) ? pid : undefined,
    cursor: cursor !== undefined && /^[\w=;-]+$/.test(cursor) ? cursor : undefined,
    ...(event === undefined ? {} : { event }),
    ...(text('_BOOT_ID') === undefined ? {} : { boot: text('_BOOT_ID') }),
  };
}

function unitEventOf(id: string | undefined, message: string): UnitEvent | undefined {
  const event = id !== undefined && Object.hasOwn(unitEvents, id) ? unitEvents[id] : undefined;
  // The same id is that of ExecStartPre and its like, whose end does not end the service.
  return event === 'exited' && !message.includes('Main process exited') ? undefined : event;
}

type Fields = Readonly<Record<string, unknown>>;

function parseFields(line: string): Fields | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as Fields;
  } catch {
    return undefined;
  }
}

function toEntry(fields: Fields): JournalEntry | undefined {
  const micros = Number(fields['__REALTIME_TIMESTAMP']);
  const at = new Date(micros / 1000);
  if (Number.isNaN(at.getTime())) return undefined;
  const priority = Number(fields['PRIORITY'] ?? 6);
  return {
    at,
    message: cleanLines(toMessage(fields['MESSAGE'])),
    priority: Number.isInteger(priority) ? priority : 6,
  };
}

/** The lines of an entry stay apart: what a traceback says is in its last one. */
function cleanLines(message: string): string {
  if (!message.includes('\n')) return cleanLine(message);
  const lines = message.split('\n');
  const half = mostLines / 2;
  const kept =
    lines.length <= mostLines
      ? lines
      : [...lines.slice(0, half), `… ${lines.length - mostLines} lines left out …`, ...lines.slice(-half)];
  return kept.map(cleanLine).join('\n');
}

/** The colours that a program prints (ECMA-48, SGR) are left out; they say nothing in a journal. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: it is what is looked for
const colours = /\x1b\[[\d;]*m/g;

/** Masked before it is cut, so that a cut password is not shown; twice the length is enough for that. */
function cleanLine(line: string): string {
  const head = line.slice(0, longestLine * 2);
  const whole = head.length < line.length ? head.replace(/[a-z][a-z0-9+.-]*:\/\/\S*$/i, '') : head;
  return outsideText(maskUrlsIn(whole.replace(colours, '')), longestLine);
}

/** Text; or its bytes where it is not clean UTF-8; or an array of either where the field occurs twice. */
function toMessage(field: unknown): string {
  if (typeof field === 'string') return field;
  if (!Array.isArray(field)) return '';
  if (field.every((byte) => typeof byte === 'number')) return Buffer.from(field).toString('utf8');
  return field.map(toMessage).join('\n');
}
