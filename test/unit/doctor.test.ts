import { describe, expect, it } from 'vitest';
import { symptomNames, symptoms } from '../../runbooks/doctor.symptoms.ts';
import doctor from '../../runbooks/doctor.ts';
import { judge } from '../../src/observe/findings.ts';
import { rules, unreadable } from '../../src/observe/rules.ts';
import type { SourceId } from '../../src/observe/world.ts';
import { worldNow, worldSettings, worldWith } from '../support/observedWorld.ts';
import { plainPaint } from '../support/paint.ts';

const probed = ['orders-endpoint', 'cors-refused', 'cors-unknown', 'account-empty', 'account-unknown'];

describe.each(symptomNames)('symptom %s', (name) => {
  const { sources, questions } = symptoms[name];
  const named = questions.flatMap((question) => [...question.rules]).map((id) => id.split(':')[0] ?? '');

  it('asks only what the rules answer, from the sources that it reads', () => {
    const read = new Set<SourceId>(sources);
    const answered = new Set([
      ...rules.filter(({ needs }) => needs.every((id) => read.has(id))).map(({ id }) => id),
      ...sources.flatMap((id) => [`unknown-${id}`, unreadable[id].away ?? '']),
      ...probed,
    ]);
    expect(named.filter((id) => !answered.has(id))).toEqual([]);
  });

  it('a source that says nothing leaves a question open', () => {
    const quiet = sources.filter((id) => unreadable[id].quiet !== true);
    const silent = Object.fromEntries(quiet.map((id) => [id, new Error('no answer')]));
    const { findings } = judge({
      world: worldWith({}, silent),
      settings: worldSettings,
      now: worldNow,
    });
    expect(findings.some(({ id }) => named.includes(id.split(':')[0] ?? ''))).toBe(true);
  });
});

describe('the remedy', () => {
  const data = (next: readonly unknown[]) =>
    ({ findings: [{ cause: null, next }] }) as unknown as Parameters<NonNullable<typeof doctor.remedy>>[0];

  it.each([
    ['a command of tv', [{ tv: ['oracle', 'recover'] }], ['oracle', 'recover']],
    ['a shell line', [{ shell: 'systemctl restart x', on: 'host' }], undefined],
    [
      'a command with a condition, which a person has to judge',
      [{ tv: ['emergency', 'resume'], when: 'once …' }],
      undefined,
    ],
    ['a text', ['send 10 pathUSD'], undefined],
    ['nothing', [], undefined],
  ])('%s', (_, next, words) => {
    expect(doctor.remedy?.(data(next), { fix: true } as never)).toEqual(words);
    expect(doctor.remedy?.(data(next), {} as never)).toBeUndefined();
  });
});

it('without a symptom it lists them', () => {
  const text = doctor.render(
    {
      environment: 'production',
      chainId: 1,
      symptom: null,
      title: null,
      level: 'ok',
      answers: [],
      findings: [],
      next: [],
    },
    plainPaint(80),
    {} as never,
  );
  expect(text).toContain('Nothing is wrong now.');
  for (const name of symptomNames) expect(text).toContain(`tv doctor ${name}`);
});
