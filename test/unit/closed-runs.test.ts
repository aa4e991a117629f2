import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RunStore } from '../../src/journal/journal.ts';
import { surveyRuns } from '../../src/journal/readRuns.ts';
import { readRunsPart } from '../../src/observe/incident/runsPart.ts';

let directory: string;
let index: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tv-closed-'));
  mkdirSync(join(directory, 'runs'), { mode: 0o700 });
  index = join(directory, 'runs', 'closed.index');
});
afterEach(() => {
  chmodSync(join(directory, 'runs'), 0o700);
  rmSync(directory, { recursive: true, force: true });
});

const ann = { user: 'ann', host: hostname(), pid: 2 ** 22 + 1, mark: '1' };
const day = (number: number) =>
  new Date(Date.parse('2026-01-01T02:00:00Z') + number * 3_600_000).toISOString();
const name = (number: number) => `20260101-020000-db-vacuum-${String(number).padStart(4, '0')}`;
const file = (number: number) => join(directory, 'runs', `${name(number)}.jsonl`);
const ended = (outcome: string) => ({ type: 'run.ended', outcome, exitCode: 0 });

function write(number: number, outcome: string | null, environment = 'production'): void {
  const step = { id: 'vacuum', title: `vacuum ${number}`, command: 'psql', effect: 'final', undo: null };
  const started = {
    ...{ type: 'run.started', run: name(number), runbook: 'db vacuum', title: 'Vacuum', section: '3' },
    ...{ risk: 'mild', environment, operator: ann, version: '1.0.0', supersedes: ['db vacuum'] },
    ...{ input: { number }, facts: { tables: number }, checks: [] },
    plan: { id: 'f'.repeat(64), steps: [step], consequence: 'This vacuums 11 tables.' },
    ...{ overrides: [], confirmation: '--yes' },
  };
  const done = { type: 'step.done', step: 'vacuum', result: number, durationMs: 5, how: 'ran' };
  const lines = [started, { type: 'step.started', step: 'vacuum' }, done];
  const all = outcome === null ? lines.slice(0, 2) : [...lines, ended(outcome)];
  const text = all.map((line, seq) => JSON.stringify({ at: day(number), seq, ...line }));
  writeFileSync(file(number), `${text.join('\n')}\n`);
}

function append(number: number, line: object): void {
  appendFileSync(file(number), `${JSON.stringify({ at: day(900), seq: 9, ...line })}\n`);
}

/** The journals of the directory, and the runs of which one was read. */
function counted() {
  const read: string[] = [];
  class Counting extends RunStore {
    override read(run: string) {
      read.push(run);
      return super.read(run);
    }
  }
  return { runs: new Counting(directory, []), read };
}

function survey(environment = 'production') {
  const { runs, read } = counted();
  return { ...surveyRuns({ runs, settings: { environment } as never }), read };
}

/** All that commands read, so that nothing of it is left unread. */
const whole = ({ states }: ReturnType<typeof survey>) =>
  states.map((state) => {
    const { started, steps, status, lastOperator, undoing, endedAt, supersededBy } = state;
    const { verification, transactions, lines, lastAt } = state;
    const { type, run, runbook, environment, operator, at, supersedes, touches, holdsUpOthers } = started;
    const { title, section, risk, version, input, facts, checks, plan, overrides, confirmation } = started;
    return {
      ...{ type, run, runbook, environment, operator, at, supersedes, touches, holdsUpOthers },
      ...{ title, section, risk, version, input, facts, checks, plan, overrides, confirmation },
      ...{ steps: [...steps], status, lastOperator, undoing, endedAt, supersededBy },
      ...{ verification, transactions, lines, lastAt },
    };
  });

describe('the index of closed runs', () => {
  beforeEach(() => {
    for (let number = 0; number < 120; number++) write(number, number % 7 === 0 ? 'rolled-back' : 'verified');
  });

  it('is made by the first command; the next one reads no closed journal, and finds the same', () => {
    // Left by a later one that was verified.
    write(60, 'failed');
    write(200, null);
    write(201, 'failed');
    write(202, 'unverified');
    const first = survey();
    expect(first.read).toHaveLength(123);
    const next = survey();
    expect(next.read).toEqual([60, 200, 201, 202].map(name));
    expect(next.states.map(({ supersededBy }) => supersededBy).filter(Boolean)).toEqual([name(61)]);
    expect(next.states.map(({ started, status }) => [started.run, status])).toEqual(
      first.states.map(({ started, status }) => [started.run, status]),
    );
    expect(whole(next)).toEqual(whole(first));
  });

  it('what is seldom needed of a run is read when it is asked for, once', () => {
    survey();
    const { states, read } = survey();
    expect(states[5]?.started.supersedes).toEqual(['db vacuum']);
    expect(read).toEqual([]);
    expect(states[5]?.started.input).toEqual({ number: 5 });
    expect(states[5]?.steps.get('vacuum')?.result).toBe(5);
    expect(states[5]?.lines).toHaveLength(4);
    expect(read).toEqual([name(5)]);
  });

  it('the timeline of an incident reads the journals that reach into its time, one by a late note', async () => {
    append(5, { type: 'run.noted', operator: ann, text: 'seen again' });
    survey();
    const { runs, read } = counted();
    const span = { since: new Date(day(118)), until: new Date(day(900)) };
    const { entries } = await readRunsPart(
      { runs, settings: { environment: 'production' }, audit: {} } as never,
      span,
    );
    expect(read).toEqual([5, 118, 119].map(name));
    expect(entries.map(({ what }) => what)).toContain(`tv db vacuum, note of ann@${hostname()}: seen again`);
  });

  it('a closed run that is undone afterwards → its journal is read again', () => {
    survey();
    append(5, { type: 'run.undoing', operator: ann, confirmation: '--yes' });
    append(5, { type: 'undo.started', step: 'vacuum' });
    const { states, read } = survey();
    expect(read).toEqual([name(5)]);
    expect(states.find(({ started }) => started.run === name(5))).toMatchObject({
      status: 'killed',
      undoing: true,
    });
  });

  it('a journal that was damaged afterwards → named', () => {
    survey();
    writeFileSync(file(5), readFileSync(file(5), 'utf8').replace('"run.started"', '"run.begun"'));
    expect(survey().damaged.map(({ run }) => run)).toEqual([name(5)]);
  });

  it('a journal that is gone → no run', () => {
    survey();
    rmSync(file(5));
    expect(survey().states).toHaveLength(119);
  });

  it('runs of another environment stay its own', () => {
    write(300, 'verified', 'staging');
    survey();
    expect(survey('staging').states.map(({ started }) => started.run)).toEqual([name(300)]);
    expect(survey('staging').read).toEqual([]);
  });

  it.each([
    ['cut off', (text: string) => text.slice(0, 500)],
    ['empty', () => ''],
    ['of another form', (text: string) => text.replace('"form":1', '"form":0')],
    ['with an entry that is none', (text: string) => text.replace('"runs":[', '"runs":[null,')],
  ])('%s → the journals are read', (_name, change) => {
    const first = survey();
    writeFileSync(index, change(readFileSync(index, 'utf8')));
    const next = survey();
    expect(next.read).toHaveLength(120);
    expect(whole(next)).toEqual(whole(first));
  });

  it('grows by many runs at once, and keeps what it had', () => {
    survey();
    for (let number = 400; number < 499; number++) write(number, 'verified');
    survey();
    expect(survey().read).toHaveLength(99);
    write(499, 'verified');
    survey();
    expect(survey().read).toEqual([]);
  });
});

it('few runs have no index', () => {
  for (let number = 0; number < 99; number++) write(number, 'verified');
  expect(survey().states).toHaveLength(99);
  expect(existsSync(index)).toBe(false);
});
