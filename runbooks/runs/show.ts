import * as z from 'zod';
import type { Advice } from '../../src/errors/advice.ts';
import { TvError } from '../../src/errors/TvError.ts';
import { findRun } from '../../src/journal/readRuns.ts';
import { leftoversOf, residualState } from '../../src/journal/residualState.ts';
import { foldRun, isUnfinished, recoveryCommands } from '../../src/journal/runState.ts';
import { namedRun } from '../../src/operations/namedRun.ts';
import { defineReport, field } from '../../src/runbook/define.ts';
import { duration, localTime, planName, shortened } from '../../src/text/format.ts';
import { table, wrap } from '../../src/text/layout.ts';

/** `tv runs show ID`: every step, its state and its time. */
export default defineReport({
  title: 'One run',
  summary: 'Show one run, step by step',
  order: 2,
  description:
    'Shows one run: what was asked, who answered, every step with its state and time, and what can be done now.',
  examples: [{ what: 'Each step of a run, by a part of its id', line: 'tv runs show 7f3a' }],
  input: {
    run: field(
      '[run]',
      'id or part of it; if left out, the runs that qualify are named',
      z.string().optional(),
    ),
  },
  collect: async (ctx, { run }) => {
    const { runs } = ctx;
    const id = namedRun(ctx, { run, command: 'runs show', qualifies: () => true });
    // Of another environment it is shown too, by itself.
    const state = findRun(ctx, id) ?? foldRun(runs.read(id));
    if (state === undefined) {
      throw new TvError('run.not-begun', 'The run was interrupted before it began; nothing was changed.', {
        facts: { journal: runs.file(id) },
        next: { tv: ['runs', 'list'] },
      });
    }
    const { started } = state;
    return {
      journal: runs.file(id),
      run: id,
      runbook: started.runbook,
      title: started.title,
      environment: started.environment,
      status: state.status,
      unfinished: isUnfinished(state),
      supersededBy: state.supersededBy ?? null,
      /** Commands that resume or undo it; of an abandoned run, those that remove what it may have left. */
      ways:
        state.status === 'abandoned'
          ? leftoversOf(state).map(
              ({ what, remove }): Advice => ({ ...remove, when: `where ${what} is still there` }),
            )
          : recoveryCommands(state),
      left: state.supersededBy === undefined ? residualState(state) : [],
      startedAt: started.at,
      endedAt: state.endedAt,
      operator: started.operator,
      confirmation: started.confirmation,
      overrides: started.overrides,
      approval: started.approval ?? null,
      input: started.input,
      plan: started.plan.id,
      steps: started.plan.steps.map((step) => ({ ...step, ...state.steps.get(step.id) })),
      verification: state.verification,
      /** Of an abandoned run, as they were looked up then. */
      transactions: state.transactions,
      notes: state.lines.flatMap((line) =>
        line.type === 'run.noted'
          ? [{ at: line.at, by: `${line.operator.user}@${line.operator.host}`, text: line.text }]
          : [],
      ),
    };
  },
  render: (data, paint) => {
    const closed = data.status === 'abandoned';
    const unknown = paint.warn('?');
    const marks: Record<string, string> = {
      done: paint.ok('✔'),
      failed: paint.bad('✖'),
      undone: paint.ok('↩'),
      'in-flight': unknown,
      undoing: unknown,
      waiting: paint.dim('·'),
    };
    const steps = data.steps.map((step, index) => {
      const took = step.durationMs == null ? '' : duration(step.durationMs);
      // Of a closed run nothing is in flight: what became of the step is unknown, or shown below.
      const status = closed && marks[step.status ?? ''] === unknown ? 'unknown' : (step.status ?? 'waiting');
      return [
        marks[step.status ?? 'waiting'] ?? '·',
        `${index + 1}`,
        [shortened(step.title, paint), status, ...(took === '' ? [] : [took])].join(' · '),
      ];
    });
    const errors = data.steps.flatMap(({ error }) =>
      error
        ? [`  ${wrap(`${paint.bad('✖')} ${shortened(error.message, paint)}`, paint.width - 2, '    ')}`]
        : [],
    );
    const next = data.ways.length > 0 ? data.ways : [{ tv: ['runs', 'report', data.run] }];
    const head = `${paint.bold(data.title)} · ${data.environment} · plan ${planName(data.plan, paint)} · ${data.status}`;
    const who = `${data.operator.user}@${data.operator.host}, ${localTime(new Date(data.startedAt))}, ${data.confirmation}`;
    return [
      wrap(head, paint.width),
      paint.dim(wrap(who, paint.width)),
      '',
      table(steps, '  ', paint.width),
      ...errors,
      ...(closed ? data.verification : []).map(({ id, status, summary }) =>
        wrap(
          `  ${status === 'pass' ? paint.ok('✔') : paint.warn('!')} ${id}  ${summary}`,
          paint.width,
          '    ',
        ),
      ),
      ...data.left.map((left) => `  ${paint.bad(`✖ the ${left}`)}`),
      ...(data.supersededBy === null
        ? []
        : [`  superseded by ${data.supersededBy}; it has nothing left to finish`]),
      ...(data.approval?.signatures ?? []).map(({ principal, fingerprint }) =>
        wrap(`  signed by ${principal} ${paint.dim(`(${fingerprint})`)}`, paint.width, '    '),
      ),
      ...data.overrides.map(({ check, reason }) => `  ${paint.warn('!')} overruled ${check}: ${reason}`),
      ...data.notes.map(({ at, by, text }) =>
        wrap(`  note  ${text} ${paint.dim(`(${by}, ${localTime(new Date(at))})`)}`, paint.width, '        '),
      ),
      '',
      paint.next(next),
      '',
    ].join('\n');
  },
});
