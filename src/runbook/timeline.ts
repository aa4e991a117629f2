import type { Check } from './check.ts';
import type { JournalLine, OverrideUse, StepData } from './events.ts';
import type { Json } from './json.ts';
import type { RunState } from './runState.ts';
import { duration, localTime } from './text.ts';

export interface Moment {
  /** Local time with offset. */
  readonly at: string;
  /** Since the start of the run. */
  readonly after: string;
  readonly what: string;
  /** Results, errors, answers: what shows that it was so. */
  readonly evidence: string;
  readonly took: string;
}

/** A run's story for people who were not there: who, what, when, evidence, durations. */
export interface Timeline {
  readonly title: string;
  readonly head: readonly (readonly [string, string])[];
  readonly overrides: readonly OverrideUse[];
  readonly preflight: readonly Check[];
  readonly steps: readonly (StepData & { readonly status: string })[];
  readonly moments: readonly Moment[];
  readonly verification: readonly Check[];
}

export function buildTimeline(state: RunState): Timeline {
  const { started } = state;
  const start = Date.parse(started.at);
  const end = state.endedAt === null ? undefined : Date.parse(state.endedAt);
  const titles = new Map(started.plan.steps.map(({ id, title }, index) => [id, `${index + 1} ${title}`]));
  return {
    title: `${started.title} · ${started.environment}`,
    head: [
      ['Run', started.run],
      ['Command', `tv ${started.runbook} (runbook §${started.section})`],
      ['Input', flat(started.input)],
      ['Environment', started.environment],
      ['Operator', `${started.operator.user}@${started.operator.host}`],
      ['Confirmed', started.confirmation],
      ['Plan', started.plan.id],
      ['Consequence', started.plan.consequence],
      ['Started', localTime(new Date(start))],
      ['Ended', end === undefined ? 'not ended' : localTime(new Date(end))],
      ['Took', end === undefined ? '' : duration(end - start)],
      ['Outcome', state.status],
      ['tv', started.version],
    ],
    overrides: started.overrides,
    preflight: started.checks,
    steps: started.plan.steps.map((step) => ({
      ...step,
      status: state.steps.get(step.id)?.status ?? 'waiting',
    })),
    moments: state.lines.map((line) => ({
      at: localTime(new Date(line.at)),
      after: duration(Date.parse(line.at) - start),
      ...tell(line, titles),
    })),
    verification: state.verification,
  };
}

function tell(
  line: JournalLine,
  titles: ReadonlyMap<string, string>,
): { readonly what: string; readonly evidence: string; readonly took: string } {
  const step = 'step' in line ? (titles.get(line.step) ?? line.step) : '';
  const took = 'durationMs' in line ? duration(line.durationMs) : '';
  const moment = (what: string, evidence = '') => ({ what, evidence, took });
  switch (line.type) {
    case 'run.started':
      return moment('run begun', `${line.operator.user}@${line.operator.host}, ${line.confirmation}`);
    case 'run.resumed':
      return moment('run resumed', `${line.operator.user}@${line.operator.host}, ${line.confirmation}`);
    case 'run.undoing':
      return moment('undo begun', `${line.operator.user}@${line.operator.host}, ${line.confirmation}`);
    case 'step.started':
      return moment(`begin: ${step}`);
    case 'step.noted':
      return moment(`${line.note}: ${step}`, flat(line.value));
    case 'step.done':
      return moment(`done: ${step}`, line.how === 'found' ? 'found done already' : flat(line.result));
    case 'step.failed':
      return moment(`FAILED: ${step}`, `${line.error.message} ${flat(line.error.facts)}`.trim());
    case 'undo.started':
      return moment(`begin to take back: ${step}`);
    case 'undo.done':
      return moment(`taken back: ${step}`);
    case 'undo.failed':
      return moment(`COULD NOT TAKE BACK: ${step}`, `${line.error.message} ${flat(line.error.facts)}`.trim());
    case 'run.signalled':
      return moment(`stopped by ${line.signal}`);
    case 'run.checked':
      return moment('verification', line.checks.map(({ id, status }) => `${id}: ${status}`).join(', '));
    case 'run.ended':
      return moment(`ended: ${line.outcome}`, `exit code ${line.exitCode}`);
  }
}

/** `{ a: 1, b: { c: 2 } }` → `a: 1, b.c: 2`. */
function flat(value: Json, path = ''): string {
  if (value === null) return path === '' ? '' : `${path}: –`;
  if (typeof value !== 'object') return path === '' ? String(value) : `${path}: ${value}`;
  const entries = Array.isArray(value)
    ? value.map((item, index) => [String(index), item] as const)
    : Object.entries(value);
  return entries.map(([key, item]) => flat(item as Json, path === '' ? key : `${path}.${key}`)).join(', ');
}
