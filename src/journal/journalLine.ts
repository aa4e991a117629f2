import { isAdviceCommand } from '../errors/advice.ts';
import type { JournalEvent, JournalLine } from '../runbook/events.ts';

type Test = (value: unknown) => boolean;

const isText: Test = (value) => typeof value === 'string';
const isNumber: Test = (value) => typeof value === 'number';
const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isListOf =
  (test: Test): Test =>
  (value) =>
    Array.isArray(value) && value.every(test);
const has =
  (fields: Readonly<Record<string, Test>>): Test =>
  (value) =>
    isRecord(value) && Object.entries(fields).every(([name, test]) => test(value[name]));
const isTextOrNull: Test = (value) => value === null || isText(value);
const isTextRecord: Test = (value) => isRecord(value) && Object.values(value).every(isText);
const isTime: Test = (value) => typeof value === 'string' && !Number.isNaN(Date.parse(value));
const isUsed: Test = (value) => value !== undefined;

const isOperator = has({
  user: isText,
  host: isText,
  pid: Number.isInteger,
  mark: isTextOrNull,
  pidNamespace: (value) => value === undefined || isText(value),
  bootId: (value) => value === undefined || isText(value),
});
const isAdvice: Test = (value) => isText(value) || isAdviceCommand(value);
const isError = has({ message: isText, facts: isTextRecord, next: isListOf(isAdvice) });
const isCheck = has({ id: isText, world: isText, status: isText, summary: isText });
const isLeaves: Test = (value) =>
  value === undefined || has({ subject: isText, state: isText, until: isText })(value);
const isStep = has({
  id: isText,
  title: isText,
  command: isText,
  effect: isText,
  undo: isTextOrNull,
  leaves: isLeaves,
  once: (value) => value === undefined || isListOf(isText)(value),
});
const isFate = has({
  step: isText,
  hash: isText,
  fate: isText,
  block: (value) => value === null || isNumber(value),
  words: isText,
});
const outcomes = [
  ...['verified', 'unverified', 'failed', 'interrupted'],
  ...['rolled-back', 'partly-rolled-back', 'undone', 'undo-unverified', 'undo-failed'],
];
const isStepEffects = has({ step: isText, result: isText, changes: isListOf(has({ kind: isText })) });
const isEffects: Test = (value) =>
  has({ method: isText })(value) &&
  ((value as { readonly method: string }).method !== 'sequence' ||
    has({ steps: isListOf(isStepEffects) })(value));
const isPlan = has({
  id: isText,
  consequence: isText,
  steps: isListOf(isStep),
  effects: (value) => value === undefined || isEffects(value),
});

/** What each event must have, for the code that reads it; other fields are not checked. */
const shapes: Readonly<Record<JournalEvent['type'], Test>> = {
  'run.started': has({
    run: isText,
    runbook: isText,
    title: isText,
    section: isText,
    environment: isText,
    operator: isOperator,
    version: isText,
    input: isUsed,
    facts: isUsed,
    checks: isListOf(isCheck),
    plan: isPlan,
    overrides: isListOf(has({ check: isText, reason: isText })),
    confirmation: isText,
    supersedes: (value) => value === undefined || isListOf(isText)(value),
  }),
  'run.resumed': has({ operator: isOperator, confirmation: isText }),
  'run.undoing': has({ operator: isOperator, confirmation: isText }),
  'run.abandoned': has({
    operator: isOperator,
    confirmation: isText,
    reason: isText,
    transactions: (value) => value === undefined || isListOf(isFate)(value),
  }),
  'run.released': has({ operator: isOperator, confirmation: isText, reason: isText }),
  'run.noted': has({ operator: isOperator, text: isText }),
  'step.started': has({ step: isText }),
  'step.noted': has({ step: isText, note: isText, value: isUsed }),
  'step.done': has({ step: isText, result: isUsed, durationMs: isNumber }),
  'step.failed': has({ step: isText, error: isError, durationMs: isNumber }),
  'undo.started': has({ step: isText }),
  'undo.done': has({ step: isText, durationMs: isNumber }),
  'undo.failed': has({ step: isText, error: isError }),
  'run.signalled': has({ signal: isText }),
  'run.checked': has({ checks: isListOf(isCheck) }),
  'run.ended': has({ outcome: (value) => outcomes.includes(value as string), exitCode: isNumber }),
};

/** Whether a value read from a journal is a line of one. The first line, and no other, starts the run. */
export function isJournalLine(value: unknown, index: number): value is JournalLine {
  if (!isRecord(value) || !isTime(value['at']) || typeof value['type'] !== 'string') return false;
  if ((value['type'] === 'run.started') !== (index === 0)) return false;
  // Own keys only: `constructor` is no event.
  return Object.hasOwn(shapes, value['type']) && shapes[value['type'] as JournalEvent['type']](value);
}
