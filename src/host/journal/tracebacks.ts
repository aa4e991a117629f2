import type { UnitEntry } from './entry.ts';
import { type Level, levelOf } from './levels.ts';

/** An entry as it is shown: a Python traceback, which the journal holds as one entry a line, is one. */
export interface LogEntry {
  /** Of its first line. */
  readonly at: Date;
  /** Of its last line. */
  readonly endedAt: Date;
  readonly unit: string;
  readonly pid: number | undefined;
  readonly priority: number;
  readonly level: Level;
  /** Of a traceback its last line, which alone says what happened: `ValueError: …`. */
  readonly message: string;
  /** The other lines of a traceback, in their order; empty for every other entry. */
  readonly frames: readonly string[];
}

/** A traceback whose last line is this much older than the newest entry is complete. In milliseconds. */
const tracebackGapMs = 1_000;
/** Of one traceback; the others are counted. */
const mostFrames = 500;
/** Entries that wait behind a traceback for its end. */
const mostWaiting = 5_000;

/** How the message of a traceback begins whose last line was not read. */
export const cutTraceback = 'Traceback without its last line';

const begin = /^\s*(\+ Exception Group )?Traceback \(most recent call last\):/;
const chained =
  /^(During handling of the above exception, another exception occurred|The above exception was the direct cause of the following exception):$/;

/** A traceback whose end is not known yet. */
interface Open {
  readonly first: UnitEntry;
  last: UnitEntry;
  /** Of an exception group every line is indented. */
  readonly group: boolean;
  head: string | undefined;
  frames: string[];
  leftOut: number;
  done: boolean;
}

/**
 * Folds the lines of Python tracebacks into one entry each. Lines of several processes may be mixed. Entries come out
 * in the order in which they began, so that those behind an unfinished traceback wait for it.
 */
export class TracebackFolder {
  readonly #queue: (Open | LogEntry)[] = [];
  readonly #open = new Map<string, Open>();

  /** Whether entries are held back. */
  get waiting(): boolean {
    return this.#queue.length > 0;
  }

  /** @returns the entries that are complete now */
  push(entry: UnitEntry): readonly LogEntry[] {
    // Most of a million entries are of this kind.
    if (!this.waiting && !entry.message.includes('Traceback (most')) return [plainEntry(entry)];
    for (const [key, open] of this.#open) {
      if (entry.at.getTime() - open.last.at.getTime() > tracebackGapMs) this.#close(key, open);
    }
    let plain: string[] = [];
    const flush = () => {
      if (plain.length > 0) this.#queue.push(plainEntry({ ...entry, message: plain.join('\n') }));
      plain = [];
    };
    for (const line of entry.message.split('\n')) {
      if (this.#takes(entry, line)) continue;
      if (begin.test(line)) {
        flush();
        this.#begin(entry, line);
      } else {
        plain.push(line);
      }
    }
    flush();
    if (this.#queue.length > mostWaiting) this.#closeAll();
    return this.#finished();
  }

  /** @returns all that was held back, complete or not */
  end(): readonly LogEntry[] {
    this.#closeAll();
    return this.#finished();
  }

  #begin(entry: UnitEntry, line: string): void {
    const group = line.includes('Exception Group');
    const open: Open = {
      ...{ first: entry, last: entry, group, head: undefined, frames: [line], leftOut: 0, done: false },
    };
    this.#queue.push(open);
    this.#open.set(keyOf(entry), open);
  }

  /** Whether the line belongs to the unfinished traceback of its process. */
  #takes(entry: UnitEntry, line: string): boolean {
    const key = keyOf(entry);
    const open = this.#open.get(key);
    if (open === undefined) return false;
    const isFrame = line === '' || /^\s/.test(line) || (open.head === undefined && begin.test(line));
    const continues = (open.head !== undefined || open.group) && chained.test(line);
    if (isFrame || continues) {
      if (continues && open.head !== undefined) {
        keep(open, open.head);
        open.head = undefined;
      }
      keep(open, line);
    } else if (open.head === undefined && !open.group) {
      open.head = line;
    } else {
      this.#close(key, open);
      return false;
    }
    open.last = entry;
    return true;
  }

  #close(key: string, open: Open): void {
    open.done = true;
    this.#open.delete(key);
  }

  #closeAll(): void {
    for (const [key, open] of this.#open) this.#close(key, open);
  }

  #finished(): readonly LogEntry[] {
    const held = this.#queue.findIndex((each) => 'done' in each && !each.done);
    const ready = this.#queue.splice(0, held === -1 ? this.#queue.length : held);
    return ready.map((each) => ('done' in each ? tracebackEntry(each) : each));
  }
}

/** A process writes one line after another; another process's lines may come in between. */
function keyOf({ unit, pid }: UnitEntry): string {
  return `${unit} ${pid ?? ''}`;
}

function keep(open: Open, line: string): void {
  if (open.frames.length < mostFrames) open.frames.push(line);
  else open.leftOut += 1;
}

function plainEntry(entry: UnitEntry): LogEntry {
  const { at, unit, pid, priority, message } = entry;
  return { at, endedAt: at, unit, pid, priority, level: levelOf(entry), message, frames: [] };
}

function tracebackEntry({ first, last, head, frames, leftOut }: Open): LogEntry {
  const { at, unit, pid } = first;
  const level = levelOf({ message: 'ERROR', priority: Math.min(first.priority, last.priority) });
  return {
    ...{ at, endedAt: last.at, unit, pid, priority: Math.min(first.priority, last.priority), level },
    message: head ?? groupHead(frames) ?? `${cutTraceback}: ${frames.at(-1)?.trim()}`,
    frames: leftOut === 0 ? frames : [...frames, `… ${leftOut} lines left out …`],
  };
}

/** `  | ExceptionGroup: unhandled errors (2 sub-exceptions)`, the first line of a group that is no frame. */
function groupHead(frames: readonly string[]): string | undefined {
  const line = frames.find((each) => /^\s*\| [^\s|+]/.test(each));
  return line?.replace(/^\s*\| /, '');
}

/**
 * Folds tracebacks in a stream of entries. One that seems complete is held back until its process writes another line,
 * or nothing comes for `idleMs`.
 */
export async function* foldTracebacks(
  entries: AsyncGenerator<UnitEntry, void, void>,
  idleMs = tracebackGapMs,
): AsyncGenerator<LogEntry, void, void> {
  const folder = new TracebackFolder();
  let next: Promise<IteratorResult<UnitEntry, void>> | undefined;
  try {
    for (;;) {
      next ??= entries.next();
      const got = folder.waiting ? await firstOf(next, idleMs) : await next;
      if (got === 'idle') {
        yield* folder.end();
        continue;
      }
      next = undefined;
      if (got.done === true) break;
      for (const entry of folder.push(got.value)) yield entry;
    }
  } catch (error) {
    // What was read before the failure counts.
    yield* folder.end();
    throw error;
  } finally {
    await entries.return();
  }
  yield* folder.end();
}

async function firstOf<T>(next: Promise<T>, idleMs: number): Promise<T | 'idle'> {
  let timer: NodeJS.Timeout | undefined;
  const idle = new Promise<'idle'>((resolve) => {
    timer = setTimeout(() => resolve('idle'), idleMs);
  });
  try {
    return await Promise.race([next, idle]);
  } finally {
    clearTimeout(timer);
  }
}
