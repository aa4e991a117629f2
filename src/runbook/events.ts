import type { Advice } from '../errors/advice.ts';
import type { ErrorCode } from '../errors/codes.ts';
import type { ApprovalUse } from './approval.ts';
import type { PlannedChange } from './changes.ts';
import type { Check } from './check.ts';
import type { Effects } from './effects.ts';
import type { Json } from './json.ts';

export type Risk = 'read' | 'mild' | 'moderate' | 'severe';

/**
 * What a step leaves behind. `reversible`: its undo restores the state before it, without loss.
 * `compensable`: undo needs what an earlier step kept (a backup). `final`: irreversible.
 */
export type Effect = 'reversible' | 'compensable' | 'final';

/** Residual state after a step, until another step of the same run ends it. */
export type Leaves = {
  readonly subject: string;
  /** `the services are`, not `the indexer is`. */
  readonly plural?: boolean;
  readonly state: string;
  /** The id of that step. */
  readonly until: string;
};

/** How far a piece of work of known or unknown size is. */
export interface Progress {
  readonly done: number;
  readonly total?: number;
  /** Plural noun of what is counted: `blocks`, `rows`, `bytes`. */
  readonly unit: string;
  readonly note?: string;
}

/** Who runs tv, on which machine. */
export interface Operator {
  readonly user: string;
  readonly host: string;
  readonly pid: number;
  /** Distinguishes this process from a later one with the same id; null where the system has no such mark. */
  readonly mark: string | null;
  /** In which `pid` counts, as `pid:[4026531836]`; absent where the system has none, and in older journals. */
  readonly pidNamespace?: string;
  /** Of the kernel that it ran on: another one after each boot. Absent where there is none, and in older journals. */
  readonly bootId?: string;
}

/**
 * Where the shell line of a step runs: `here`, on the machine that signs transactions, or as a call of `tv` from
 * there. Otherwise on the host.
 */
export type Runs = 'here' | 'tv';

/** What of a step can be written down. */
export interface StepData {
  readonly id: string;
  readonly title: string;
  readonly command: string;
  readonly runs?: Runs;
  readonly effect: Effect;
  readonly undo: string | null;
  readonly afterwards?: Advice;
  readonly leaves?: Leaves;
  /** Undoing it is right also with a final step after it. */
  readonly undoAlways?: true;
  /** Steps with the same value run at the same time: the id of the first of them. */
  readonly group?: string;
  /** What of it must not be done twice unknowingly, one line each. Default: its command. */
  readonly once?: readonly string[];
}

export interface PlanData {
  /** SHA-256 of the plan and of the facts that it rests on: 64 hex digits, all of which `--plan` compares. */
  readonly id: string;
  readonly steps: readonly StepData[];
  readonly consequence: string;
  /** What its transactions change. Absent where it sends none, and of what is left of a run. */
  readonly effects?: Effects;
  /** What it changes in the database and on the host. Absent where the command does not say, and of what is left of a run. */
  readonly changes?: readonly PlannedChange[];
}

/** Overrides that were used, with the reason that was given. */
export interface OverrideUse {
  readonly check: string;
  readonly reason: string;
}

export interface ErrorData {
  /** Absent in the journals of builds before there were codes. */
  readonly code?: ErrorCode;
  readonly message: string;
  readonly facts: Readonly<Record<string, string>>;
  readonly next: readonly Advice[];
}

/** What became of a transaction that a run has journaled, as the nodes of its chain answered. */
export interface TransactionFate {
  readonly step: string;
  readonly hash: string;
  /**
   * `effect`: in a block, and succeeded. `no-effect`: proven, it will never have one. `mined`: in a block;
   * whether it succeeded is unknown. `pending`: it may still be mined. `not-found`: no node that answered knows
   * it, so it may still be mined, too. `unknown`: no node could be asked, or their answers decide nothing.
   */
  readonly fate: 'effect' | 'no-effect' | 'mined' | 'pending' | 'not-found' | 'unknown';
  readonly block: number | null;
  /** After its hash: `is in block 12 and took effect`. */
  readonly words: string;
}

/** How a run ended. */
export type Outcome =
  | 'verified'
  | 'unverified'
  | 'failed'
  | 'rolled-back'
  /** After a signal: only what must not stay meanwhile was undone. The rest is kept, to be resumed. */
  | 'partly-rolled-back'
  | 'interrupted'
  | 'undone'
  /** Every undo ended, and the state is not proven to be the one before the run. */
  | 'undo-unverified'
  | 'undo-failed';

export interface RunStarted {
  readonly type: 'run.started';
  readonly run: string;
  readonly runbook: string;
  readonly title: string;
  readonly section: string;
  readonly risk: Risk;
  readonly environment: string;
  readonly operator: Operator;
  readonly version: string;
  readonly input: Json;
  readonly facts: Json;
  readonly checks: readonly Check[];
  readonly plan: PlanData;
  /** Commands whose older runs have nothing left to finish once this one is verified. */
  readonly supersedes?: readonly string[];
  /** What it changes, for other runs that touch the same. */
  readonly touches?: readonly string[];
  /** Unfinished, it holds up no other run. */
  readonly holdsUpOthers?: false;
  readonly overrides: readonly OverrideUse[];
  readonly confirmation: string;
  /** Absent where the run was started without a plan file. */
  readonly approval?: ApprovalUse | undefined;
}

/** Who holds a lock, what runs under it, and since when (ISO 8601). */
export interface LockHolder {
  readonly operator: Operator;
  readonly what: string;
  /** Null of a holder on another machine whose session the database role may not look into. */
  readonly since: string | null;
  /** Absent of a holder on another machine whose tv does not name it. */
  readonly runbook?: string;
  /** What the run changes; absent of every holder on another machine. */
  readonly touches?: readonly string[];
}

/** A note of a step by this name is a sentence for the operator, and shown at once. */
export const messageNote = 'message';

/** A note of a step by this name is a `Leftover`, written before there is any. */
export const leftoverNote = 'leftover';

/** What a run makes that is gone only once the run ends, or its step is undone: stays where the run is abandoned. */
export type Leftover = {
  /** `the database tempovault_reindex_20261123_221500_7f3a`. */
  readonly what: string;
  /** The id of the step that ends it. */
  readonly until: string;
  readonly remove: Exclude<Advice, string>;
};

/** What goes to the journal: enough to resume, to undo and to report the run afterwards. */
export type JournalEvent =
  | RunStarted
  | { readonly type: 'run.resumed'; readonly operator: Operator; readonly confirmation: string }
  | { readonly type: 'run.undoing'; readonly operator: Operator; readonly confirmation: string }
  /** Closed by a person, neither finished nor undone. */
  | {
      readonly type: 'run.abandoned';
      readonly operator: Operator;
      readonly confirmation: string;
      readonly reason: string;
      /** Every transaction that it had journaled, looked up just before. Absent where there is none. */
      readonly transactions?: readonly TransactionFate[];
      /** What it had made and not ended, and the lines that remove it. Absent where there is none. */
      readonly leftovers?: readonly Leftover[];
    }
  /** A person has said that its process, which cannot be seen from here, has ended. */
  | {
      readonly type: 'run.released';
      readonly operator: Operator;
      readonly confirmation: string;
      readonly reason: string;
      /** What can be done now; shown, not kept. */
      readonly next?: readonly Advice[];
    }
  /** Written by a person after the run had ended, for its report. */
  | { readonly type: 'run.noted'; readonly operator: Operator; readonly text: string }
  | { readonly type: 'step.started'; readonly step: string }
  | { readonly type: 'step.noted'; readonly step: string; readonly note: string; readonly value: Json }
  | {
      readonly type: 'step.done';
      readonly step: string;
      readonly result: Json;
      readonly durationMs: number;
      /** `found`: the probe says that an earlier attempt had done it. */
      readonly how: 'ran' | 'found';
    }
  | {
      readonly type: 'step.failed';
      readonly step: string;
      readonly error: ErrorData;
      readonly durationMs: number;
    }
  | { readonly type: 'undo.started'; readonly step: string }
  | { readonly type: 'undo.done'; readonly step: string; readonly durationMs: number }
  | { readonly type: 'undo.failed'; readonly step: string; readonly error: ErrorData }
  | { readonly type: 'run.signalled'; readonly signal: string }
  | { readonly type: 'run.checked'; readonly checks: readonly Check[] }
  | {
      readonly type: 'run.ended';
      readonly outcome: Outcome;
      readonly exitCode: number;
      /** What the run has left unusual in the world: `protocol is OPEN (not paused)`. */
      readonly left?: readonly string[];
    };

/** What only a watcher sees. */
export type ScreenEvent =
  | {
      readonly type: 'preflight.started';
      readonly runbook: string;
      readonly title: string;
      readonly section: string;
      readonly environment: string;
      readonly subject: string;
    }
  | { readonly type: 'preflight.done'; readonly checks: readonly Check[] }
  | {
      readonly type: 'plan.ready';
      readonly plan: PlanData;
      /** Of a resume, an undo and an abandon: every step of the run's plan, also those not in `plan`. */
      readonly all?: readonly StepData[];
      /** Of an undo: ids of the steps that took effect, or may have, and are not undone. */
      readonly kept?: readonly string[];
      /** Of those, the ones of which the journal does not say whether they took effect. */
      readonly undecided?: readonly string[];
      readonly dryRun: boolean;
      /** Of a dry run: how many signatures of others a run of this plan needs. Absent where none. */
      readonly approvals?: number;
      /** Of a dry run: the file that the plan is written to next. */
      readonly out?: string;
      /**
       * What `--plan` compares: the plan's own digest, or that of what is left to do or to undo of a run. The
       * latter is worked out only for a dry run, or where there is one to compare with.
       */
      readonly digest?: string;
      readonly overrides: readonly OverrideUse[];
      readonly direction: 'start' | 'resume' | 'undo' | 'abandon';
      /** Of an abandon: what may decide the run without closing it. */
      readonly instead?: readonly Advice[];
      /** Residual state of the run that is resumed or undone. */
      readonly left?: readonly string[];
    }
  /** A dry run has written its plan to a file. */
  | {
      readonly type: 'plan.written';
      readonly file: string;
      readonly sha256: string;
      readonly expiresAt: string;
    }
  /** The plan had no step: what was read back instead of a run. */
  | {
      readonly type: 'idle.checked';
      readonly checks: readonly Check[];
      readonly outcome: Outcome;
      readonly exitCode: number;
    }
  | { readonly type: 'step.progress'; readonly step: string; readonly progress: Progress }
  /** Another run holds the lock, and this one waits for it. */
  | { readonly type: 'lock.waiting'; readonly for: LockHolder; readonly limitMs: number }
  /** A source has gone away, and a rollback or an undo waits for it. */
  | { readonly type: 'source.waiting'; readonly reason: string; readonly limitMs: number }
  /** `stops`: the run ends before its next step. */
  | {
      readonly type: 'lock.lost';
      readonly reason: string;
      readonly next: readonly Advice[];
      readonly stops: boolean;
    }
  /** The facts moved while the question was open; what was agreed to is no longer the plan. */
  | { readonly type: 'plan.changed'; readonly from: string; readonly to: string }
  /** The journal is no longer in the state directory; `to` is null where it is written nowhere. */
  | { readonly type: 'journal.moved'; readonly to: string | null; readonly reason: string }
  | { readonly type: 'audit.failed'; readonly reason: string };

export type RunEvent = JournalEvent | ScreenEvent;

/** A journal line: the event, its time and its place in the order. */
export type JournalLine = JournalEvent & { readonly at: string; readonly seq: number };
