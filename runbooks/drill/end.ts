import { defineAction } from '../../src/runbook/define.ts';
import type { DrillFaultScore, DrillRecord, DrillScore } from '../../src/runbook/drill.ts';
import type { Paint } from '../../src/runbook/paint.ts';
import { endDrill } from '../../src/sandbox/drill/end.ts';
import { scoreRules } from '../../src/sandbox/drill/score.ts';
import { duration } from '../../src/text/format.ts';
import { aligned, table, wrap } from '../../src/text/layout.ts';

/** `tv drill end`: the score, and the shortest way there. */
export default defineAction({
  title: 'End the drill',
  summary: 'End the drill: its score, and the shortest way',
  order: 8,
  risk: 'sandbox',
  settings: 'none',
  description: `Looks once more, prints what was wrong, the score with its rules and the shortest way, keeps it in the history of this operator, and takes the sandbox of the drill down. A diagnosis is the first report of tv in the drill that shows the fault; what a person reads elsewhere tv cannot see. Mended is what tv no longer finds. ${scoreRules}`,
  examples: [{ what: 'Stop the clock, and see the score and the shortest way', line: 'tv drill end' }],
  input: {},
  run: ({ clock, registry, tell }) => endDrill({ clock, registry, tell }),
  render: (record, paint) => {
    const { score, outcome } = record;
    const next = paint.next([{ tv: ['drill', 'status'] }, { tv: ['drill', 'start'] }]);
    if (score === null) {
      const notice =
        'The sandbox of the drill had gone or had stopped, so there is no score. What was left is removed.';
      return `${paint.warn('!')} ${wrap(notice, paint.width - 2, '  ')}\n\n${next}\n`;
    }
    const mark = outcome === 'solved' ? paint.ok('✔') : paint.bad('✖');
    return [
      `${mark} ${paint.bold(`${score.points} points`)}: ${inWords(record)}`,
      '',
      ...score.faults.flatMap((fault) => faultLines(fault, paint)),
      table(pointRows(score), '  ', paint.width),
      '',
      ...otherLines(score, paint),
      paint.bold('Shortest way'),
      ...['tv status', ...new Set(score.faults.flatMap(({ way }) => way))].map((line) => `  ${line}`),
      '',
      paint.dim(wrap(scoreRules, paint.width)),
      '',
      next,
      '',
    ].join('\n');
  },
});

function inWords({ outcome, lasted, minutes, seed, score }: DrillRecord): string {
  const time = `${duration(lasted * 1000)} of ${minutes} min, seed ${seed}`;
  if (outcome === 'solved') return `solved, ${time}`;
  const left = score?.faults.filter(({ safe }) => safe === null).length ?? 0;
  return `unsolved, ${left} of ${score?.faults.length ?? 0} not mended in time, ${time}`;
}

function faultLines(
  { summary, diagnosed, diagnosedBy, safe, finding }: DrillFaultScore,
  paint: Paint,
): readonly string[] {
  const after = (seconds: number | null) => (seconds === null ? 'no' : `after ${duration(seconds * 1000)}`);
  const mark = safe === null ? paint.bad('✖') : paint.ok('✔');
  return [
    `  ${mark} ${wrap(`${summary} (${finding})`, paint.width - 4, '    ')}`,
    aligned(
      [
        ['diagnosed', diagnosedBy === null ? 'no' : `${after(diagnosed)}, by tv ${diagnosedBy}`],
        ['mended', after(safe)],
      ],
      paint.width,
      '      ',
    ),
    '',
  ];
}

function pointRows({ lines, points }: DrillScore): readonly (readonly string[])[] {
  const all = [...lines, { rule: 'points', value: '', points }];
  const widest = Math.max(...all.map((line) => String(line.points).length));
  return all.map((line) => [line.rule, line.value, String(line.points).padStart(widest)]);
}

function otherLines({ wrongSevere, otherFindings }: DrillScore, paint: Paint): readonly string[] {
  const rows = [
    ...wrongSevere.map(({ command }) => ['wrong severe', `tv ${command}`] as const),
    ...otherFindings.map((id) => ['also left', id] as const),
  ];
  return rows.length === 0 ? [] : [aligned(rows, paint.width), ''];
}
