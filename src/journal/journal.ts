import { createHash, randomBytes } from 'node:crypto';
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { onThisMachine } from '../errors/advice.ts';
import { TvError } from '../errors/TvError.ts';
import { WriteError } from '../output/durableFile.ts';
import type { RedactingWriter } from '../output/redactingWriter.ts';
import type { Clock, RunStamp, Runs } from '../runbook/context.ts';
import type { JournalEvent, JournalLine } from '../runbook/events.ts';
import { quoteForShell } from '../text/shellLine.ts';
import { isJournalLine } from './journalLine.ts';

/**
 * Room that a run keeps on disk for what it still has to write, in bytes: about 1 KiB a step and 4 KiB
 * a signed transaction, so some 60 transactions.
 */
const reserveBytes = 256 * 1024;

/** A longer journal is none of tv's: one with 60 transactions has about a quarter of a megabyte. In bytes. */
const longestJournal = 64 * 1024 * 1024;

/**
 * Reads a journal. A torn last line (the machine died while writing it) is left out: the event that it
 * announced had not been acted upon yet.
 * @throws TvError where it cannot be read, or a line is none of a journal
 */
function readJournal(file: string): readonly JournalLine[] {
  const text = readText(file);
  const lines = text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .slice(0, -1);
  return lines.map((line, index) => {
    const read = parse(line);
    if (!isJournalLine(read, index)) throw damaged({ journal: file, line: index + 1 });
    return read;
  });
}

/** The lines of a damaged journal that can be read by themselves. None where there is no such file. */
function readableLines(file: string): readonly JournalLine[] {
  try {
    return readText(file)
      .split('\n')
      .map(parse)
      .filter((read) => isJournalLine(read, 1));
  } catch (error) {
    if (!(error instanceof TvError)) throw error;
    return [];
  }
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function readText(file: string): string {
  try {
    // Without O_NONBLOCK opening a FIFO waits for its writer, for ever.
    const handle = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const stat = fstatSync(handle);
      if (!stat.isFile()) throw damaged({ journal: file, problem: 'not a regular file' });
      if (stat.size > longestJournal) throw damaged({ journal: file, problem: `${stat.size} bytes long` });
      return readFileSync(handle, 'utf8');
    } finally {
      closeSync(handle);
    }
  } catch (error) {
    if (error instanceof TvError) throw error;
    throw damaged({ journal: file, problem: (error as Error).message }, error);
  }
}

function damaged(
  facts: { readonly journal: string } & Readonly<Record<string, string | number>>,
  cause?: unknown,
): TvError {
  const { journal } = facts;
  return new TvError('journal.damaged', 'The journal is damaged.', {
    facts,
    next: [
      onThisMachine(`less ${quoteForShell(journal)}`, 'what was done, line by line'),
      {
        when: 'to close the run, once that is known',
        tv: ['runs', 'abandon', basename(journal, '.jsonl'), '--reason', '…'],
      },
    ],
    cause,
  });
}

/** Where a journal is written instead, because the state directory cannot be written; null where nowhere. */
export interface JournalMoved {
  readonly to: string | null;
  /** Why, in one sentence with a full stop. */
  readonly reason: string;
}

/** One run's journal, open for appending. */
export class Journal {
  readonly #runs: Runs;
  readonly #run: string;
  readonly #writer: RedactingWriter;
  readonly #clock: Clock;
  readonly #onMoved: ((moved: JournalMoved) => void) | undefined;
  readonly #lines: JournalLine[];
  readonly #reserve: string;
  /** Undefined where no place can be written any more. */
  #file: string | undefined;

  /**
   * @param onMoved given for a protective run: where the state directory cannot be written the run
   * continues, with its journal in a second place, or in memory alone
   */
  constructor(
    { runs, clock }: { readonly runs: Runs; readonly clock: Clock },
    run: string,
    writer: RedactingWriter,
    onMoved?: (moved: JournalMoved) => void,
  ) {
    this.#runs = runs;
    this.#run = run;
    this.#writer = writer;
    this.#clock = clock;
    this.#onMoved = onMoved;
    this.#file = runs.file(run);
    this.#reserve = join(runs.directory, `${run}.reserve`);
    this.#lines = existsSync(this.#file) ? [...readJournal(this.#file)] : [];
  }

  /** Everything in it so far, also where it could not be written. */
  get lines(): readonly JournalLine[] {
    return this.#lines;
  }

  /**
   * Makes sure, before the first effect, that there is room for what the run will have to write.
   * @throws WriteError where there is not, and the run must not continue without
   */
  reserve(): void {
    try {
      // Random, so that no file system makes it smaller.
      this.#writer.writeFile(this.#reserve, randomBytes((reserveBytes * 3) / 4).toString('base64'));
    } catch (error) {
      if (this.#onMoved === undefined) throw error;
    }
  }

  /**
   * Returns only when the event is on disk; what it announces may then be done.
   * @throws WriteError where it is not; the event must not be acted upon
   */
  append(event: JournalEvent): void {
    const line: JournalLine = { at: this.#clock.now().toISOString(), seq: this.#lines.length, ...event };
    this.#write(JSON.stringify(line));
    this.#lines.push(line);
  }

  /** Gives the reserved room back. */
  close(): void {
    rmSync(this.#reserve, { force: true });
  }

  #write(text: string): void {
    if (this.#file === undefined) return;
    try {
      this.#appendOrUseReserve(this.#file, text);
    } catch (error) {
      if (!(error instanceof WriteError) || this.#onMoved === undefined) throw error;
      this.#move(text, error, this.#onMoved);
    }
  }

  #appendOrUseReserve(file: string, text: string): void {
    try {
      this.#writer.appendLine(file, text);
    } catch (error) {
      if (!(error instanceof WriteError) || !existsSync(this.#reserve)) throw error;
      rmSync(this.#reserve, { force: true });
      this.#writer.appendLine(file, text);
    }
  }

  #move(text: string, why: WriteError, onMoved: (moved: JournalMoved) => void): void {
    const whole = [...this.#lines.map((line) => JSON.stringify(line)), text, ''].join('\n');
    const from = this.#file;
    this.#file = this.#runs.secondFiles(this.#run).find((file) => {
      if (file === from || !isOwn(dirname(dirname(dirname(file))))) return false;
      try {
        this.#writer.writeFile(file, whole);
        return true;
      } catch {
        return false;
      }
    });
    onMoved({ to: this.#file ?? null, reason: why.message });
  }
}

/** All journals of one state directory, and those that had to be written elsewhere. */
export class RunStore implements Runs {
  readonly directory: string;
  readonly #stateDirectory: string;
  readonly #seconds: readonly string[];

  /** @param temporary folders in which a protective run may keep its journal where this one is full or read-only */
  constructor(stateDirectory: string, temporary: readonly string[] = [tmpdir(), '/dev/shm']) {
    this.#stateDirectory = stateDirectory;
    this.directory = join(stateDirectory, 'runs');
    const name = createHash('sha256').update(stateDirectory).digest('hex').slice(0, 16);
    this.#seconds = temporary.map((folder) => join(folder, `tv-${process.getuid?.() ?? 0}`, name, 'runs'));
  }

  /** Where a run's journal is, or will be. Of several copies the longest is the newest. */
  file(run: string): string {
    const home = join(this.directory, `${run}.jsonl`);
    const sized = [home, ...this.secondFiles(run).filter((file) => isOwn(dirname(dirname(dirname(file)))))];
    const sizes = sized.map((file) => statSync(file, { throwIfNoEntry: false })?.size ?? -1);
    return sized[sizes.indexOf(Math.max(...sizes))] ?? home;
  }

  /** Where its journal may be kept where the state directory cannot be written, in order. */
  secondFiles(run: string): readonly string[] {
    return this.#seconds.map((directory) => join(directory, `${run}.jsonl`));
  }

  /** Run ids, oldest first. @throws TvError where the folder cannot be read */
  ids(): readonly string[] {
    const ids = [this.directory, ...this.#trustedSeconds()].flatMap(namesIn);
    return [...new Set(ids)].sort();
  }

  /** Each with size, time and inode of its newest copy. @throws TvError where the folder cannot be read */
  stamps(): readonly RunStamp[] {
    const seconds = new Set(this.#trustedSeconds().flatMap(namesIn));
    return this.ids().map((run) => {
      const file = seconds.has(run) ? this.file(run) : join(this.directory, `${run}.jsonl`);
      const stat = statSync(file, { throwIfNoEntry: false });
      return { run, stamp: stat === undefined ? '' : `${file} ${stat.ino} ${stat.size} ${stat.mtimeMs}` };
    });
  }

  #trustedSeconds(): readonly string[] {
    return this.#seconds.filter((directory) => isOwn(dirname(dirname(directory))));
  }

  /** @throws TvError where it cannot be read, or is that of another run */
  read(run: string): readonly JournalLine[] {
    const file = this.file(run);
    const lines = readJournal(file);
    const [first] = lines;
    if (first?.type === 'run.started' && first.run !== run)
      throw damaged({ journal: file, 'run in it': first.run });
    return lines;
  }

  /** What of a damaged journal can be read, but for its first line; never a basis for a run's state. */
  readable(run: string): readonly JournalLine[] {
    return readableLines(this.file(run));
  }

  /** Why a run could not keep a journal here, in a sentence; undefined where it can. Changes nothing. */
  problem(): string | undefined {
    let there = this.directory;
    while (!existsSync(there)) there = dirname(there);
    try {
      if (!statSync(there).isDirectory()) return `${there} is not a directory`;
      accessSync(there, constants.W_OK | constants.X_OK);
      const audit = join(this.#stateDirectory, 'audit.jsonl');
      if (existsSync(audit)) accessSync(audit, constants.W_OK);
    } catch (error) {
      return new WriteError(there, error).message.replace(/\.$/, '');
    }
    const { bavail, bfree, bsize } = statfsSync(there);
    // Root may also use the blocks that are set aside for it.
    const free = (process.getuid?.() === 0 ? bfree : bavail) * bsize;
    const kib = (bytes: number) => `${Math.floor(bytes / 1024)} KiB`;
    return free >= reserveBytes
      ? undefined
      : `${there} has ${kib(free)} left; a run needs ${kib(reserveBytes)}`;
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
      matches.length === 0 ? 'run.not-found' : 'run.ambiguous',
      matches.length === 0 ? `There is no run ${fragment}.` : `${fragment} fits several runs.`,
      {
        facts: { journals: this.directory, fitting: matches.join(', ') || undefined },
        next: { tv: ['runs', 'list'] },
        exitCode: 2,
      },
    );
  }
}

function namesIn(directory: string): readonly string[] {
  return readNames(directory)
    .filter((name) => name.endsWith('.jsonl'))
    .map((name) => name.slice(0, -'.jsonl'.length));
}

function readNames(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new TvError('journal.unreadable', 'The journals cannot be read.', {
      facts: { journals: directory, problem: (error as Error).message },
      next: onThisMachine(`ls -ld ${quoteForShell(directory)}`),
      cause: error,
    });
  }
}

/** Whether a folder in a place that all users share is ours alone, or not there yet: others can plant files. */
function isOwn(directory: string): boolean {
  const stat = lstatSync(directory, { throwIfNoEntry: false });
  if (stat === undefined) return true;
  return stat.isDirectory() && stat.uid === (process.getuid?.() ?? stat.uid) && (stat.mode & 0o022) === 0;
}
