import { existsSync, readdirSync, readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { TvError } from '../errors/TvError.ts';
import type { Clock } from './context.ts';
import type { JournalEvent, JournalLine } from './events.ts';
import type { Outlet } from './outlet.ts';

/**
 * Reads a journal. A torn last line (the machine died while writing it) is cut off the file: the
 * event that it announced had not been acted upon yet.
 * @throws TvError where a line before the last one is not JSON
 */
export function readJournal(file: string, options: { repair: boolean }): readonly JournalLine[] {
  const text = readFileSync(file, 'utf8');
  const end = text.lastIndexOf('\n') + 1;
  if (end < text.length && options.repair) truncateSync(file, Buffer.byteLength(text.slice(0, end)));
  return text
    .slice(0, end)
    .split('\n')
    .slice(0, -1)
    .map((line, index) => {
      try {
        return JSON.parse(line) as JournalLine;
      } catch (cause) {
        throw new TvError('The journal is damaged.', {
          facts: { journal: file, line: index + 1 },
          next: 'look at the journal by hand; tv will not guess what was done',
          cause,
        });
      }
    });
}

/** One run's journal, open for appending. */
export class Journal {
  readonly #file: string;
  readonly #outlet: Outlet;
  readonly #clock: Clock;
  #seq: number;

  constructor(file: string, outlet: Outlet, clock: Clock) {
    this.#file = file;
    this.#outlet = outlet;
    this.#clock = clock;
    this.#seq = existsSync(file) ? readJournal(file, { repair: true }).length : 0;
  }

  /** Returns only when the event is on disk. */
  append(event: JournalEvent): void {
    const line: JournalLine = { at: this.#clock.now().toISOString(), seq: this.#seq++, ...event };
    this.#outlet.appendLine(this.#file, JSON.stringify(line));
  }
}

/** All journals of one state directory. */
export class RunStore {
  readonly directory: string;

  constructor(stateDirectory: string) {
    this.directory = join(stateDirectory, 'runs');
  }

  file(run: string): string {
    return join(this.directory, `${run}.jsonl`);
  }

  /** Run ids, oldest first. */
  ids(): readonly string[] {
    if (!existsSync(this.directory)) return [];
    return readdirSync(this.directory)
      .filter((name) => name.endsWith('.jsonl'))
      .map((name) => name.slice(0, -'.jsonl'.length))
      .sort();
  }

  read(run: string): readonly JournalLine[] {
    return readJournal(this.file(run), { repair: false });
  }

  /**
   * Finds the one run whose id contains `fragment`.
   * @throws TvError where none or several do
   */
  find(fragment: string): string {
    const ids = this.ids();
    const matches = ids.includes(fragment) ? [fragment] : ids.filter((id) => id.includes(fragment));
    const [only] = matches;
    if (only !== undefined && matches.length === 1) return only;
    throw new TvError(
      matches.length === 0 ? `There is no run ${fragment}.` : `${fragment} fits several runs.`,
      {
        facts: { journals: this.directory, fitting: matches.join(', ') || undefined },
        next: 'tv runs list',
        exitCode: 2,
      },
    );
  }
}
