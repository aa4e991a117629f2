import { type Advice, distinctAdvice } from '../errors/advice.ts';
import { describeHolder } from '../journal/lockRecords.ts';
import { recoveryCommandsAfter } from '../journal/runState.ts';
import { fateChecks, isWithoutEffect } from '../journal/sentTransactions.ts';
import type { Check } from '../runbook/check.ts';
import type { Progress } from '../runbook/events.ts';
import {
  type ErrorData,
  messageNote,
  type Outcome,
  type RunEvent,
  type StepData,
  type TransactionFate,
} from '../runbook/events.ts';
import type { Json } from '../runbook/json.ts';
import type { Paint } from '../runbook/paint.ts';
import { duration, howMany, localTime, planName, shortened } from '../text/format.ts';
import { aligned, padEnd, visibleWidth, wrap } from '../text/layout.ts';
import { renderNext, wrapAdvice } from './advice.ts';
import { ProgressLine } from './progress.ts';
import { renderChanges } from './renderChanges.ts';
import { renderChecks } from './renderCheck.ts';
import { renderEffects } from './renderEffects.ts';
import { afterStep, renderPlan } from './renderPlan.ts';

/** A path that `--plan` does not take for a digest. */
function asPath(file: string): string {
  return /[./]/.test(file) ? file : `./${file}`;
}

type PlanReady = Extract<RunEvent, { type: 'plan.ready' }>;

/** Where a run's screen is drawn. */
export interface Screen {
  /** Progress and questions: standard error. */
  print(text: string): void;
  /** The result of the command: standard output. */
  result(text: string): void;
  busy(text: string): void;
  clearBusy(): void;
}

/** Shows a run to a person, event by event; the plan of a dry run is its result, the rest is progress. */
export class RunScreen {
  readonly #screen: Screen;
  readonly #paint: Paint;
  readonly #now: () => number;
  #steps: readonly StepData[] = [];
  #run = '';
  readonly #begun = new Set<string>();
  /** Steps in progress, with what each last reported of it. More than one in a parallel group. */
  readonly #running = new Map<string, string>();
  /** Steps that were done and not undone. */
  readonly #standing = new Set<string>();
  /** Remedies for the findings of the verification. */
  #advice: readonly Advice[] = [];
  #signalled = false;
  /** A step failed: where the run ends unverified, it is unknown whether that step took effect. */
  #undecided = false;
  #undoFailed = false;
  /** Steps that an undo leaves, and of which it is unknown whether they took effect. */
  #undecidedSteps: readonly string[] = [];
  /** Steps were undone. Unless only a part was undone that a resume repeats, the run can only be undone. */
  #undone = false;
  /** A requested undo, whose steps are named by their undo. */
  #undoing = false;
  #checked = false;
  /** The journal is not in the state directory, so its content is shown too. */
  #unwritten = false;
  #startedAt: number;
  readonly #lines = new Map<string, ProgressLine>();

  /** Start of the checks, or of the verification. */
  #checksSince: number;
  readonly #timings: boolean;

  /** @param options.timings also how long checks and verification took (`--verbose`) */
  constructor(
    screen: Screen,
    paint: Paint,
    now: () => number,
    { timings = false }: { readonly timings?: boolean } = {},
  ) {
    this.#screen = screen;
    this.#paint = paint;
    this.#now = now;
    this.#startedAt = now();
    this.#checksSince = now();
    this.#timings = timings;
  }

  show(event: RunEvent): void {
    const paint = this.#paint;
    switch (event.type) {
      case 'preflight.started':
        this.#checksSince = this.#now();
        this.#print(`\n${this.#headline(event)}\n\n`);
        this.#screen.busy('checking the host, the chain and the database');
        break;
      case 'preflight.done':
        this.#print(`${paint.bold('Preflight')}\n${renderChecks(event.checks, paint)}\n${this.#took()}\n`);
        break;
      case 'plan.ready':
        this.#plan(event);
        break;
      case 'plan.written':
        this.#planWritten(event);
        break;
      case 'run.started':
        this.#begin(event.run, 'Run');
        break;
      case 'run.resumed':
        this.#begin(this.#run, 'Resuming');
        break;
      case 'run.undoing':
        this.#begin(this.#run, 'Undoing');
        break;
      case 'run.abandoned':
        this.#abandoned(event);
        break;
      case 'run.released':
        this.#print(`\n${paint.ok('✔')} Released: its process counts as ended.\n`);
        if ((event.next ?? []).length > 0) this.#print(`${renderNext(event.next ?? [], paint)}\n`);
        break;
      case 'run.noted':
        this.#print(`${paint.ok('✔')} ${wrap(`Noted: ${event.text}`, paint.width - 2, '  ')}\n`);
        break;
      case 'step.started':
        this.#begun.add(event.step);
        this.#inProgress(event.step);
        break;
      case 'undo.started':
        this.#inProgress(event.step);
        break;
      case 'step.noted':
        this.#noted(event);
        break;
      case 'step.progress':
        this.#progress(event.step, event.progress);
        break;
      case 'step.done':
        this.#done(event);
        break;
      case 'undo.done':
        this.#stepUndone(event);
        break;
      case 'step.failed':
        this.#failed(event.step, event.error, duration(event.durationMs));
        break;
      case 'undo.failed':
        this.#undoFailed = true;
        this.#failed(event.step, event.error, this.#undoing ? 'failed' : 'not undone');
        break;
      case 'run.signalled':
        this.#signalled = true;
        this.#print(`  ${paint.warn('!')} ${event.signal}: stopped ${this.#where()}\n`);
        this.#running.clear();
        break;
      case 'run.checked':
        this.#advice = adviceOf(event.checks);
        this.#checked = true;
        this.#print(`\n${paint.bold('Verification')}\n${renderChecks(event.checks, paint)}\n${this.#took()}`);
        break;
      case 'idle.checked':
        this.#idle(event);
        break;
      case 'lock.waiting':
        this.#lockWaiting(event);
        break;
      case 'source.waiting':
        this.#sourceWaiting(event);
        break;
      case 'lock.lost':
        this.#lockLost(event);
        break;
      case 'plan.changed':
        this.#print(
          `${paint.bad(wrap(`The facts changed while the question was open: plan ${planName(event.from, paint)} is now ${planName(event.to, paint)}. Read it and answer again.`, paint.width))}\n\n`,
        );
        break;
      case 'journal.moved':
        this.#unwritten = true;
        this.#journalMoved(event);
        break;
      case 'audit.failed':
        this.#print(
          `  ${paint.bad(`✖ ${wrap(`Not in the audit log: ${event.reason}`, paint.width - 4, '    ')}`)}\n`,
        );
        break;
      case 'run.ended':
        this.#end(event.outcome, event.left ?? []);
        break;
    }
  }

  /** Whether a step is in progress: before the first and after the last one a signal has nothing to finish. */
  isInStep(): boolean {
    return [...this.#running.keys()].some((step) => step !== '');
  }

  /** The run of a resume or an undo. A new run reports its own id. */
  about(run: string): void {
    this.#run = run;
  }

  #took(): string {
    return this.#timings ? `  ${this.#paint.dim(`took ${duration(this.#now() - this.#checksSince)}`)}\n` : '';
  }

  #plan(event: PlanReady): void {
    const paint = this.#paint;
    // Without a step, the verification follows.
    this.#checksSince = this.#now();
    this.#expect(event);
    const id = planName(event.plan.id, paint);
    const heading = {
      start: `Plan ${id}`,
      resume: `Remaining steps (plan ${id})`,
      undo: `Steps to undo (plan ${id})`,
      // Some may still have taken effect.
      abandon: `Steps not recorded as done (plan ${id})`,
    }[event.direction];
    const { effects, changes } = event.plan;
    const plan = [
      renderPlan(event.plan, heading, paint, this.#steps),
      ...(changes === undefined ? [] : [renderChanges(changes, paint)]),
      ...(effects === undefined ? [] : [renderEffects(effects, paint)]),
    ]
      .map((part) => `${part}\n\n`)
      .join('');
    if (event.dryRun) this.#result(plan);
    else this.#print(plan);
    for (const state of event.left ?? []) this.#left(untilFinished(event.direction, state));
    if (event.instead !== undefined) this.#print(`${renderNext(event.instead, paint)}\n\n`);
    if (event.dryRun) this.#dryRunEnd(event);
  }

  #abandoned({ transactions = [], leftovers = [] }: Extract<RunEvent, { type: 'run.abandoned' }>): void {
    const paint = this.#paint;
    this.#print(
      `\n${paint.warn(wrap('Closed. Completed steps are kept; nothing was undone.', paint.width))}\n`,
    );
    this.#sent(transactions);
    for (const { what, remove } of leftovers) this.#left(`Still there: ${what}. To remove it`, remove);
    this.#print(`${renderNext([{ tv: ['status'] }, { tv: ['runs', 'report', this.#run] }], paint)}\n`);
  }

  #noted({ note, value }: Extract<RunEvent, { type: 'step.noted' }>): void {
    if (this.#unwritten) this.#keepNote(note, value);
    if (note !== messageNote) return;
    this.#print(`       ${wrap(String(value), this.#paint.width - 7, '       ')}\n`);
    this.#busy();
  }

  #done({ step, how, durationMs }: Extract<RunEvent, { type: 'step.done' }>): void {
    // The verification follows the last step.
    this.#checksSince = this.#now();
    this.#standing.add(step);
    this.#stepLine(this.#paint.ok('✔'), step, how === 'found' ? 'already done' : duration(durationMs));
  }

  #stepUndone({ step, durationMs }: Extract<RunEvent, { type: 'undo.done' }>): void {
    this.#undone = true;
    this.#standing.delete(step);
    this.#begun.delete(step);
    const words = this.#undoing ? '' : 'undone, ';
    this.#stepLine(this.#paint.ok('↩'), step, `${words}${duration(durationMs)}`);
  }

  #lockWaiting(event: Extract<RunEvent, { type: 'lock.waiting' }>): void {
    const paint = this.#paint;
    const { who, what } = describeHolder(event.for, new Date(this.#now()));
    const limit = duration(event.limitMs);
    this.#print(
      `  ${paint.warn('!')} ${wrap(`Waiting up to ${limit} for ${what} (${who})`, paint.width - 4, '    ')}\n`,
    );
    this.#screen.busy(`waiting for ${what}`);
  }

  #sourceWaiting({ reason, limitMs }: Extract<RunEvent, { type: 'source.waiting' }>): void {
    const { warn, width } = this.#paint;
    const words = `Waiting up to ${duration(limitMs)} for the source: ${reason}`;
    this.#print(`  ${warn('!')} ${wrap(words, width - 4, '    ')}\n`);
    this.#screen.busy('waiting');
  }

  #headline(event: Extract<RunEvent, { type: 'preflight.started' }>): string {
    const paint = this.#paint;
    const parts = [paint.bold(event.title), event.environment, event.subject].filter((part) => part !== '');
    const left = parts.join(' · ');
    if (!/^\d/.test(event.section)) return left;
    const section = `§${event.section}`;
    if (visibleWidth(left) + 2 + section.length > paint.width) return wrap(left, paint.width);
    return padEnd(left, paint.width - section.length) + paint.dim(section);
  }

  #begin(run: string, word: string): void {
    this.#run = run;
    this.#startedAt = this.#now();
    this.#print(`\n${this.#paint.bold(word)} ${run}\n`);
  }

  /** Of a resume, the steps that are not ahead were done before; an undo names those that it leaves. */
  #expect({ plan, all = plan.steps, kept, undecided = [], direction }: PlanReady): void {
    this.#undecidedSteps = undecided;
    this.#undoing = direction === 'undo';
    const ahead = (id: string) => plan.steps.find((step) => step.id === id);
    this.#steps = all.map((step) => ahead(step.id) ?? step);
    for (const { id } of all) {
      if (this.#undoing && ahead(id) !== undefined) this.#begun.add(id);
      if (kept === undefined ? ahead(id) !== undefined : !kept.includes(id)) continue;
      this.#begun.add(id);
      this.#standing.add(id);
    }
  }

  /** Where a signal stopped the run: a second one cuts off what is in progress. */
  #where(): string {
    const [cut] = this.#running.keys();
    if (cut === undefined) return 'after the current step';
    if (cut === '') return 'during the verification';
    return `during step ${this.#steps.findIndex(({ id }) => id === cut) + 1}`;
  }

  #title(step: string): string {
    const index = this.#steps.findIndex(({ id }) => id === step);
    // The verification is no step, and reports its progress all the same.
    if (step === '') return 'reading back';
    return `${index + 1}  ${shortened(this.#steps[index]?.title ?? step, this.#paint)}`;
  }

  #progress(step: string, progress: Progress): void {
    const known = this.#lines.get(step);
    const line = known?.continues(progress) ? known : new ProgressLine(progress, this.#now);
    this.#lines.set(step, line);
    this.#inProgress(step, `\n    ${line.text(progress)}`);
  }

  #inProgress(step: string, progress = ''): void {
    const groupOf = (id: string) => this.#steps.find((one) => one.id === id)?.group;
    const group = groupOf(step);
    for (const other of this.#running.keys()) {
      if (group === undefined || groupOf(other) !== group) this.#running.delete(other);
    }
    this.#running.set(step, progress);
    this.#busy();
  }

  #busy(): void {
    const lines = [...this.#running].map(([step, progress]) => `${this.#title(step)}${progress}`);
    if (lines.length > 0) this.#screen.busy(lines.join('\n'));
  }

  #stepLine(mark: string, step: string, outcome: string): void {
    this.#lines.delete(step);
    this.#running.delete(step);
    const { width, dim } = this.#paint;
    const title = wrap(this.#title(step), width - 4, '       ');
    const space = width - 4 - visibleWidth(title.slice(title.lastIndexOf('\n') + 1).trim()) - outcome.length;
    const beside = title.includes('\n') || space < 2 ? '\n       ' : ' '.repeat(space);
    this.#print(`  ${mark} ${title}${beside}${dim(outcome)}\n`);
    this.#busy();
  }

  #failed(step: string, error: ErrorData, outcome: string): void {
    this.#undecided = true;
    const paint = this.#paint;
    this.#stepLine(paint.bad('✖'), step, outcome);
    this.#print(`      ${wrap(shortened(error.message, paint), paint.width - 6, '      ')}\n`);
    const facts = Object.entries(error.facts);
    if (facts.length > 0) this.#print(`${aligned(facts, paint.width, '      ')}\n`);
    if (error.next.length > 0) this.#print(`${renderNext(error.next, paint)}\n`);
  }

  #dryRunEnd({ plan, digest = plan.id, approvals, out }: PlanReady): void {
    const paint = this.#paint;
    const sentence = `Dry run: nothing was changed. ${shortened(plan.consequence, paint)}`;
    this.#result(`${wrap(sentence, paint.width)}\n`);
    // What to do with the file follows once it is written.
    if (out !== undefined) return;
    // The digest alone would be refused.
    const next: Advice =
      approvals === undefined
        ? { again: ['--plan', digest], when: 'to run exactly this' }
        : {
            again: ['--dry-run', '--out', 'plan.json'],
            when: `a run needs ${howMany(approvals, 'signature')} of others; to write the plan for them`,
          };
    this.#result(`${renderNext([next], paint)}\n`);
  }

  #planWritten({ file, expiresAt }: Extract<RunEvent, { type: 'plan.written' }>): void {
    const paint = this.#paint;
    const until = localTime(new Date(expiresAt));
    this.#print(
      `\n${paint.ok('✔')} ${wrap(`Plan written to ${file}, valid until ${until}`, paint.width - 2, '  ')}\n`,
    );
    const next: readonly Advice[] = [
      { tv: ['plan', 'approve', file], when: 'another operator signs it' },
      { again: ['--plan', asPath(file)], when: 'to run exactly this, once' },
    ];
    this.#print(`${renderNext(next, paint)}\n`);
  }

  #end(outcome: Outcome, left: readonly string[]): void {
    const paint = this.#paint;
    const took = duration(this.#now() - this.#startedAt);
    const resume: Advice = { tv: ['resume', this.#run] };
    const undo: Advice = { tv: ['runs', 'undo', this.#run] };
    const report: Advice = { tv: ['runs', 'report', this.#run] };
    const back = recoveryCommandsAfter(
      this.#steps.filter(({ id }) => this.#begun.has(id)),
      this.#run,
      this.#undoing || (this.#undone && outcome !== 'partly-rolled-back'),
    );
    const kept = this.#steps
      // A reversible step without an undo only read or waited.
      .filter(({ id, effect, undo }) => this.#standing.has(id) && !(effect === 'reversible' && undo === null))
      .map((step) => {
        const after = step.undo === null ? afterStep(step, paint) : '';
        const state = this.#undecidedSteps.includes(step.id) ? 'unknown' : 'kept';
        return `${state}  ${this.#title(step.id)}${after === '' ? '' : `: ${after}`}`;
      });
    // Only the run's own changes are known; the state before it was not read.
    const rolledBack =
      kept.length === 0
        ? 'All changes of this run were rolled back.'
        : 'The steps below are kept; all other changes of this run were rolled back.';
    const endings: Record<Outcome, readonly [string, readonly Advice[]]> = {
      verified: [paint.ok(`Done and verified in ${took}.`), [report]],
      unverified: [
        paint.bad(
          this.#undecided
            ? 'It is unknown whether this took effect: see the marked lines above.'
            : `Done in ${took}, but not verified: see the marked lines above.`,
        ),
        back,
      ],
      failed: [
        paint.bad(
          this.#undoFailed
            ? 'Failed, and the rollback failed too. Completed steps that were not undone are kept.'
            : this.#checked
              ? 'Failed: see the marked lines above. All other steps were run, and are kept.'
              : 'Failed. Completed steps are kept, and no further step was run.',
        ),
        back,
      ],
      'rolled-back': [
        this.#signalled ? paint.warn(`Interrupted. ${rolledBack}`) : paint.bad(`Failed. ${rolledBack}`),
        [report],
      ],
      'partly-rolled-back': [
        paint.warn(
          'Interrupted. The steps below are kept; temporary changes were rolled back. Resume the run.',
        ),
        back,
      ],
      interrupted: [
        paint.warn(
          this.#undoing
            ? 'Interrupted. Steps that are undone stay undone. Continue the undo.'
            : `Interrupted. Completed steps are kept. Resume${back.length > 1 ? ' or undo' : ''} the run.`,
        ),
        back,
      ],
      undone: [
        paint.ok(
          this.#checked
            ? `Undone and verified in ${took}${kept.length === 0 ? '' : ', except for the steps below'}.`
            : `Undone in ${took}.`,
        ),
        [report],
      ],
      'undo-unverified': [
        paint.bad(
          `Undone in ${took}, but the state before the run was not verified: see the marked lines above.`,
        ),
        [undo, report],
      ],
      'undo-failed': [paint.bad('The undo failed. Steps that were not undone are kept.'), [undo, report]],
    };
    const [sentence, ways] = endings[outcome];
    // Closing an unfinished run comes first: other commands may refuse while it is open.
    const next = distinctAdvice(
      outcome === 'verified' ? [...this.#advice, ...ways] : [...ways, ...this.#advice],
    );
    this.#print(`\n${wrap(sentence, paint.width)}\n`);
    if (['rolled-back', 'partly-rolled-back', 'undone'].includes(outcome)) {
      for (const line of kept) this.#print(`  ${wrap(line, paint.width - 2, '           ')}\n`);
    }
    for (const state of left) this.#left(`The ${state}`, resume);
    this.#print(`${renderNext(next, paint)}\n`);
  }

  /** The fate of the transactions of a closed run, and its consequence for the next run. */
  #sent(transactions: readonly TransactionFate[]): void {
    if (transactions.length === 0) return;
    const paint = this.#paint;
    this.#print(`${renderChecks(fateChecks(transactions, this.#steps), paint)}\n`);
    // A run with an unreadable journal is not compared with others.
    if (transactions.every(isWithoutEffect) || this.#steps.length === 0) return;
    const blocked =
      'A run that would do the same again is blocked, unless it is proven that this had no effect (--override unfinished-run).';
    this.#print(`${paint.warn(wrap(blocked, paint.width))}\n`);
  }

  #idle({ checks, outcome }: Extract<RunEvent, { type: 'idle.checked' }>): void {
    const paint = this.#paint;
    this.#print(`${paint.bold('Verification')}\n${renderChecks(checks, paint)}\n${this.#took()}\n`);
    this.#print(
      outcome === 'verified'
        ? `${paint.ok('Nothing to do: verified.')}\n`
        : `${paint.bad(wrap('Nothing was changed, and the state is not verified: see the marked lines above.', paint.width))}\n`,
    );
    const next = distinctAdvice(adviceOf(checks));
    if (next.length > 0) this.#print(`${renderNext(next, paint)}\n`);
  }

  /** Residual state of a run. */
  #left(words: string, remedy?: Advice): void {
    const { bad, width } = this.#paint;
    const text =
      remedy === undefined ? wrap(words, width - 2, '  ') : wrapAdvice(words, remedy, this.#paint, '  ');
    this.#print(`${bad(`✖ ${text}`)}\n`);
  }

  #lockLost({ reason, next, stops }: Extract<RunEvent, { type: 'lock.lost' }>): void {
    const { bad, width } = this.#paint;
    const then = stops ? 'Stopped before the next step.' : 'The run continues, because it protects funds.';
    const text = `The lock was lost, so another run may have begun: ${reason} ${then}`;
    this.#print(`  ${bad(`✖ ${wrap(text, width - 4, '    ')}`)}\n`);
    this.#advice = [...this.#advice, ...next];
  }

  #journalMoved({ to, reason }: { readonly to: string | null; readonly reason: string }): void {
    const { bad, width } = this.#paint;
    const where =
      to === null
        ? 'This run has NO journal: it cannot be resumed. Keep this screen.'
        : `The journal of this run is in ${to}. A reboot may remove it: keep this screen, too.`;
    for (const line of [reason, where]) this.#print(`  ${bad(`✖ ${wrap(line, width - 4, '    ')}`)}\n`);
  }

  /** Uncut and on one line: the bytes of a signed transaction are to be copied from here. */
  #keepNote(note: string, value: Json): void {
    this.#print(`    ${this.#paint.warn('keep')} ${note} ${JSON.stringify(value)}\n`);
  }

  #result(text: string): void {
    this.#screen.clearBusy();
    this.#screen.result(text);
  }

  #print(text: string): void {
    this.#screen.clearBusy();
    this.#screen.print(text);
  }
}

/** The residual state, and until when it lasts. Abandoning a run does not change it. */
function untilFinished(direction: PlanReady['direction'], state: string): string {
  if (direction === 'abandon') return `The ${state}`;
  return `Until this ${direction === 'undo' ? 'undo' : 'run'} is finished: the ${state}`;
}

/** Remedies for the marked lines of a verification, the worst first. The ending names `tv resume` with its run. */
function adviceOf(checks: readonly Check[]): readonly Advice[] {
  const of = (status: Check['status']) =>
    checks.filter((check) => check.status === status).flatMap(({ next = [] }) => next);
  return [...of('block'), ...of('warn')].filter((advice) => !isBareResume(advice));
}

function isBareResume(advice: Advice): boolean {
  return typeof advice !== 'string' && 'tv' in advice && advice.tv.join(' ') === 'resume';
}
