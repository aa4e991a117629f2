import { journaledTransactions } from '../journal/sentTransactions.ts';
import type { Check } from '../runbook/check.ts';
import type { Step } from '../runbook/define.ts';
import { type Effects, ordinaryPreview, type PlannedStep } from '../runbook/effects.ts';
import type { JournalLine } from '../runbook/events.ts';
import { block, pass, warn } from '../runbook/preflight.ts';
import { count } from '../text/format.ts';
import { type AnyRunbook, concurrencyOf, type Engine, errorData } from './engine.ts';

/** How long the question waits for the preview, in milliseconds. Funds that are to be protected do not wait. */
const limitMs = { protective: 2_000, ordinary: 10_000 };
const overrideName = 'failing-step';

/** What the transactions of a plan change; undefined where it sends none. */
export async function previewPlan(
  engine: Engine,
  runbook: AnyRunbook,
  input: unknown,
  steps: readonly Step[],
): Promise<Effects | undefined> {
  const planned: PlannedStep[] = [];
  for (const { id, sends } of steps) {
    if (sends === undefined) continue;
    // Without it nothing after it can be simulated.
    if (!sends.known) return { method: 'none', reason: sends.reason };
    planned.push({ step: id, sends: sends.value });
  }
  if (planned.length === 0) return undefined;
  const { protective } = concurrencyOf(runbook, input);
  return engine.previewEffects(planned, protective ? limitMs.protective : limitMs.ordinary);
}

/**
 * The preview as a check of preflight. A step that fails in it blocks, unless the runbook has it otherwise; a
 * preview that could not be had never does.
 */
export function checkPreview(
  effects: Effects,
  steps: readonly Step[],
  { preview }: AnyRunbook,
): readonly Check[] {
  const mayFail = !{ ...ordinaryPreview, ...preview }.blocks;
  const check = { id: 'preview', world: 'chain' } as const;
  const unknownBefore = steps.some(({ sends }) => sends?.known === false);
  // Another check has said so.
  if (effects.method === 'none' && unknownBefore) return [];
  if (effects.method === 'none') return [{ ...check, ...warn(`effects unknown: ${effects.reason}`) }];
  const failed = effects.steps.find(({ result }) => result === 'failure');
  if (failed !== undefined) {
    const index = steps.findIndex(({ id }) => id === failed.step);
    const many = effects.steps.length > 1 && effects.method === 'sequence';
    // The anvil of this machine need not run calls as the network does: it may be older than the chain's last upgrade.
    const inFork = effects.method === 'sequence' && effects.fork !== undefined;
    const summary = `step ${index + 1} would fail${many ? ' after the steps before it' : ''}${inFork ? ', in the local fork' : ''}: ${failed.reason}`;
    const facts = { step: steps[index]?.title ?? failed.step };
    return [
      {
        ...check,
        ...(mayFail || inFork ? warn(summary, { facts }) : block(summary, { facts, override: overrideName })),
      },
    ];
  }
  if (effects.method === 'single-calls') {
    return [
      {
        ...check,
        ...warn(`not simulated as a whole: ${effects.reason}`, {
          facts: { 'tried instead': 'each transaction by itself; what it changes is unknown' },
        }),
      },
    ];
  }
  const [first] = effects.contradictions;
  if (first !== undefined) {
    return [{ ...check, ...warn(`the RPC node contradicts itself in the simulation: ${first}`) }];
  }
  const where = effects.fork === undefined ? '' : ', in a local fork';
  const what =
    effects.steps.length === 1
      ? `the transaction would succeed${where}`
      : `all ${count(effects.steps.length)} transactions would succeed in this order${where}`;
  return [{ ...check, ...pass(what) }];
}

/** Compares the receipts of a run with the preview in its journal. */
export async function compareWithPreview(
  engine: Engine,
  steps: readonly Step[],
  lines: readonly JournalLine[],
): Promise<readonly Check[]> {
  const started = lines.find((line) => line.type === 'run.started');
  const effects = started?.type === 'run.started' ? started.plan.effects : undefined;
  if (effects === undefined || effects.method !== 'sequence') return [];
  const transactions = journaledTransactions(lines);
  const sent = steps.flatMap(({ id, sends }) => {
    const previewed = effects.steps.find(({ step }) => step === id);
    if (sends?.known !== true || sends.value.mayLose || previewed?.result !== 'success') return [];
    const { note = 'transaction' } = sends.value;
    const last = transactions.findLast((one) => one.step === id && one.note === note);
    return last === undefined ? [] : [{ step: id, planned: sends.value, previewed, signed: last.signed }];
  });
  if (sent.length === 0) return [];
  try {
    return [await engine.compareEffects(sent)];
  } catch (error) {
    // The run itself is done: what is only a comparison does not end it.
    const summary = `not compared with the preview: ${errorData(error).message}`;
    return [{ id: 'preview', world: 'chain', ...warn(summary) }];
  }
}
