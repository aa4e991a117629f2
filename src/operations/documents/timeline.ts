import type { RunState } from '../../journal/runState.ts';
import { withoutSignedBytes } from '../../journal/signedBytes.ts';
import type { Check } from '../../runbook/check.ts';
import type { JournalLine, Operator, OverrideUse, StepData } from '../../runbook/events.ts';
import type { Json } from '../../runbook/json.ts';
import { duration, localTime, span } from '../../text/format.ts';

export interface Moment {
  /** Local time with offset. */
  readonly at: string;
  /** Since the start of the run. */
  readonly after: string;
  readonly what: string;
  readonly kind: 'run' | 'begin' | 'done' | 'failed' | 'undone';
  /** Results, errors, answers: what shows that it was so. One fact each. */
  readonly evidence: readonly string[];
  readonly took: string;
  /** In milliseconds; 0 for what has no duration. */
  readonly tookMs: number;
}

/** A run's story for people who were not there: who, what, when, evidence, durations. */
export interface Timeline {
  readonly title: string;
  readonly outcome: RunState['status'];
  readonly head: readonly (readonly [string, string])[];
  readonly overrides: readonly OverrideUse[];
  readonly preflight: readonly Check[];
  readonly steps: readonly (StepData & { readonly status: string; readonly took: string })[];
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
    outcome: state.status,
    head: [
      ['Run', started.run],
      ['Command', `tv ${started.runbook} (runbook §${started.section})`],
      ['Input', facts(started.input).join(', ')],
      ['Environment', started.environment],
      ['Operator', `${started.operator.user}@${started.operator.host}`],
      ['Confirmed', started.confirmation],
      ['Plan', started.plan.id],
      ...approvalOf(started),
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
      took: forwardTime(state.lines, step.id),
    })),
    moments: state.lines.map((line) => toMoment(line, titles, start)),
    verification: state.verification,
  };
}

function approvalOf({ approval, overrides }: RunState['started']): readonly (readonly [string, string])[] {
  const waived = overrides.find(({ check }) => check === 'approval');
  const without =
    waived === undefined ? [] : [['NOT APPROVED', `started without approval: ${waived.reason}`] as const];
  if (approval === undefined) return without;
  const { planFile, createdAt, createdBy, required, signatures } = approval;
  const signed = signatures.map(
    ({ principal, fingerprint, checkedAt }) =>
      `${principal} (${fingerprint}, checked ${localTime(new Date(checkedAt))})`,
  );
  return [
    ...without,
    ['Plan file', `SHA-256 ${planFile}, written by ${createdBy}, ${localTime(new Date(createdAt))}`],
    ['Signed by', signed.length === 0 ? 'none needed' : `${signed.join('; ')}; ${required} needed`],
  ];
}

/** How long the step's own work took, in its last attempt; empty where it has not ended. */
function forwardTime(lines: readonly JournalLine[], step: string): string {
  const end = lines.findLast(
    (line) => (line.type === 'step.done' || line.type === 'step.failed') && line.step === step,
  );
  return end !== undefined && 'durationMs' in end ? duration(end.durationMs) : '';
}

function toMoment(line: JournalLine, titles: ReadonlyMap<string, string>, start: number): Moment {
  const tookMs = 'durationMs' in line ? line.durationMs : 0;
  return {
    at: localTime(new Date(line.at)),
    after: span(start, Date.parse(line.at)),
    took: 'durationMs' in line ? duration(tookMs) : '',
    tookMs,
    ...describe(line, titles),
  };
}

function describe(
  line: JournalLine,
  titles: ReadonlyMap<string, string>,
): Pick<Moment, 'kind' | 'what' | 'evidence'> {
  const step = 'step' in line ? (titles.get(line.step) ?? line.step) : '';
  const moment = (kind: Moment['kind'], what: string, evidence: readonly string[] = []) => ({
    kind,
    what,
    evidence,
  });
  switch (line.type) {
    case 'run.started':
      return moment('run', 'run started', answer(line));
    case 'run.resumed':
      return moment('run', 'run resumed', answer(line));
    case 'run.undoing':
      return moment('run', 'undo started', answer(line));
    case 'run.abandoned':
      return moment('run', `abandoned: ${line.reason}`, [
        ...answer(line),
        ...(line.transactions ?? []).map(({ hash, words }) => `transaction ${hash} ${words}`),
      ]);
    case 'run.released':
      return moment('run', `its process is said to have ended: ${line.reason}`, answer(line));
    case 'run.noted':
      return moment('run', `note: ${line.text}`, [`${line.operator.user}@${line.operator.host}`]);
    case 'step.started':
      return moment('begin', `started: ${step}`);
    case 'step.noted':
      return moment('begin', `${line.note}: ${step}`, facts(line.value));
    case 'step.done':
      return moment(
        'done',
        `done: ${step}`,
        line.how === 'found' ? ['found done already'] : facts(line.result),
      );
    case 'step.failed':
      return moment('failed', `FAILED: ${step}`, [line.error.message, ...facts(line.error.facts)]);
    case 'undo.started':
      return moment('begin', `undo started: ${step}`);
    case 'undo.done':
      return moment('undone', `undone: ${step}`);
    case 'undo.failed':
      return moment('failed', `UNDO FAILED: ${step}`, [line.error.message, ...facts(line.error.facts)]);
    case 'run.signalled':
      return moment('failed', `stopped by ${line.signal}`);
    case 'run.checked':
      return moment(
        'run',
        'verification',
        line.checks.map(({ id, status }) => `${id}: ${status}`),
      );
    case 'run.ended':
      return moment('run', `ended: ${line.outcome}`, [`exit code ${line.exitCode}`]);
  }
}

function answer(line: { readonly operator: Operator; readonly confirmation: string }): readonly string[] {
  return [`${line.operator.user}@${line.operator.host}`, line.confirmation];
}

/** `{ a: 1, b: [{ c: 'x', d: 2 }] }` → `a: 1` and `b: x 2`. */
function facts(journaled: Json): readonly string[] {
  const value = withoutSignedBytes(journaled);
  if (value === null) return [];
  if (typeof value !== 'object') return [String(value)];
  return Object.entries(value).map(([key, item]) => `${key}: ${inline(item as Json)}`);
}

function inline(value: Json): string {
  if (value === null) return '–';
  if (typeof value !== 'object') return String(value);
  if (!Array.isArray(value)) {
    return Object.entries(value)
      .map(([key, item]) => `${key} ${inline(item as Json)}`)
      .join(', ');
  }
  const items = value.map((item: Json) =>
    item !== null && typeof item === 'object' ? Object.values(item).map(inline).join(' ') : inline(item),
  );
  return items.join(', ');
}
