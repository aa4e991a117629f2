import type * as z from 'zod';
import type { Advice } from '../errors/advice.ts';
import type { Answer } from '../errors/answer.ts';
import type { PlannedChange } from './changes.ts';
import type { Check, Finding } from './check.ts';
import type { CommandName } from './commandName.generated.ts';
import type { Concurrency } from './concurrency.ts';
import type { Context } from './context.ts';
import type { PlannedTransaction, PreviewUse } from './effects.ts';
import type { Effect, Leaves, Progress, Risk, Runs } from './events.ts';
import type { Json } from './json.ts';
import type { Paint } from './paint.ts';

/** What help, completion and the exported runbook show of a command. Its name is the path of its file. */
export interface CommandInfo {
  readonly title: string;
  /** For lists: an imperative verb first, at most 60 characters, no full stop. */
  readonly summary: string;
  /** Section of the operations runbook (`1`, `2`, …). Without one it is a tool around the procedures. */
  readonly section?: string;
  /** Place within its group; later than all that have one by default. */
  readonly order?: number;
  readonly aliases?: readonly string[];
  /**
   * `none`: it needs no environment, and its context has none. `as-found`: it works with whatever is there, also if wrong. `vital`:
   * only what says which environment, machine and chain is meant must be right. `local`: as found in this machine's
   * files and variables; neither `.env` nor a command that prints a secret is asked. Default: all must be usable.
   */
  readonly settings?: 'none' | 'as-found' | 'local' | 'vital';
  /** Its screen comes within `monitor.limitMs`, whatever hangs: reading the settings counts, too. */
  readonly withinLimit?: true;
  /** Why and when, for `tv runbook show` and the exported document. Markdown. */
  readonly description: string;
  /** The same procedure without tv. Every command that changes something and has a `section` needs one. */
  readonly byHand?: ByHand;
  /** Calls that are typed often, the most common first; tests parse each. Every command of tv has one. */
  readonly examples?: readonly Example[];
}

/** A call of a command, for its help, the exported runbook and the manual page. */
export interface Example {
  /** What it is for: one line, no full stop. */
  readonly what: string;
  /** As it is typed in a shell: `tv db verify --latest`. */
  readonly line: string;
}

/**
 * A procedure for a person at a shell, when tv itself cannot be used. Every line is pasted as it is printed, so
 * each `$NAME` in it comes from the definitions of the exported runbook, from `variables`, or from a line before.
 */
export interface ByHand {
  /** When to use it: symptoms and occasions. */
  readonly when: string;
  /** What the operator fills in: shell variable to its meaning. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Before anything is changed. Each only reads. */
  readonly checks: readonly ByHandLine[];
  readonly steps: readonly ByHandLine[];
  /** Afterwards. Each only reads. */
  readonly verify: readonly ByHandLine[];
  /** What fails or does harm, with the reason. */
  readonly never: readonly string[];
}

export interface ByHandLine {
  readonly what: string;
  /** Bash. */
  readonly run: string;
  /** What has to come out, in words. */
  readonly expect?: string;
  /** What the output looks like whatever the state is; tests run the line and compare. */
  readonly prints?: RegExp;
}

/**
 * A probe's answer to "has an attempt that was cut off taken effect?".
 *
 * - `done`: it has. The step is not run again and has no result; a step whose result a later step or `verify` needs
 *   is `idempotent` instead.
 * - `not-done`: it has not, and will not. A resume runs the step again; a rollback passes it over, and a final step
 *   does not keep the run from being undone.
 * - `begun`: it may have, or still may. A resume runs the step again, so that must be safe; otherwise the step counts
 *   as one that took effect. `idempotent: true` is this answer at all times, without a probe.
 * - `unknown`: a resume stops, and a person has to check.
 */
export type ProbeAnswer = 'done' | 'not-done' | 'begun' | 'unknown';

/** Read by reference (`step`, `note`) alone, which knows the type of each: it cannot be indexed by a name. */
export type Referenced = object;

export interface StepContext extends Context {
  readonly runId: string;
  /** Results of the steps before, by id; after a resume they come from the journal. */
  readonly results: Referenced;
  progress(progress: Progress): void;
  /**
   * Writes something to the journal, durably, before it is acted upon: the hash and the bytes of a
   * signed transaction. Never a secret.
   */
  note(note: string, value: Json): void;
  /** What this step has noted, also in an earlier attempt; the latest value of each. */
  readonly notes: Referenced;
}

/** One intended change, as data and functions: the same value is printed, dry-run, executed and undone. */
export interface Step {
  readonly id: string;
  readonly title: string;
  /**
   * The equivalent shell line; secrets as `$NAME`. It is part of the plan id, as the id and the effect are: a value
   * that differs at every call (the time) is written as the shell expression that yields it.
   */
  readonly command: string;
  /** Where it runs, if not on the host. */
  readonly runs?: Runs;
  readonly effect: Effect;
  /** What `undo` does: `start the indexer`. Every step with an undo has one. */
  readonly undoTitle?: string;
  /** Of a step without an undo: what becomes of its effect (`kept`), or the command that reverses it. */
  readonly afterwards?: Advice;
  /** It is undone also after an irreversible step that came later, and with `leaves` at a signal in between. */
  readonly undoAlways?: boolean;
  /**
   * Residual state that is shown wherever the run stops before `until`. Of a step that notes what it does before
   * it acts, only after that note.
   */
  readonly leaves?: Leaves;
  /**
   * What of it must not be done twice unknowingly, one line each: a payment, not the pause around it. By these a
   * run is compared with an earlier one that was abandoned. Default: `command`.
   */
  readonly once?: readonly string[];
  /** Set by `parallel`: the id of the first step of its group. */
  readonly group?: string;
  /** The transaction that it sends, for the preview of what the plan changes. Absent where it sends none. */
  readonly sends?: Answer<PlannedTransaction>;
  /** A step that only waits: the first SIGINT ends it at once, without harm. */
  readonly interruptible?: boolean;
  /** For an answer that depends on what is found. Instead a step may have one of the next two. */
  probe?(ctx: StepContext): Promise<ProbeAnswer>;
  /** Running it again is safe, whatever the attempt before has done: always `begun`. */
  readonly idempotent?: true;
  /** It reads or waits, and changes nothing: always `not-done`. */
  readonly readOnly?: true;
  run(ctx: StepContext): Promise<Json>;
  undo?(ctx: StepContext): Promise<void>;
  /**
   * Every step with an undo has one. Reads, once the whole undo has ended, whether the state is the one before
   * the step; it passes only on what was read.
   * @throws TvError where that is unknown
   */
  checkUndone?(ctx: StepContext): Promise<Finding>;
  /**
   * For values that others may have changed since: called for every step before the first one is undone.
   * @throws TvError where it must not be undone any more
   */
  assertUndoable?(ctx: StepContext): Promise<void>;
}

/** One input of a command: how it is written as a flag, what it means, and its zod schema. */
export interface InputField<T extends z.ZodType = z.ZodType> {
  /** commander syntax: `--from-block <block>`, `--truncate`, or an argument `<id>`, `[block]`, `[service...]`. */
  readonly flag: string;
  readonly help: string;
  readonly schema: T;
}

export type InputFields = Readonly<Record<string, InputField>>;
export type InputOf<F extends InputFields> = { readonly [K in keyof F]: z.output<F[K]['schema']> };

export type Facts = { readonly [key: string]: Json };

export interface PreflightResult<F extends Facts> {
  readonly checks: readonly Check[];
  /** Undefined where a block leaves the plan without a basis. */
  readonly facts: F | undefined;
}

/** What a command prints instead of acting: unsigned transactions for another signer. */
export interface Printout<D extends Json = Json> {
  readonly data: D;
  readonly files: readonly { readonly path: string; readonly text: string }[];
  render(paint: Paint): string;
}

/** A procedure that changes something. Read its file from top to bottom: that is the order of events. */
export interface Runbook<I extends InputFields = InputFields, F extends Facts = Facts, P extends Json = Json>
  extends CommandInfo {
  readonly kind: 'runbook';
  readonly risk: Exclude<Risk, 'read'>;
  /** Facts and input of an imagined case. The exported document, and tests of every runbook, plan its steps from it. */
  readonly example: { readonly facts: F; readonly input: InputOf<I> };
  readonly input: I;
  /** After a failed step: `stop` rolls back or keeps the steps for a resume, `continue` runs the others all the same. */
  readonly onFailure: 'stop' | 'continue';
  /** How it gets along with other runs; what is left out is as `ordinary` has it. */
  concurrency?(input: InputOf<I>): Partial<Concurrency>;
  /** What the preview of its transactions decides; what is left out is as `ordinaryPreview` has it. */
  readonly preview?: Partial<PreviewUse>;
  /**
   * Commands whose older runs have nothing left to finish once this one is verified. A command that
   * supersedes itself can be run anew.
   */
  supersedes?(input: InputOf<I>): readonly CommandName[];
  /** Undefined where the input does not ask for one; otherwise nothing else happens. */
  printout?(ctx: Context, input: InputOf<I>): Promise<Printout<P> | undefined>;
  preflight(ctx: Context, input: InputOf<I>): Promise<PreflightResult<F>>;
  /**
   * The facts that the plan rests on, for the plan id: not those that move by themselves (head, rows, disk). The
   * commands of the steps are part of the id, too, so none of these may be in one. What is known only when a step
   * runs (the time) is noted by that step.
   */
  basis(facts: F): Json;
  plan(facts: F, input: InputOf<I>): readonly Step[];
  /** What it changes in the database and on the host, shown under the plan. */
  changes?(facts: F, input: InputOf<I>): readonly PlannedChange[];
  /** One sentence before the question: what will be lost or changed, in numbers. */
  consequence(facts: F, input: InputOf<I>): string;
  verify(ctx: StepContext, facts: F, input: InputOf<I>): Promise<readonly Check[]>;
}

/** For commands about tv's own commands and runs. */
export interface ToolContext extends Context {
  /** Every command, in the order of help. */
  readonly registry: readonly CommandDefinition[];
}

/** A command that only reads. A source that fails or is slow is part of the data, never a failed screen. */
export interface Report<I extends InputFields = InputFields, D = unknown> extends CommandInfo {
  readonly kind: 'report';
  readonly input: I;
  collect(ctx: ToolContext, input: InputOf<I>): Promise<D>;
  render(data: D, paint: Paint, input: InputOf<I>): string;
  /** Where the input asks for other settings than the command does; its services are not opened then. */
  settingsFor?(input: InputOf<I>): CommandInfo['settings'];
  /** Default 0. `tv status` and its like follow the monitoring-plugin convention. */
  exitCode?(data: D): number;
  /** Where it cannot even begin; default: the error's own. A monitor takes 2 for "critical". */
  readonly failureExitCode?: number;
  /**
   * In place of `collect` where the input asks for it: it shows by itself until a signal ends it. Undefined where
   * the input does not. @returns the exit code
   */
  watch?(ctx: WatchContext, input: InputOf<I>): Promise<number> | undefined;
  /** Words of a command of tv that is to be run now, as if it had been typed; afterwards this one is run again. */
  remedy?(data: D, input: InputOf<I>): readonly string[] | undefined;
}

export interface WatchContext extends ToolContext {
  readonly output: Output;
}

export interface ActionContext extends ToolContext {
  /** One line of progress, on stderr; shown to a person and left out with `--json`. */
  tell(line: string): void;
  /** Replaces a file, secrets taken out. @param mode default 0600 */
  writeFile(path: string, text: string, mode?: number): void;
  /** Appends a line to a file, secrets taken out, and returns only when it is on disk. @throws WriteError */
  appendLine(path: string, line: string): void;
  readonly output: Output;
}

/** For a command that shows something before it ends. */
export interface Output {
  /** A question with yes or no, default no; undefined where there is no terminal to ask at. */
  ask(question: string): Promise<boolean | undefined>;
  /** `--json`. */
  readonly json: boolean;
  /** On stdout, secrets taken out. */
  print(text: string): void;
  /** Takes secrets out of what leaves tv another way: a request, the input of a program, a database. */
  redact(text: string): string;
  /** Registers a secret of the command line, to be taken out from now on. */
  keep(secret: string): void;
  /** For the time and the columns that there are now. */
  paint(): Paint;
  /** Redraws a whole screen in place; undefined where stdout is no terminal. */
  readonly screen: Screen | undefined;
}

export interface Screen {
  readonly rows: number;
  /** Shows a text from the top left, in place of all that was there. */
  draw(text: string): void;
  /** Calls back when the terminal gets another size. */
  onResize(redraw: () => void): void;
  /** Shows again what was there before. */
  close(): void;
}

/** A command that changes only tv's own things (its configuration, a sandbox), and so needs no plan. */
export interface Action<I extends InputFields = InputFields, D = unknown> extends CommandInfo {
  readonly kind: 'action';
  readonly risk: 'read' | 'mild' | 'sandbox';
  readonly input: I;
  /** Undefined where everything has been shown already. */
  run(ctx: ActionContext, input: InputOf<I>): Promise<D>;
  render(data: D, paint: Paint, input: InputOf<I>): string;
  /** Default 0. */
  exitCode?(data: D): number;
  /** As of a report. */
  readonly failureExitCode?: number;
}

export function defineAction<const I extends InputFields, D>(
  action: Omit<Action<I, D>, 'kind'>,
): Action<I, D> {
  return { kind: 'action', ...action };
}

/** A command that resumes, undoes, closes, releases or annotates a journaled run. It asks as the run's own runbook does. */
export interface Control<I extends InputFields = InputFields> extends CommandInfo {
  readonly kind: 'control';
  readonly risk: 'mild' | 'severe';
  /** It has a plan, which `--dry-run` prints and `--plan` holds it to. */
  readonly planned?: true;
  readonly input: I;
  /** @returns the run, and what to do with it */
  choose(ctx: ToolContext, input: InputOf<I>): Promise<Choice>;
}

export type Choice =
  | { readonly run: string; readonly direction: 'resume' | 'undo' }
  | { readonly run: string; readonly direction: 'abandon' | 'release'; readonly reason: string }
  | { readonly run: string; readonly direction: 'note'; readonly text: string };

export function defineControl<const I extends InputFields>(control: Omit<Control<I>, 'kind'>): Control<I> {
  return { kind: 'control', ...control };
}

export function defineRunbook<const I extends InputFields, F extends Facts, P extends Json = Json>(
  runbook: Omit<Runbook<I, F, P>, 'kind'>,
): Runbook<I, F, P> {
  return { kind: 'runbook', ...runbook };
}

export function defineReport<const I extends InputFields, D>(
  report: Omit<Report<I, D>, 'kind'>,
): Report<I, D> {
  return { kind: 'report', ...report };
}

export function field<T extends z.ZodType>(flag: string, help: string, schema: T): InputField<T> {
  return { flag, help, schema };
}

export interface StreamContext extends ToolContext {
  /** One line on stderr that must not wait for the end; left out with `--json`. */
  tell(line: string): void;
}

/**
 * A command that only reads, and prints while it reads: a log, which may be long or never end. Items go to stdout,
 * one at a time and no faster than they are read there; what there is to say about the whole goes to stderr.
 * `--json` is one document with `items`, or one line an item where `endless`.
 */
export interface Stream<I extends InputFields = InputFields, T = unknown, D = unknown> extends CommandInfo {
  readonly kind: 'stream';
  readonly input: I;
  /** Is ended early (`return`) once the reader has closed the output. */
  read(ctx: StreamContext, input: InputOf<I>): AsyncGenerator<T, D, void>;
  /** @param previous the item printed before it */
  renderItem(item: T, paint: Paint, input: InputOf<I>, previous: T | undefined): string;
  /** After the last item; may be empty. */
  render(data: D, paint: Paint, input: InputOf<I>): string;
  /** Whether it is read until a signal ends it. */
  endless?(input: InputOf<I>): boolean;
  /** Default 0. */
  exitCode?(data: D): number;
}

export function defineStream<const I extends InputFields, T, D>(
  stream: Omit<Stream<I, T, D>, 'kind'>,
): Stream<I, T, D> {
  return { kind: 'stream', ...stream };
}

// biome-ignore lint/suspicious/noExplicitAny: the registry holds commands of every input and item type
export type AnyStream = Stream<any, any, any>;

/** Any command of tv, as its module exports it. */
// biome-ignore lint/suspicious/noExplicitAny: the registry holds commands of every input, fact and data type
export type AnyCommand = Runbook<any, any> | Report<any, any> | Action<any, any> | AnyStream | Control<any>;

/** What the file `….schema.ts` beside a command exports; each made by `schemaFor`. */
export interface CommandSchema {
  /** Of its one document; of a runbook, that of its printout. */
  readonly default: z.ZodType;
  /** Of a stream: one item. */
  readonly item?: z.ZodType;
  /** What it prints besides, one a line, by the id of its schema. */
  readonly lines?: Readonly<Record<string, z.ZodType>>;
}

export type Service = 'chain' | 'database' | 'host' | 'api';

/** A command in the registry: what lists show without loading it. Generated from its module. */
export interface CommandDefinition
  extends Pick<CommandInfo, 'summary' | 'aliases' | 'settings' | 'withinLimit'> {
  /** Words after `tv`: `reindex`, `oracle rotate-key`. */
  readonly command: CommandName;
  /** Runbook section (`1`, `2`, …), or empty. */
  readonly section: string;
  readonly group: string;
  /** The services whose code the command imports; the others are not even loaded. */
  readonly services: readonly Service[];
  readonly risk: Risk | 'sandbox';
  load(): Promise<{ readonly default: AnyCommand }>;
  /** What `--json` prints, from the file beside the command. Absent where it prints the events of a run alone. */
  schema?(): Promise<CommandSchema>;
}
