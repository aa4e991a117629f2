import { distinctAdvice, onThisMachine } from '../errors/advice.ts';
import { exitCodes } from '../errors/TvError.ts';
import { nameRuns, readRuns, surveyRuns, urgentFirst } from '../journal/readRuns.ts';
import { residualState } from '../journal/residualState.ts';
import { isFinal, type RunState, recoveryCommands } from '../journal/runState.ts';
import { isWithoutEffect, journaledTransactions, onceOf } from '../journal/sentTransactions.ts';
import type { Answers } from '../runbook/answers.ts';
import type { Check } from '../runbook/check.ts';
import type { Concurrency } from '../runbook/concurrency.ts';
import type { OverrideUse, StepData } from '../runbook/events.ts';
import { quoteForShell } from '../text/shellLine.ts';
import { blocks, type Engine, errorData, Refusal } from './engine.ts';
import { lookUpFates } from './fates.ts';
import { judge, type OtherRun } from './judgeConcurrency.ts';

/** Fatal problems of the settings that this command does not depend on; any other command refuses. */
export function checkSettings({ ctx }: Engine): readonly Check[] {
  return ctx.settingsOrigins.problems
    .filter(({ level }) => level === 'fatal')
    .map(({ message, where, next, untrusted }) => ({
      id: 'settings',
      world: 'config',
      status: 'warn',
      summary: untrusted
        ? `NOT SAFE: ${message.replace(/\.$/, '')} (${where}): check node, contracts and recipient below`
        : `ignored: ${message.replace(/\.$/, '')} (${where})`,
      next: [next],
    }));
}

/** Whether the state directory can hold a journal. */
export function checkState({ ctx }: Engine, mayContinue: boolean): Check | undefined {
  const problem = ctx.runs.problem();
  if (problem === undefined) return undefined;
  return {
    id: 'state',
    world: 'run',
    status: mayContinue ? 'warn' : 'block',
    summary: `no journal can be written: ${problem}`,
    next: [onThisMachine(`df -h ${quoteForShell(ctx.settings.stateDirectory)}`)],
  };
}

/** Turns blocks that were overruled by name into warnings that say so. */
export function overrule(checks: readonly Check[], answers: Answers) {
  const overrides: OverrideUse[] = [];
  const after = checks.map((check): Check => {
    const overruled = check.override !== undefined && answers.overrides.includes(check.override);
    if (check.status !== 'block' || !overruled) return check;
    const reason = answers.reason ?? '';
    overrides.push({ check: check.override ?? check.id, reason });
    return { ...check, status: 'warn', summary: `${check.summary} (overruled: ${reason})` };
  });
  const idle = answers.overrides.filter((name) => overrides.every(({ check }) => check !== name));
  // Where something is blocked, that refusal names them.
  const unused = blocks(after).length > 0 ? [] : idle.map(overrulesNothing);
  return { checks: [...after, ...unused], overrides, idle };
}

function overrulesNothing(name: string): Check {
  return {
    id: 'override',
    world: 'run',
    status: 'warn',
    summary: `--override ${name} overrules nothing here`,
  };
}

/** Unfinished runs of this environment, as the runbook's concurrency judges them. */
export function checkRuns(engine: Engine, name: string, concurrency: Concurrency): Check | undefined {
  const blocking = { id: 'runs', world: 'run', status: 'block', override: 'unfinished-run' } as const;
  const warning = { id: 'runs', world: 'run', status: 'warn' } as const;
  let states: readonly RunState[];
  try {
    states = readRuns(engine.ctx);
  } catch (error) {
    // A journal that cannot be read may be that of an unfinished run.
    const { message, facts, next } = errorData(error);
    const holdsUp = concurrency.blockedBy === 'any';
    return { ...(holdsUp ? blocking : warning), summary: message, facts, next };
  }
  const isBlocking = (state: RunState, as: 'unfinished' | 'unverified') =>
    judge(name, concurrency, besideOf(state, as)) === 'blocks';
  const unfinished = urgentFirst(states);
  const first = unfinished.find((state) => isBlocking(state, 'unfinished'));
  const last = states.findLast(({ started }) => started.runbook === name);
  if (last?.status === 'unverified' && isBlocking(last, 'unverified')) {
    const summary = `the previous run was not verified and may already have taken effect: ${last.started.run}`;
    return { ...blocking, summary, next: [{ tv: ['resume', last.started.run] }] };
  }
  const shown = first ?? unfinished[0];
  if (shown === undefined) return undefined;
  return {
    ...(first === undefined ? warning : blocking),
    summary: `${unfinished.length === 1 ? 'a run is' : `${unfinished.length} runs are`} unfinished: ${nameRuns(unfinished)}`,
    next: recoveryCommands(shown),
  };
}

/**
 * Closed runs of this command that sent what this one would send again: abandoned, or undone but for that.
 * Each of their transactions is looked up: only proof that it had no effect lets this run pass, or a later run
 * that did the same and was verified.
 * @param planned the steps of this run; empty where there is no basis for a plan
 */
export async function checkClosed(
  engine: Engine,
  name: string,
  concurrency: Concurrency,
  planned: () => readonly StepData[],
): Promise<readonly Check[]> {
  const states = surveyRuns(engine.ctx).states.filter(({ started }) => started.runbook === name);
  const undecided = states.flatMap((state, index) => {
    if (state.supersededBy !== undefined) return [];
    const proven = new Set(state.transactions.filter(isWithoutEffect).map(({ hash }) => hash));
    const open = keptTransactions(state).filter(({ hash }) => !proven.has(hash));
    return open.length === 0 ? [] : [{ state, open, later: states.slice(index + 1) }];
  });
  if (undecided.length === 0) return [];
  const mine = new Set(planned().flatMap(onceOf));
  const checks = undecided.map(async ({ state, open, later }): Promise<readonly Check[]> => {
    const { run, plan } = state.started;
    const repeated = (steps: readonly StepData[]) =>
      steps.flatMap(onceOf).filter((line) => mine.has(line)).length > 0;
    const again = open.filter(({ step }) => repeated(plan.steps.filter(({ id }) => id === step)));
    if (again.length === 0) return [];
    if (later.some(({ status, started }) => status === 'verified' && repeated(started.plan.steps))) return [];
    const fates = (await lookUpFates(engine, again)).filter((fate) => !isWithoutEffect(fate));
    if (fates.length === 0) return [];
    const blocks = judge(name, concurrency, besideOf(state, 'closed')) === 'blocks';
    return [
      {
        ...{ id: 'earlier run', world: 'run', status: blocks ? 'block' : 'warn' },
        ...(blocks ? { override: 'unfinished-run' } : {}),
        summary: `the previous run may already have taken effect: ${run} was ${state.status}, and its transaction ${fates.map(({ hash, words }) => `${hash} ${words}`).join('; ')}`,
        next: [{ tv: ['runs', 'show', run] }],
      },
    ];
  });
  return (await Promise.all(checks)).flat();
}

/** The transactions of a closed run whose effect stays, if they had one. */
function keptTransactions({ status, started, steps, lines }: RunState) {
  if (status === 'abandoned') return journaledTransactions(lines);
  if (status !== 'undone') return [];
  const kept = started.plan.steps.filter((step) => isFinal(step) && steps.get(step.id)?.status !== 'undone');
  return journaledTransactions(lines).filter(({ step }) => kept.some(({ id }) => id === step));
}

function besideOf(run: RunState, state: OtherRun['state']): OtherRun {
  const { runbook, touches = [], holdsUpOthers = true, supersedes = [] } = run.started;
  return {
    ...{ runbook, touches, holdsUpOthers, state },
    supersedesItself: supersedes.includes(runbook),
    residual: residualState(run).length > 0,
  };
}

/** @param idle overrides that were given and overrule nothing */
export function refusedBy(notPassed: readonly Check[], idle: readonly string[]): Refusal {
  const blocked = notPassed.filter(({ status }) => status === 'block');
  const overrides = blocked.flatMap(({ override }) => (override === undefined ? [] : [override]));
  // Overruling some of them would not get any further.
  const canOverrule = overrides.length === notPassed.length;
  const next = [
    ...blocked.flatMap((check) => check.next ?? []),
    ...(canOverrule
      ? [
          {
            when: 'to overrule',
            again: [...overrides.flatMap((name) => ['--override', name]), '--reason', '…'],
          },
        ]
      : []),
  ];
  return new Refusal(
    'check.blocked',
    blocked.length === 1
      ? `Blocked by the check "${blocked[0]?.id}"; nothing was changed.`
      : `Blocked by ${blocked.length} checks; nothing was changed.`,
    {
      exitCode: exitCodes.blocked,
      facts: {
        ...Object.fromEntries(blocked.map(({ id, summary }) => [id, summary])),
        ...(idle.length === 0
          ? {}
          : { '--override': `${idle.join(', ')}: nothing here is overruled by that name` }),
      },
      next: distinctAdvice(next),
    },
  );
}
