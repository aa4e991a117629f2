import type { Advice } from '../errors/advice.ts';
import type { ErrorCode } from '../errors/codes.ts';
import { type ExitCode, TvError } from '../errors/TvError.ts';
import { digest, digestedSteps } from '../journal/digest.ts';
import type { RemoteLockAnswer } from '../journal/fileLock.ts';
import type { PlanFile } from '../journal/planFile.ts';
import type { RedactingWriter } from '../output/redactingWriter.ts';
import type { Prompt } from '../runbook/answers.ts';
import type { SignatureVerdicts } from '../runbook/approval.ts';
import type { Check } from '../runbook/check.ts';
import { type Concurrency, ordinary } from '../runbook/concurrency.ts';
import type { Facts, InputFields, InputOf, Runbook, Step, ToolContext } from '../runbook/define.ts';
import type { Effects, PlannedStep, PlannedTransaction, StepEffects } from '../runbook/effects.ts';
import { ordinaryPreview, outcomeOf } from '../runbook/effects.ts';
import type {
  ErrorData,
  LockHolder,
  Operator,
  PlanData,
  RunEvent,
  TransactionFate,
} from '../runbook/events.ts';
import type { Json } from '../runbook/json.ts';
import type { Interrupt } from './interrupt.ts';

/** Everything that the flows of a run need around them; made in the composition root. */
export interface Engine {
  readonly ctx: ToolContext;
  readonly writer: RedactingWriter;
  readonly prompt: Prompt;
  readonly interrupt: Interrupt;
  readonly operator: Operator;
  watch(event: RunEvent): void;
  /** The lock across machines, which the database keeps. */
  remoteLock(holder: LockHolder): Promise<RemoteLockAnswer>;
  /**
   * What became of signed transactions as a journal has them, in their order.
   * @throws TvError where no node is set, or none answers
   */
  lookUpTransactions(signed: readonly Json[]): Promise<readonly Omit<TransactionFate, 'step' | 'hash'>[]>;
  /** What the transactions of a plan change, without sending them. Never rejects. */
  previewEffects(planned: readonly PlannedStep[], limitMs: number): Promise<Effects>;
  /** Whether the receipts of transactions show what was previewed. Never rejects. */
  compareEffects(sent: readonly SentEffects[]): Promise<Check>;
  /** Whose signatures are beside a plan file. @throws TvError where they cannot be checked at all */
  verifySignatures(planFile: PlanFile): Promise<SignatureVerdicts>;
}

/** A transaction of a run as the journal has it, with what its plan said of it. */
export interface SentEffects {
  readonly step: string;
  readonly planned: PlannedTransaction;
  readonly previewed: StepEffects;
  readonly signed: Json;
}

// biome-ignore lint/suspicious/noExplicitAny: the engine runs runbooks of every input and fact type
export type AnyRunbook = Runbook<any, any>;

/** How a runbook gets along with other runs, for one input. */
export function concurrencyOf(runbook: AnyRunbook, input: unknown): Concurrency {
  return { ...ordinary, ...runbook.concurrency?.(input as never) };
}

/**
 * What a run of this command may touch: of a run on another machine the command is known, and its input is not. With
 * every switch on, a run touches most; what it touches without is added.
 */
export function mayTouch(runbook: AnyRunbook): readonly string[] {
  const { input } = runbook.example as { readonly input: Readonly<Record<string, unknown>> };
  const switched = Object.entries(input).map(([name, value]) => [
    name,
    typeof value === 'boolean' ? true : value,
  ]);
  const inputs = [input, Object.fromEntries(switched)];
  return [...new Set(inputs.flatMap((each) => concurrencyOf(runbook, each).touches))];
}

/** A runbook with the name and section that the registry gives it. */
export interface RegisteredRunbook {
  readonly name: string;
  readonly section: string;
  readonly runbook: AnyRunbook;
}

/**
 * Nothing was changed, and this is why. `exitCode` is 3, 4 or 6; 1 where an undo was refused because a value was
 * changed outside the run.
 */
export class Refusal extends TvError {
  override readonly name = 'Refusal';
  constructor(
    code: ErrorCode,
    message: string,
    options: { exitCode: ExitCode; facts?: Record<string, string>; next?: readonly Advice[] },
  ) {
    super(code, message, options);
  }
}

interface Given {
  /** Of the plan, where they were made already. */
  readonly steps?: readonly Step[];
  /** What its transactions change. */
  readonly effects?: Effects | undefined;
}

/**
 * Builds the plan and its id: the digest of command, environment, steps and `basis`, and of what the transactions
 * change, unless the runbook's `preview` leaves that out.
 */
export function buildPlan<I extends InputFields, F extends Facts>(
  registered: { readonly name: string; readonly runbook: Runbook<I, F> },
  facts: F,
  input: InputOf<I>,
  environment: string,
  { steps = registered.runbook.plan(facts, input), effects }: Given = {},
): { readonly steps: readonly Step[]; readonly plan: PlanData; readonly restsOn: Json } {
  const { inPlanId } = { ...ordinaryPreview, ...registered.runbook.preview };
  const restsOn = {
    runbook: registered.name,
    environment,
    steps: digestedSteps(steps),
    basis: registered.runbook.basis(facts),
    ...(effects === undefined || !inPlanId ? {} : { outcome: outcomeOf(effects) }),
  };
  const id = digest(restsOn);
  const changes = registered.runbook.changes?.(facts, input) ?? [];
  return {
    steps,
    restsOn,
    plan: {
      id,
      consequence: registered.runbook.consequence(facts, input),
      ...(effects === undefined ? {} : { effects }),
      ...(changes.length === 0 ? {} : { changes }),
      steps: steps.map((step) => ({
        id: step.id,
        title: step.title,
        command: step.command,
        ...(step.runs === undefined ? {} : { runs: step.runs }),
        effect: step.effect,
        undo: step.undoTitle ?? null,
        ...(step.afterwards === undefined ? {} : { afterwards: step.afterwards }),
        ...(step.leaves === undefined ? {} : { leaves: step.leaves }),
        ...(step.undoAlways ? { undoAlways: true as const } : {}),
        ...(step.group === undefined ? {} : { group: step.group }),
        ...(step.once === undefined ? {} : { once: step.once }),
      })),
    },
  };
}

/** What of an error goes to the journal and the screen. A bug's stack stays out of both. */
export function errorData(error: unknown): ErrorData {
  if (error instanceof TvError) {
    const { code, message, facts, next } = error;
    return { code, message, facts, next };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'tv.bug', message: `Unexpected: ${message}`, facts: {}, next: [] };
}

/** The checks that keep a run from starting: those that block, and those that could not be made. */
export function blocks(checks: readonly Check[]): readonly Check[] {
  return checks.filter((check) => check.status === 'block' || check.status === 'skip');
}
