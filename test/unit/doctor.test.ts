import { describe, expect, it } from 'vitest';
import { diagnose } from '../../runbooks/doctor.diagnosis.ts';
import { probeCors } from '../../runbooks/doctor.probes.ts';
import { type Symptom, type SymptomName, symptomNames, symptoms } from '../../runbooks/doctor.symptoms.ts';
import doctor from '../../runbooks/doctor.ts';
import { UnavailableError } from '../../src/errors/TvError.ts';
import { rules, unreadable } from '../../src/observe/rules.ts';
import type { SourceId, World } from '../../src/observe/world.ts';
import { late, worldNow, worldSettings, worldWith } from '../support/observedWorld.ts';
import { plainPaint } from '../support/paint.ts';

const probed = ['orders-endpoint', 'cors-refused', 'cors-unknown', 'account-empty', 'account-unknown'];
/** Shown where it is found, and the answer to no question. */
const unasked = ['run-unapproved'];
/** All that a question can be about is there, and all is well. */
const whole = {
  schedule: () => [],
  certificate: () => ({
    ...{ host: 'api.example', issuer: 'CA', untrusted: undefined },
    validTo: new Date('2027-11-23T00:00:00.000Z'),
  }),
  cors: () => ({
    asked: [{ origin: 'https://app.example', status: 200, allowOrigin: '*', allowed: true }],
    listed: { known: true, value: null },
  }),
};

function diagnosed(symptom: SymptomName, all: World) {
  const { sources }: Symptom = symptoms[symptom];
  const world = Object.fromEntries(Object.entries(all).filter(([id]) => sources.some((read) => read === id)));
  const given = { publicUrl: 'https://api.example', origins: ['https://app.example'] };
  const at = { world, settings: worldSettings, now: worldNow };
  const data = diagnose({ ...at, symptom, probed: [], given });
  return {
    ...data,
    text: doctor.render(data, plainPaint(200), {} as never),
    exitCode: doctor.exitCode?.(data),
    unknown: data.answers.filter(({ level }) => level === 'unknown').map(({ fine }) => fine),
  };
}

describe.each(symptomNames)('symptom %s', (name) => {
  const { sources, questions, beside }: Symptom = symptoms[name];
  const named = questions.flatMap((question) => [...question.rules]).map((id) => id.split(':')[0] ?? '');
  const asked = new Set(questions.flatMap((question) => question.sources));
  const read = new Set<SourceId>(sources);

  it('asks only what the rules answer, from the sources that it reads', () => {
    const answered = new Set([
      ...rules.filter(({ needs }) => needs.every((id) => read.has(id))).map(({ id }) => id),
      ...probed,
    ]);
    expect(named.filter((id) => !answered.has(id))).toEqual([]);
    expect([...asked].filter((id) => !read.has(id))).toEqual([]);
  });

  it('names every rule about a source that a question rests on', () => {
    const about = rules.filter((rule) => asked.has(rule.about) && rule.needs.every((id) => read.has(id)));
    expect(about.map(({ id }) => id).filter((id) => !named.includes(id) && !unasked.includes(id))).toEqual(
      [],
    );
  });

  it('has a question for every source that it reads, or says why there is none', () => {
    const besides = Object.keys(beside ?? {}) as SourceId[];
    expect(sources.filter((id) => !asked.has(id)).toSorted()).toEqual(besides.toSorted());
  });

  it('all is well → every answer is yes', () => {
    const { level, answers, exitCode, text } = diagnosed(name, worldWith(whole));
    expect([level, exitCode, answers.filter((answer) => answer.level !== 'ok')]).toEqual(['ok', 0, []]);
    expect(text).toContain('Nothing of this is wrong now.');
  });

  it.each(sources)('only %s is silent → a question is open, or the finding is shown', (id) => {
    const { level, unknown, findings, exitCode } = diagnosed(name, worldWith(whole, { [id]: late() }));
    const isBeside = beside?.[id] !== undefined;
    expect(unknown.length > 0).toBe(!isBeside);
    if (isBeside && unreadable[id].quiet === true) return;
    expect([level, exitCode]).toEqual(['unknown', 3]);
    if (unreadable[id].quiet !== true) expect(findings.map((found) => found.id)).toContain(`unknown-${id}`);
  });
});

describe('what a diagnosis does not know', () => {
  it.each<[string, SymptomName, World, string]>([
    [
      'the log index of the node leaves logs out',
      'indexer-stuck',
      worldWith({ events: (value) => value && { ...value, matched: 0, doubt: 'its log index is broken' } }),
      '? the newest rows are those of the chain: unknown (events-doubtful)',
    ],
    [
      'nothing was compared',
      'indexer-stuck',
      worldWith({ events: () => undefined }),
      '? the newest rows are those of the chain: unknown (the database has no event to compare with the chain)',
    ],
    [
      'no cursor, and the chain could not be searched',
      'indexer-stuck',
      worldWith({ indexer: (value) => ({ ...value, block: 1_000, source: 'rows' }) }),
      '? the indexer keeps up with the chain: unknown (indexer-no-cursor)',
    ],
    [
      'systemd did not say how the jobs ended',
      'disk-full',
      worldWith({}, { schedule: late() }),
      '? scheduled jobs run: unknown (unknown-schedule)',
    ],
    [
      'no job is installed',
      'disk-full',
      worldWith({ schedule: () => undefined }),
      '? scheduled jobs run: unknown (no job of tv db schedule is installed)',
    ],
    [
      'the public URL is http',
      'api-503',
      worldWith({ certificate: () => undefined }),
      '? the certificate of the public URL is valid: unknown (api.publicUrl is not https, and has no certificate)',
    ],
    [
      'breakers that only events name were not read',
      'strategies-not-deploying',
      worldWith({ breakers: (value) => ({ ...value, breakers: [], historyUnknown: 'no logs' }) }),
      '? no breaker is open: unknown (breakers-unknown)',
    ],
    [
      'the breakers could not be read, and so what rests on the DEX',
      'strategies-not-deploying',
      worldWith({ orders: () => ({ known: false, reason: 'no answer' }) }, { breakers: late() }),
      '? no order rests on the DEX while trading is stopped: unknown (orders-resting)',
    ],
  ])('%s', (_, symptom, seen, line) => {
    const { text, exitCode } = diagnosed(symptom, seen);
    expect(text).toContain(line);
    expect(text).not.toContain('Nothing of this is wrong now');
    expect(exitCode).toBe(3);
  });

  it.each<[string, SymptomName, World, string, number]>([
    [
      'no RPC node answers in time',
      'transactions-rejected',
      worldWith({
        nodes: (all) =>
          all.map((node) => ({ ...node, error: new UnavailableError('chain.node-timeout', 'No answer.') })),
      }),
      '✖ the RPC nodes answer, on the right chain, and quickly: not true (rpc-silent)',
      2,
    ],
    ...(['insufficient-funds', 'strategies-not-deploying', 'transactions-rejected'] as const).map(
      (symptom): [string, SymptomName, World, string, number] => [
        `the key of the relay is not authorised: ${symptom}`,
        symptom,
        worldWith({
          relay: (value) => ({
            ...value,
            troubles: [{ id: 'not-authorised', summary: 'not authorised', next: [] }],
          }),
        }),
        '✖ the key of the relay is authorised: not true (relay-not-authorised)',
        2,
      ],
    ),
  ])('what is wrong is no longer dropped: %s', (_, symptom, seen, line, exitCode) => {
    const found = diagnosed(symptom, seen);
    expect(found.text).toContain(line);
    expect(found.exitCode).toBe(exitCode);
  });

  it('what no question asks for is shown, after what one does', () => {
    const seen = worldWith({
      services: (all) => ({
        ...all,
        api: { ...all.api, activeState: 'failed', subState: 'failed' },
        indexer: { ...all.indexer, activeState: 'failed', subState: 'failed' },
      }),
    });
    const { findings, exitCode } = diagnosed('indexer-stuck', seen);
    expect(findings.map(({ id }) => id)).toEqual(['service-down:indexer', 'service-down:api']);
    expect(exitCode).toBe(2);
  });

  it('a page is named and no URL of the API is set → unknown whether it may read the answers', async () => {
    const found = await probeCors({ settings: { api: {} } } as never, 'https://app.example');
    expect(found.map(({ id, level }) => [id, level])).toEqual([['cors-unknown', 'unknown']]);
  });
});

describe('the remedy', () => {
  const data = (next: readonly unknown[]) =>
    ({ symptom: null, answers: [], findings: [{ id: 'x', cause: null, next }] }) as unknown as Parameters<
      NonNullable<typeof doctor.remedy>
    >[0];

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

it('what was found beside the questions is not mended', () => {
  const down = (...names: readonly ('api' | 'indexer')[]) =>
    worldWith({
      services: (all) =>
        Object.fromEntries(
          Object.entries(all).map(([name, unit]) => [
            name,
            names.some((one) => one === name) ? { ...unit, activeState: 'failed', subState: 'failed' } : unit,
          ]),
        ),
    });
  const remedyOf = (seen: World) => doctor.remedy?.(diagnosed('indexer-stuck', seen), { fix: true } as never);
  expect(remedyOf(down('api'))).toBeUndefined();
  expect(remedyOf(down('api', 'indexer'))).toEqual(['service', 'start', 'indexer']);
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
