import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { explainTrouble, readTrustedFile } from '../config/trustedFile.ts';
import { type Advice, onThisMachine } from '../errors/advice.ts';
import type { ErrorCode } from '../errors/codes.ts';
import { TvError } from '../errors/TvError.ts';
import { isAbsent } from '../output/durableFile.ts';
import type { RedactingWriter } from '../output/redactingWriter.ts';
import type { ChainLink, LogVerdict } from '../runbook/audit.ts';
import type { ChainedRecords, Clock } from '../runbook/context.ts';
import type { Operator } from '../runbook/events.ts';
import type { Json } from '../runbook/json.ts';
import { outsideJson } from '../text/outsideText.ts';
import { quoteForShell } from '../text/shellLine.ts';
import { digest } from './digest.ts';
import { awaitFileLock } from './fileLock.ts';

const genesis = '0'.repeat(64);
/** How long an entry waits for those of others, in milliseconds. A holder that has died is not waited for. */
const lockMs = 30_000;

/** How a log is called in errors and problems, and the code of an error that says it cannot be used. */
export interface LogNames {
  /** `audit log`. */
  readonly log: string;
  /** `an audit entry`. */
  readonly entry: string;
  readonly unusable: ErrorCode;
}

/** A file of hash-chained lines, one a record, to which lines are only ever added. */
export class ChainedLog<R extends { readonly operator: Operator }> implements ChainedRecords<R> {
  readonly file: string;
  readonly #names: LogNames;
  readonly #writer: RedactingWriter;
  readonly #clock: Clock;

  constructor(file: string, names: LogNames, writer: RedactingWriter, clock: Clock) {
    this.file = file;
    this.#names = names;
    this.#writer = writer;
    this.#clock = clock;
  }

  /** Appends one entry, durably. Several processes may do so at the same time. @throws WriteError */
  async append(record: R): Promise<R & ChainLink> {
    const release = await this.#lock(record.operator);
    try {
      const tip = this.#tip();
      // Redacted first: the hash has to fit what is on disk.
      const clean = JSON.parse(this.#writer.redact(JSON.stringify(record))) as R;
      const body = {
        ...clean,
        seq: tip.seq + 1,
        at: this.#clock.now().toISOString(),
        previous: tip.hash,
      };
      const entry: R & ChainLink = { ...body, hash: digest(body as unknown as Json) };
      this.#writer.appendLine(this.file, JSON.stringify(entry));
      this.#writer.writeFile(`${this.file}.head`, `${entry.seq} ${entry.hash}\n`);
      return entry;
    } finally {
      release();
    }
  }

  /** Lines that are no entries are left out here; `verify` names them. @throws TvError where it cannot be read */
  entries(): readonly (R & ChainLink)[] {
    this.#assertReachable();
    return this.#lines().flatMap((line) => (outsideJson(parse(line)) as (R & ChainLink) | undefined) ?? []);
  }

  /**
   * Walks the chain. Finds changed, removed, added and reordered lines; a cut-off end is found by
   * the head file beside the log.
   * @throws TvError where it cannot be read
   */
  verify(): LogVerdict {
    this.#assertReachable();
    const problems: string[] = [];
    let previous = genesis;
    let seq = 0;
    const { lines, head } = this.#snapshot();
    lines.forEach((line, index) => {
      const entry = parse(line);
      const place = `line ${index + 1}`;
      if (entry === undefined) {
        problems.push(`${place} is not ${this.#names.entry}`);
        return;
      }
      const { hash, ...body } = entry;
      if (digest(body as unknown as Json) !== hash)
        problems.push(`${place} was changed after it was written`);
      if (entry.previous !== previous || entry.seq !== seq + 1) {
        problems.push(`${place} does not follow the line before it: entries were removed, added or moved`);
      }
      previous = hash;
      seq = entry.seq;
    });
    // A kill between the two writes, or a concurrent writer, leaves the head one entry behind: its hash is then the
    // last one's predecessor, and of the first entry there is no head.
    const behind = parse(lines.at(-1) ?? '')?.previous;
    if (head === undefined ? lines.length > 1 : head.hash !== previous && head.hash !== behind) {
      problems.push(`the end of the log does not fit ${this.file}.head: entries were cut off`);
    }
    return { entries: lines.length, intact: problems.length === 0, problems };
  }

  /**
   * Lines and head as they belong together while others append: between two readings of the same head at most one
   * line was added. A log that is written faster than it is read is taken as it was found last.
   */
  #snapshot() {
    let head = this.#head();
    for (let attempt = 1; ; attempt++) {
      const lines = this.#lines();
      const after = this.#head();
      if (after?.hash === head?.hash || attempt === mostAttempts) return { lines, head: after };
      head = after;
    }
  }

  /**
   * Where the next entry has to join. Where entries were cut off that is the head, so that the gap
   * stays in sight for good.
   */
  #tip(): { readonly seq: number; readonly hash: string } {
    const newest = this.#lines().findLast((line) => parse(line) !== undefined) ?? '';
    const last = parse(newest) ?? { seq: 0, hash: genesis };
    const head = this.#head();
    return head !== undefined && head.seq > last.seq ? head : last;
  }

  #head(): { readonly seq: number; readonly hash: string } | undefined {
    if (!existsSync(`${this.file}.head`)) return undefined;
    const [seq = '', hash = ''] = this.#read(`${this.file}.head`).trim().split(' ');
    return { seq: Number(seq), hash };
  }

  #lines(): readonly string[] {
    if (!existsSync(this.file)) return [];
    return this.#read(this.file).split('\n').slice(0, -1);
  }

  /** A log that cannot be reached is not an empty one. */
  #assertReachable(): void {
    try {
      isAbsent(this.file);
    } catch (error) {
      throw this.#unusable(this.file, { reason: (error as Error).message });
    }
  }

  #read(file: string): string {
    const answer = readTrustedFile(file, largest);
    if (!('kind' in answer)) return answer.bytes.toString('utf8');
    const { facts, next } = explainTrouble(answer);
    throw this.#unusable(file, facts, next);
  }

  #unusable(
    file: string,
    facts: Readonly<Record<string, string>>,
    next: Advice = onThisMachine(`ls -ld ${quoteForShell(dirname(file))} ${quoteForShell(file)}`),
  ): TvError {
    const { log, unusable } = this.#names;
    return new TvError(unusable, `The ${log} cannot be used.`, { facts: { file, ...facts }, next });
  }

  async #lock(operator: Operator): Promise<() => void | Promise<void>> {
    const clock = this.#clock;
    const { log } = this.#names;
    const release = await awaitFileLock(`${this.file}.lock`, { operator, what: log, clock, limitMs: lockMs });
    if (release !== undefined) return release;
    throw new TvError(this.#names.unusable, `The ${this.#names.log} is locked.`, {
      facts: { log: this.file },
      next: { tv: ['runs', 'list'] },
    });
  }
}

const mostAttempts = 10;
/** Of a log, in bytes: some 500 000 entries of the audit log. */
const largest = 256 * 2 ** 20;

function parse(line: string): ChainLink | undefined {
  try {
    const entry = JSON.parse(line) as ChainLink;
    return typeof entry === 'object' && entry !== null && typeof entry.hash === 'string' ? entry : undefined;
  } catch {
    return undefined;
  }
}
