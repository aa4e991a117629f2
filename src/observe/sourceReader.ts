import type { Advice } from '../errors/advice.ts';
import { type Answer, known, unknown } from '../errors/answer.ts';
import { TvError, UnavailableError } from '../errors/TvError.ts';
import type { CommandOutput, Context, Host } from '../runbook/context.ts';
import { isShow, shownTogether } from './shownTogether.ts';
import { withinLimit } from './withinLimit.ts';

/** Something that is read as a whole. Rules judge it. */
export interface Source<T> {
  /** As a line of a screen names it: `indexer`, `RPC nodes`. */
  readonly title: string;
  read(reader: SourceReader): Promise<T>;
  /** What was read, as part of a line: `cursor 15 204 118, at the head`. Undefined where there is nothing to show. */
  describe(value: T, now: Date): string | undefined;
  /**
   * Why the value shows nothing, where there was nothing to look at: no answer can rest on it. A part of a sentence:
   * `no job of tv db schedule is installed`.
   */
  unseen?(value: T): string | undefined;
}

/** What a source said, or why it said nothing. */
export type Reading<T> =
  | { readonly known: true; readonly value: T }
  | {
      readonly known: false;
      /** A part of a sentence: `no answer within 2.5 s`. */
      readonly reason: string;
      /** It certainly does not answer, as opposed to an answer that did not come in time or was not understood. */
      readonly away: boolean;
      readonly facts: Readonly<Record<string, string>>;
      readonly next: readonly Advice[];
      /** The same for all readings that failed with this one. */
      readonly cause: unknown;
    };

/** One reading of all sources: each source is read at most once, whoever needs it. */
export class SourceReader {
  readonly ctx: Context;
  readonly #reads = new Map<Source<unknown>, Promise<unknown>>();

  constructor(ctx: Context) {
    let shared: Host | undefined;
    this.ctx = {
      ...ctx,
      host: () => {
        shared ??= sharedReads(ctx.host());
        return shared;
      },
    };
  }

  /** @throws TvError of the source, or past its limit */
  read<T>(source: Source<T>): Promise<T> {
    const begun = this.#reads.get(source as Source<unknown>) as Promise<T> | undefined;
    if (begun !== undefined) return begun;
    // The source is started before its own limit is set. The limits of those that it waits for are set first
    // and fire first, so that a failure is that of the source which hangs.
    const read = withinLimit(this.ctx, () => source.read(this), this.ctx.settings.monitor.limitMs);
    read.catch(() => {});
    this.#reads.set(source as Source<unknown>, read);
    return read;
  }

  /** For what one source would like to know of another, and can do without. */
  async answer<T>(source: Source<T>): Promise<Answer<T>> {
    const reading = await this.reading(source);
    return reading.known ? known(reading.value) : unknown(reading.reason);
  }

  /** @throws what is no TvError */
  async reading<T>(source: Source<T>): Promise<Reading<T>> {
    try {
      return { known: true, value: await this.read(source) };
    } catch (error) {
      if (!(error instanceof TvError)) throw error;
      const { reason = error.facts['node'] } = error.facts;
      const sentence = error.message.replace(/\.$/, '');
      return {
        known: false,
        reason: reason === undefined ? sentence : `${sentence} (${reason})`,
        away: error instanceof UnavailableError,
        facts: error.facts,
        next: error.next,
        cause: error,
      };
    }
  }
}

/** A host that runs a command once for all who ask for the same, since every one of them only reads. */
function sharedReads(host: Host): Host {
  const runs = new Map<string, Promise<CommandOutput>>();
  const show = shownTogether(host);
  return {
    prefix: host.prefix,
    run: (command, options) => {
      if (options !== undefined) return host.run(command, options);
      const key = JSON.stringify(command);
      const run = runs.get(key) ?? (isShow(command) ? show(command) : host.run(command));
      runs.set(key, run);
      return run;
    },
  };
}
