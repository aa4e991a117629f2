import type { Progress } from '../runbook/context.ts';
import type { ErrorData, Outcome, PlanData, RunEvent } from '../runbook/events.ts';
import { renderNext } from '../runbook/next.ts';
import type { Paint } from '../runbook/paint.ts';
import { aligned, duration, padEnd, visibleWidth, wrap } from '../runbook/text.ts';
import { ProgressLine } from './progress.ts';
import { renderChecks } from './renderCheck.ts';
import { renderPlan } from './renderPlan.ts';

/** Where a run's screen is drawn. */
export interface Screen {
  print(text: string): void;
  busy(text: string): void;
  clearBusy(): void;
}

/** Shows a run to a person, event by event, on stderr. */
export class RunScreen {
  readonly #screen: Screen;
  readonly #paint: Paint;
  readonly #now: () => number;
  #plan: PlanData | undefined;
  #run = '';
  #startedAt: number;
  #line: { readonly step: string; readonly progress: ProgressLine } | undefined;

  constructor(screen: Screen, paint: Paint, now: () => number) {
    this.#screen = screen;
    this.#paint = paint;
    this.#now = now;
    this.#startedAt = now();
  }

  show(event: RunEvent): void {
    const paint = this.#paint;
    switch (event.type) {
      case 'preflight.started':
        this.#print(`\n${this.#headline(event)}\n\n`);
        this.#screen.busy('looking at the host, the chain and the database');
        break;
      case 'preflight.done':
        this.#print(`${paint.bold('Preflight')}\n${renderChecks(event.checks, paint)}\n\n`);
        break;
      case 'plan.ready': {
        this.#plan = event.plan;
        const heading = { start: 'Plan', resume: 'Left to do of plan', undo: 'To take back of plan' }[
          event.direction
        ];
        this.#print(`${renderPlan(event.plan, heading, paint)}\n\n`);
        if (event.dryRun) this.#dryRunEnd(event.plan);
        break;
      }
      case 'run.started':
        this.#begin(event.run, 'Run');
        break;
      case 'run.resumed':
        this.#begin(this.#run, 'Going on');
        break;
      case 'run.undoing':
        this.#begin(this.#run, 'Taking back');
        break;
      case 'step.started':
      case 'undo.started':
        this.#screen.busy(this.#title(event.step));
        break;
      case 'step.noted':
        break;
      case 'step.progress':
        this.#progress(event.step, event.progress);
        break;
      case 'step.done':
        this.#stepLine(
          paint.ok('✔'),
          event.step,
          event.how === 'found' ? 'was done already' : duration(event.durationMs),
        );
        break;
      case 'undo.done':
        this.#stepLine(paint.ok('↩'), event.step, `taken back, ${duration(event.durationMs)}`);
        break;
      case 'step.failed':
        this.#failed(event.step, event.error, duration(event.durationMs));
        break;
      case 'undo.failed':
        this.#failed(event.step, event.error, 'not taken back');
        break;
      case 'run.signalled':
        this.#print(`  ${paint.warn('!')} ${event.signal}: stopped after the step in flight\n`);
        break;
      case 'run.checked':
        this.#print(`\n${paint.bold('Verification')}\n${renderChecks(event.checks, paint)}\n`);
        break;
      case 'run.ended':
        this.#end(event.outcome);
        break;
    }
  }

  /** The run that a resume or an undo is about; a new run tells its own id. */
  about(run: string): void {
    this.#run = run;
  }

  #headline(event: Extract<RunEvent, { type: 'preflight.started' }>): string {
    const paint = this.#paint;
    const parts = [paint.bold(event.title), event.environment, event.subject].filter((part) => part !== '');
    const left = parts.join(' · ');
    if (event.section === '') return left;
    const section = `§${event.section}`;
    return padEnd(left, Math.max(visibleWidth(left) + 2, paint.width - section.length)) + paint.dim(section);
  }

  #begin(run: string, word: string): void {
    this.#run = run;
    this.#startedAt = this.#now();
    this.#print(`\n${this.#paint.bold(word)} ${run}\n`);
  }

  #title(step: string): string {
    const steps = this.#plan?.steps ?? [];
    const index = steps.findIndex(({ id }) => id === step);
    return `${index + 1}  ${steps[index]?.title ?? step}`;
  }

  #progress(step: string, progress: Progress): void {
    if (this.#line?.step !== step || !this.#line.progress.continues(progress))
      this.#line = { step, progress: new ProgressLine(progress, this.#now) };
    this.#screen.busy(`${this.#title(step)}\n    ${this.#line.progress.text(progress)}`);
  }

  #stepLine(mark: string, step: string, outcome: string): void {
    this.#line = undefined;
    const { width, dim } = this.#paint;
    const title = wrap(this.#title(step), width - 4, '       ');
    const space = width - 4 - visibleWidth(title.slice(title.lastIndexOf('\n') + 1).trim()) - outcome.length;
    const beside = title.includes('\n') || space < 2 ? '\n       ' : ' '.repeat(space);
    this.#print(`  ${mark} ${title}${beside}${dim(outcome)}\n`);
  }

  #failed(step: string, error: ErrorData, outcome: string): void {
    const paint = this.#paint;
    this.#stepLine(paint.bad('✖'), step, outcome);
    this.#print(`      ${wrap(error.message, paint.width - 6, '      ')}\n`);
    const facts = Object.entries(error.facts);
    if (facts.length > 0) this.#print(`${aligned(facts, paint.width, '      ')}\n`);
    if (error.next.length > 0) this.#print(`${renderNext(error.next, paint)}\n`);
  }

  #dryRunEnd(plan: PlanData): void {
    this.#print(`${wrap(`Dry run: nothing was changed. ${plan.consequence}`, this.#paint.width)}\n`);
    this.#print(
      `${renderNext([`the same command with --plan ${plan.id} runs exactly this`], this.#paint)}\n`,
    );
  }

  #end(outcome: Outcome): void {
    const paint = this.#paint;
    const took = duration(this.#now() - this.#startedAt);
    const resume = `tv resume ${this.#run}`;
    const undo = `tv runs undo ${this.#run}`;
    const report = `tv runs report ${this.#run}`;
    const endings: Record<Outcome, readonly [string, readonly string[]]> = {
      verified: [paint.ok(`Done and verified in ${took}.`), [report]],
      unverified: [
        paint.bad(`Done in ${took}, but not verified: see the marked lines above.`),
        [resume, undo],
      ],
      failed: [paint.bad('Failed half-way. What was done stands, and nothing more is done.'), [resume, undo]],
      'rolled-back': [
        paint.bad('Failed; what had been done was taken back, and everything is as before.'),
        [report],
      ],
      interrupted: [
        paint.warn('Interrupted. What was done stands, and can be finished or taken back.'),
        [resume, undo],
      ],
      undone: [paint.ok(`Taken back in ${took}.`), [report]],
      'undo-failed': [
        paint.bad('Could not be taken back as a whole; the rest was left alone.'),
        [undo, report],
      ],
    };
    const [sentence, next] = endings[outcome];
    this.#print(`\n${wrap(sentence, paint.width)}\n${renderNext(next, paint)}\n`);
  }

  #print(text: string): void {
    this.#screen.clearBusy();
    this.#screen.print(text);
  }
}
