import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { replaceFile } from '../output/durableFile.ts';
import type { RunStamp, Runs } from '../runbook/context.ts';
import { foldRun, isClosed, type RunState } from './runState.ts';

type Started = RunState['started'];

/** Of a journal's first line, what is needed to find a run and to compare it with others. */
const briefly = [
  ...(['type', 'run', 'runbook', 'environment', 'operator', 'at'] as const),
  ...(['supersedes', 'touches', 'holdsUpOthers'] as const),
] as const satisfies readonly (keyof Started)[];
type Brief = Pick<Started, (typeof briefly)[number]>;

/** What is kept of a closed run, so that its journal need not be read for it. */
interface Kept extends Pick<RunState, 'status' | 'lastOperator' | 'endedAt' | 'lastAt'> {
  /** Of its journal when it was read: a journal that has grown since is read anew. */
  readonly stamp: string;
  readonly started: Brief;
}

/** Fewer than so many journals are read faster than the index is worth. */
const worthKeeping = 100;

/** Raised with each change of what is kept: an index of another form is not read. */
const form = 1;

/**
 * An index of closed runs in the state directory: every command reads all runs, and a closed one does not change
 * unless its journal does. It is an aid alone: without it, or where it does not fit, the journals are read.
 */
export class ClosedRuns {
  readonly #file: string;
  readonly #runs: Runs;
  readonly #kept: Map<string, Kept>;
  readonly #fresh = new Map<string, Kept>();

  constructor(runs: Runs) {
    this.#runs = runs;
    this.#file = join(runs.directory, 'closed.index');
    this.#kept = readIndex(this.#file);
  }

  /**
   * The state of a run, from the index or from its journal.
   * @returns undefined for an empty journal
   * @throws TvError where the journal is damaged
   */
  state({ run, stamp }: RunStamp): RunState | undefined {
    const kept = this.#kept.get(run);
    if (kept?.stamp === stamp) return new LazyRun(kept, this.#runs);
    const state = foldRun(this.#runs.read(run));
    if (state !== undefined && isClosed(state)) this.#fresh.set(run, keptOf(state, stamp));
    return state;
  }

  /** Writes the index where many runs were missing in it. A state directory that cannot be written goes without. */
  keep(present: readonly RunStamp[]): void {
    if (this.#fresh.size < worthKeeping) return;
    const entries = present.flatMap(({ run }) => this.#fresh.get(run) ?? this.#kept.get(run) ?? []);
    try {
      replaceFile(this.#file, JSON.stringify({ form, runs: entries }));
    } catch {
      // Read-only, or full: the next command reads the journals again.
    }
  }
}

/** A closed run of the index. The rest of it is read from its journal once something of that is asked for. */
class LazyRun implements RunState {
  readonly started: Started;
  readonly status: RunState['status'];
  readonly lastOperator: RunState['lastOperator'];
  readonly endedAt: RunState['endedAt'];
  readonly lastAt: RunState['lastAt'];
  readonly undoing = false;
  readonly #runs: Runs;
  #whole: RunState | undefined;

  constructor({ started, status, lastOperator, endedAt, lastAt }: Kept, runs: Runs) {
    this.started = Object.assign(new LazyStart(this), started);
    this.status = status;
    this.lastOperator = lastOperator;
    this.endedAt = endedAt;
    this.lastAt = lastAt;
    this.#runs = runs;
  }

  /** @throws TvError where the journal is damaged */
  whole(): RunState {
    this.#whole ??= foldRun(this.#runs.read(this.started.run));
    if (this.#whole === undefined) throw new Error(`the journal of ${this.started.run} has become empty`);
    return this.#whole;
  }

  get steps() {
    return this.whole().steps;
  }
  get verification() {
    return this.whole().verification;
  }
  get transactions() {
    return this.whole().transactions;
  }
  get lines() {
    return this.whole().lines;
  }
}

class LazyStart implements Omit<Started, keyof Brief> {
  readonly #of: LazyRun;

  constructor(of: LazyRun) {
    this.#of = of;
  }

  get title() {
    return this.#of.whole().started.title;
  }
  get section() {
    return this.#of.whole().started.section;
  }
  get risk() {
    return this.#of.whole().started.risk;
  }
  get version() {
    return this.#of.whole().started.version;
  }
  get input() {
    return this.#of.whole().started.input;
  }
  get facts() {
    return this.#of.whole().started.facts;
  }
  get checks() {
    return this.#of.whole().started.checks;
  }
  get plan() {
    return this.#of.whole().started.plan;
  }
  get overrides() {
    return this.#of.whole().started.overrides;
  }
  get confirmation() {
    return this.#of.whole().started.confirmation;
  }
  get approval() {
    return this.#of.whole().started.approval;
  }
}

function keptOf({ started, status, lastOperator, endedAt, lastAt }: RunState, stamp: string): Kept {
  const brief = Object.fromEntries(briefly.map((name) => [name, started[name]])) as unknown as Brief;
  return { stamp, started: brief, status, lastOperator, endedAt, lastAt };
}

function readIndex(file: string): Map<string, Kept> {
  try {
    const index = JSON.parse(readFileSync(file, 'utf8')) as { form?: unknown; runs?: unknown };
    if (index.form !== form || !Array.isArray(index.runs)) return new Map();
    return new Map((index.runs as readonly Kept[]).map((kept) => [kept.started.run, kept]));
  } catch {
    return new Map();
  }
}
