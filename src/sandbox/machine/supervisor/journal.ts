import { appendFileSync, existsSync, readFileSync, watchFile } from 'node:fs';

/** One line of the supervisor's journal, with journald's own field names. */
export interface JournalEntry {
  readonly __REALTIME_TIMESTAMP: string;
  readonly __CURSOR: string;
  /** Of what systemd, or here the supervisor, says about a unit: where that itself runs. */
  readonly _SYSTEMD_UNIT: string;
  /** The unit that such an entry is about. */
  readonly UNIT?: string;
  readonly MESSAGE_ID?: string;
  readonly SYSLOG_IDENTIFIER: string;
  readonly _PID: string;
  readonly PRIORITY: string;
  readonly MESSAGE: string;
}

export interface Line {
  readonly unit: string;
  readonly identifier: string;
  readonly pid: number;
  readonly message: string;
}

/** systemd's ids for what the supervisor says in systemd's words (`journalctl --list-catalog`). */
const messageIds: readonly (readonly [RegExp, string])[] = [
  [/^Started /, '39f53479d3a045ac8e11786248231fbf'],
  [/^Stopped /, '9d1aaa27d60140bd96365438aad20286'],
  [/: Main process exited, /, '98e322203f7a4ed290d09fe03c09fe15'],
];

let written = 0;

export function appendJournal(file: string, { unit, identifier, pid, message }: Line): void {
  const microseconds = String(Date.now() * 1000);
  const entry: JournalEntry = {
    __REALTIME_TIMESTAMP: microseconds,
    __CURSOR: `s=${process.pid};i=${++written}`,
    ...(identifier === 'supervisor'
      ? { _SYSTEMD_UNIT: 'init.scope', UNIT: unit, ...messageIdOf(message) }
      : { _SYSTEMD_UNIT: unit }),
    SYSLOG_IDENTIFIER: identifier,
    _PID: String(pid),
    PRIORITY: '6',
    MESSAGE: message,
  };
  appendFileSync(file, `${JSON.stringify(entry)}\n`);
}

function messageIdOf(message: string): { MESSAGE_ID?: string } {
  const id = messageIds.find(([words]) => words.test(message))?.[1];
  return id === undefined ? {} : { MESSAGE_ID: id };
}

interface JournalQuery {
  units: string[];
  lines: number | undefined;
  output: string;
  since: number;
  until: number;
  /** Only what came after this entry. */
  after: string | undefined;
  grep: RegExp | undefined;
  reverse: boolean;
  follow: boolean;
}

/** `journalctl` over the supervisor's journal: `-u -n -o json|cat|short -S -U --after-cursor -g -r -f`. */
export function journalctl(file: string, words: readonly string[], write: (text: string) => void): void {
  const query = parseQuery(words);
  const show = (entries: readonly JournalEntry[]) => {
    for (const entry of entries) write(`${format(entry, query.output)}\n`);
  };
  let seen = read(file);
  const chosen = select(seen, query);
  const end = query.lines === undefined ? chosen : chosen.slice(-query.lines || chosen.length);
  if (end.length === 0 && query.output !== 'json' && !query.follow) write('-- No entries --\n');
  show(query.reverse ? end.toReversed() : end);
  if (!query.follow) return;
  watchFile(file, { interval: 200 }, () => {
    const now = read(file);
    show(select(now.slice(seen.length), query));
    seen = now;
  });
}

function read(file: string): readonly JournalEntry[] {
  if (!existsSync(file)) return [];
  const complete = readFileSync(file, 'utf8').split('\n').slice(0, -1);
  return complete.map((line) => JSON.parse(line) as JournalEntry);
}

function select(
  entries: readonly JournalEntry[],
  { units, since, until, after, grep }: JournalQuery,
): readonly JournalEntry[] {
  // Of a cursor that came before these entries, -1: all of them are later.
  const passed = entries.findIndex(({ __CURSOR }) => __CURSOR === after);
  return entries.filter(
    (entry, index) =>
      index > passed &&
      Number(entry.__REALTIME_TIMESTAMP) / 1000 <= until &&
      (units.length === 0 || units.includes(entry.UNIT ?? entry._SYSTEMD_UNIT)) &&
      Number(entry.__REALTIME_TIMESTAMP) / 1000 >= since &&
      (grep === undefined || grep.test(entry.MESSAGE)),
  );
}

function format(entry: JournalEntry, output: string): string {
  if (output === 'json') return JSON.stringify(entry);
  if (output === 'cat') return entry.MESSAGE;
  const at = new Date(Number(entry.__REALTIME_TIMESTAMP) / 1000).toISOString();
  return `${at} localhost ${entry.SYSLOG_IDENTIFIER}[${entry._PID}]: ${entry.MESSAGE}`;
}

function parseQuery(words: readonly string[]): JournalQuery {
  const query: JournalQuery = {
    units: [],
    lines: undefined,
    output: 'short',
    since: 0,
    until: Number.POSITIVE_INFINITY,
    after: undefined,
    grep: undefined,
    reverse: false,
    follow: false,
  };
  for (let index = 0; index < words.length; index++) {
    const text = words[index] ?? '';
    const [flag, attached] = /^(--[\w-]+)=(.*)$/.exec(text)?.slice(1) ??
      /^(-[unog S])(.+)$/.exec(text)?.slice(1) ?? [text];
    const value = () => attached ?? words[++index] ?? '';
    if (flag === '-u' || flag === '--unit') query.units.push(withSuffix(value()));
    else if (flag === '-n' || flag === '--lines') query.lines = Number(value()) || undefined;
    else if (flag === '-o' || flag === '--output') query.output = value();
    else if (flag === '-S' || flag === '--since') query.since = moment(value());
    else if (flag === '-U' || flag === '--until') query.until = moment(value());
    else if (flag === '--after-cursor') query.after = value();
    else if (flag === '-g' || flag === '--grep') query.grep = new RegExp(value(), 'i');
    else if (flag === '-r' || flag === '--reverse') query.reverse = true;
    else if (flag === '-f' || flag === '--follow') query.follow = true;
  }
  return query;
}

export function withSuffix(unit: string): string {
  return unit.includes('.') ? unit : `${unit}.service`;
}

/** `@SECONDS`, `-5min`, `5 min ago`, `now`, or a date; milliseconds since 1970. */
function moment(text: string): number {
  if (text === 'now') return Date.now();
  if (text.startsWith('@')) return Number(text.slice(1)) * 1000;
  const relative = /^-?(\d+)\s*(s|sec|seconds?|m|min|minutes?|h|hours?|d|days?)(\s+ago)?$/.exec(text);
  if (relative === null) return new Date(text.replace(' UTC', 'Z')).getTime();
  const unit = { s: 1, m: 60, h: 3600, d: 86_400 }[relative[2]?.[0] ?? 's'] ?? 1;
  return Date.now() - Number(relative[1]) * unit * 1000;
}
