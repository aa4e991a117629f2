import type { Advice } from '../../src/errors/advice.ts';
import { defineReport } from '../../src/runbook/define.ts';
import type { Paint } from '../../src/runbook/paint.ts';
import { type DrillStatus, drillStatus } from '../../src/sandbox/drill/status.ts';
import { duration, localTime } from '../../src/text/format.ts';
import { table, wrap } from '../../src/text/layout.ts';

/** `tv drill status`: the time left, and how earlier drills went. */
export default defineReport({
  title: 'Drill status',
  summary: 'Show the time left, and your earlier drills',
  order: 7,
  settings: 'none',
  description:
    'Shows how much time the drill of this operator has left, and how the earlier ones went. It never tells what is wrong.',
  examples: [{ what: 'How much time is left, and what earlier drills came to', line: 'tv drill status' }],
  input: {},
  collect: async (ctx) => drillStatus(ctx.clock),
  render: (status, paint) =>
    [headOf(status, paint), ...historyOf(status, paint), '', nextOf(status, paint), ''].join('\n'),
});

function headOf({ state, drill }: DrillStatus, paint: Paint): string {
  if (drill === null) return 'You have no drill.';
  const { startedAt, endsAt, sandbox, seed, minutes } = drill;
  const line = (mark: string, text: string) => `${mark} ${wrap(text, paint.width - 2, '  ')}`;
  switch (state) {
    case 'running':
      return line(
        paint.warn('!'),
        `${paint.bold(duration((drill.left ?? 0) * 1000))} left of ${minutes} min, until ${localTime(new Date(endsAt ?? 0))}, in ${sandbox}, seed ${seed}`,
      );
    case 'over':
      return line(
        paint.bad('✖'),
        `The time was over at ${localTime(new Date(endsAt ?? 0))}: what is mended now does not count.`,
      );
    case 'interrupted':
      return line(
        paint.bad('✖'),
        `The sandbox ${sandbox} of the drill from ${localTime(new Date(startedAt ?? 0))} has gone or has stopped. Nothing can be judged any more.`,
      );
    default:
      return line(
        paint.warn('!'),
        `The sandbox ${sandbox} is being made; or the call that made it was cut off, and the next start begins anew.`,
      );
  }
}

function historyOf({ history, historyProblem }: DrillStatus, paint: Paint): readonly string[] {
  const rows = history.map(({ startedAt, seed, outcome, points }) => [
    localTime(new Date(startedAt)).slice(0, 16),
    `seed ${seed}`,
    outcome,
    points === null ? '' : `${points} points`,
  ]);
  return [
    ...(rows.length === 0
      ? []
      : ['', paint.bold('Your drills, newest first'), table(rows, '  ', paint.width)]),
    ...(historyProblem === null
      ? []
      : [
          '',
          `${paint.warn('!')} ${wrap(`the history was changed or damaged: ${historyProblem}`, paint.width - 2, '  ')}`,
        ]),
  ];
}

function nextOf({ state, drill }: DrillStatus, paint: Paint): string {
  if (state === 'running' && drill !== null) {
    return paint.next([{ tv: ['-e', drill.sandbox, 'status'] }, { tv: ['drill', 'end'] }]);
  }
  const advice: Advice =
    state === 'none' || state === 'preparing' ? { tv: ['drill', 'start'] } : { tv: ['drill', 'end'] };
  return paint.next([advice]);
}
