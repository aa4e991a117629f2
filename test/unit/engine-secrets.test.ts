import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { renderError } from '../../src/cli/renderError.ts';
import { toJsonError } from '../../src/cli/toJson.ts';
import { TvError } from '../../src/errors/TvError.ts';
import { buildTimeline } from '../../src/operations/documents/timeline.ts';
import { timelineHtml } from '../../src/operations/documents/timelineHtml.ts';
import { timelineMarkdown } from '../../src/operations/documents/timelineMarkdown.ts';
import { RedactingWriter } from '../../src/output/redactingWriter.ts';
import { Secrets } from '../../src/output/secrets.ts';
import { wrap } from '../../src/text/layout.ts';
import { FakeWorld, fakeRunbook } from '../support/fakeRunbook.ts';
import { temporaryState } from '../support/fakes.ts';
import { plainPaint } from '../support/paint.ts';
import { play } from '../support/scenario.ts';

const digits = '8f2a559490cc2a7ab61c32ed3d8060216ee02e4960a83f97bde6ceb39d4b4d5e';
const key = `0x${digits}`;
const password = 'p@ss "w0rd"/1\\2 horse';

/** Every form in which the two could leave tv. */
const forms: readonly (readonly [name: string, text: string])[] = [
  ['the password', password],
  ['the password in a URL', `postgres://tempovault:${encodeURIComponent(password)}@db:5432/tempovault`],
  ['the password in JSON', JSON.stringify({ password })],
  ['the key', key],
  ['the key in a sentence', `key:${key}.`],
  ['the key without 0x', digits],
  ['the key in capitals', `0x${digits.toUpperCase()}`],
  ['the key in capitals without 0x', digits.toUpperCase()],
  ['the key twice', `${key}${digits}`],
];

function expectNoSecret(text: string): void {
  const found = [digits, digits.toUpperCase(), 'p@ss', 'p%40ss', 'w0rd', 'horse'].filter((form) =>
    text.includes(form),
  );
  expect(found, text).toEqual([]);
}

describe('what leaves through the writer', () => {
  const secrets = new Secrets();
  secrets.add(password);
  secrets.add(key);
  const writer = new RedactingWriter(secrets);
  afterEach(() => vi.restoreAllMocks());

  it.each(forms)('hides %s when it is printed', (_, text) => {
    const printed: string[] = [];
    for (const stream of ['stdout', 'stderr'] as const) {
      vi.spyOn(process[stream], 'write').mockImplementation((chunk) => printed.push(String(chunk)) > 0);
      writer.print(stream, `before ${text} after\n`);
    }
    vi.restoreAllMocks();
    expect(printed).toHaveLength(2);
    for (const line of printed) {
      expect(line).toMatch(/^before .*\*\*\*.* after\n$/);
      expectNoSecret(line);
    }
  });

  it('hides a key that was given without 0x or in capitals just as well', () => {
    for (const given of [digits, digits.toUpperCase(), `0x${digits.toUpperCase()}`]) {
      const own = new Secrets();
      own.add(given);
      expectNoSecret(own.redact(`${key} ${digits} ${digits.toUpperCase()}`));
    }
  });

  it('hides a secret that contains another one as a whole', () => {
    const own = new Secrets();
    own.add('hunter22');
    own.add('hunter22-and-more');
    expect(own.redact('a hunter22-and-more b hunter22')).toBe('a *** b ***');
  });

  it('hides a passphrase that was wrapped at its spaces', () => {
    const own = new Secrets();
    own.add('correct horse (battery) staple');
    const wrapped = wrap('the answer is correct horse (battery) staple, of course', 22, '    ');
    expect(wrapped.split('\n').length).toBeGreaterThan(2);
    expect(own.redact(wrapped)).toBe('the answer is ***, of course');
  });

  it('leaves short words alone: they would be found everywhere', () => {
    const own = new Secrets();
    own.add('start');
    own.add(undefined);
    own.add('');
    expect(own.redact('start the indexer')).toBe('start the indexer');
  });
});

describe('a weak password', () => {
  const weak = ['tempovault', 'production', 'postgres', 'running', '20261123', 'deadbeef'];

  it.each(weak)('%s → hidden where a password is expected, and nowhere else', (value) => {
    const own = new Secrets();
    own.add(value);
    for (const [text, clean] of [
      [
        `postgresql://tempovault:${value}@db:5432/tempovault`,
        'postgresql://tempovault:***@db:5432/tempovault',
      ],
      [`host=db password=${value} user=x`, 'host=db password=*** user=x'],
      [`PGPASSWORD='${value}' psql`, "PGPASSWORD='***' psql"],
      [JSON.stringify({ password: value }), '{"password":"***"}'],
      [
        JSON.stringify({ line: JSON.stringify({ password: value }) }),
        '{"line":"{\\"password\\":\\"***\\"}"}',
      ],
    ] as const)
      expect(own.redact(text)).toBe(clean);
    for (const text of [
      `systemctl stop ${value}-indexer`,
      `/backup/${value}_20261123T0312Z`,
      JSON.stringify({ name: value, user: value }),
      `key: ${value}-indexer`,
    ])
      expect(own.redact(text)).toBe(text);
  });

  it('a strong one that the settings show by themselves (the name of the database) is weak, too', () => {
    const own = new Secrets();
    own.addWeak('vault-2026-prod');
    own.add('vault-2026-prod');
    expect(own.redact('/backup/vault-2026-prod_1')).toBe('/backup/vault-2026-prod_1');
    expect(own.redact('postgres://u:vault-2026-prod@db')).toBe('postgres://u:***@db');
  });
});

describe('a run that meets the secrets everywhere', () => {
  let state: ReturnType<typeof temporaryState>;
  beforeEach(() => {
    state = temporaryState();
  });
  afterEach(() => state.remove());

  it('leaves none of them in journal, audit log, lock, report or error', async () => {
    const everything = forms.map(([, text]) => text).join(' ');
    const world = new FakeWorld(`${state.directory}-world`);
    world.checks = [
      {
        id: 'env',
        world: 'host',
        status: 'block',
        summary: everything,
        facts: { everything },
        override: 'env',
      },
    ];
    world.fact = everything;
    world.verification = () => [{ id: 'env', world: 'host', status: 'pass', summary: everything }];
    const registered = fakeRunbook(world, { onFailure: 'continue' });
    world.onRun = (step) => {
      if (step === 'b')
        throw new TvError('check.blocked', everything, { facts: { everything }, next: everything });
    };
    const { exitCode, state: run } = await play(registered, {
      stateDirectory: state.directory,
      secrets: [password, key],
      answers: { overrides: ['env'], reason: everything },
    });
    expect(exitCode).toBe(1);
    const files = (readdirSync(state.directory, { recursive: true, withFileTypes: true }) ?? [])
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'));
    expect(files.length).toBeGreaterThan(2);
    for (const text of files) expectNoSecret(text);
    expect(files.join('')).toContain('***');
    if (run === undefined) throw new Error('no run');
    const timeline = buildTimeline(run);
    for (const text of [timelineMarkdown(timeline), timelineHtml(timeline)]) {
      expect(text).toContain('***');
      expectNoSecret(text);
    }
  });

  it('interrupted, with the shipped password in every name → resumed from facts that came back byte for byte', async () => {
    const world = new FakeWorld(`${state.directory}-world`);
    world.fact = 'tempovault-indexer of tempovault at postgresql://tempovault@localhost/tempovault';
    const registered = fakeRunbook(world);
    const scenario = { stateDirectory: state.directory, secrets: ['tempovault'] };
    const cut = await play(registered, {
      ...scenario,
      cutOff: { world, during: 'b' },
    });
    expect(cut.state?.started.facts).toEqual({ fact: world.fact });
    const resumed = await play(registered, {
      ...scenario,
      continued: { run: cut.run ?? '', direction: 'resume' },
    });
    expect(resumed.exitCode).toBe(0);
  });

  it('are hidden in a rendered error, with the stack and the cause', () => {
    const secrets = new Secrets();
    secrets.add(password);
    secrets.add(key);
    const everything = forms.map(([, text]) => text).join(' ');
    const error = new TvError('check.blocked', everything, {
      facts: { everything },
      next: everything,
      cause: new Error(everything),
    });
    // As the one place that prints errors does: rendered first, redacted on the way out.
    for (const text of [
      renderError(error, plainPaint(100), true),
      toJsonError(error, { environment: undefined }),
    ]) {
      expectNoSecret(secrets.redact(text));
    }
  });
});
