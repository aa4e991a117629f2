import { appendFileSync, chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AuditLog } from '../../src/journal/audit.ts';
import { RunStore } from '../../src/journal/journal.ts';
import type { IncidentPart } from '../../src/observe/incident/incident.ts';
import { readCallsPart, readRunsPart } from '../../src/observe/incident/runsPart.ts';
import { RedactingWriter } from '../../src/output/redactingWriter.ts';
import { Secrets } from '../../src/output/secrets.ts';
import { DrivenClock } from '../support/fakes.ts';

const start = Date.parse('2026-11-23T03:00:00.000Z');
const at = (seconds: number) => new Date(start + seconds * 1000);
const span = { since: at(0), until: at(2_400) };
const ann = { user: 'ann', host: hostname(), pid: 2 ** 22 + 1, mark: '1' };
const secondsOf = ({ entries }: IncidentPart) =>
  entries.map((entry) => [(entry.at.getTime() - start) / 1000, entry.level, entry.what]);

let directory: string;
let clock: DrivenClock;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tv-incident-'));
  chmodSync(directory, 0o700);
  mkdirSync(join(directory, 'runs'), { mode: 0o700 });
  clock = new DrivenClock(start);
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const place = () => ({
  runs: new RunStore(directory, []),
  audit: new AuditLog(directory, new RedactingWriter(new Secrets()), clock),
  settings: { environment: 'production', stateDirectory: directory } as never,
});

/** A journal of `tv db vacuum`, each line at its second. */
function journal(
  run: string,
  lines: readonly (readonly [number, object])[],
  environment = 'production',
): void {
  const step = {
    ...{ id: 'vacuum', title: 'vacuum the tables', command: 'psql', effect: 'final', undo: null },
  };
  const [[begun] = [0]] = lines;
  const started = {
    ...{ type: 'run.started', run, runbook: 'db vacuum', title: 'Vacuum', section: '3', risk: 'moderate' },
    ...{
      environment,
      operator: ann,
      version: '1.0.0',
      input: { full: true, table: null },
      facts: {},
      checks: [],
    },
    plan: { id: 'f'.repeat(64), steps: [step], consequence: 'This vacuums 11 tables.' },
    overrides: [{ check: 'old-head', reason: 'node lags\u001b[31m' }],
    confirmation: '--yes',
  };
  const all = [[begun, started] as const, ...lines.slice(1)].map(([seconds, line], seq) =>
    JSON.stringify({ at: at(seconds).toISOString(), seq, ...line }),
  );
  writeFileSync(join(directory, 'runs', `${run}.jsonl`), `${all.join('\n')}\n`);
}
const ended = { type: 'run.ended', outcome: 'verified', exitCode: 0 };
const failed = {
  ...{ type: 'step.failed', step: 'vacuum', durationMs: 5 },
  error: { code: 'db.disconnected', message: 'The connection was lost.', facts: {}, next: [] },
};

describe('runs', () => {
  it('who, why, which command and what came of it; not those of another time or environment', async () => {
    journal('20261123-030100-db-vacuum-aaaa', [
      [60, {}],
      [90, { type: 'run.noted', operator: ann, text: 'looked slow' }],
      [120, ended],
    ]);
    journal('20261123-000000-db-vacuum-bbbb', [
      [-9_000, {}],
      [-8_000, ended],
    ]);
    journal(
      '20261123-030200-db-vacuum-cccc',
      [
        [130, {}],
        [140, ended],
      ],
      'staging',
    );
    const part = await readRunsPart(place(), span);
    const who = `ann@${hostname()}`;
    expect(secondsOf(part)).toEqual([
      [60, 'info', `tv db vacuum started by ${who}`],
      [90, 'info', `tv db vacuum, note of ${who}: looked slow`],
      [120, 'good', 'tv db vacuum ended: verified (exit 0)'],
    ]);
    expect(part.entries[0]?.details).toEqual([
      'run 20261123-030100-db-vacuum-aaaa, --yes',
      'This vacuums 11 tables.',
      'input: full true',
      'overruled old-head: node lags\\u{1b}[31m',
    ]);
    expect(part).toMatchObject({ report: { state: 'read' }, missing: [] });
  });

  it('begun before, and cut off: both are said', async () => {
    journal('20261123-025000-db-vacuum-aaaa', [
      [-600, {}],
      [30, failed],
    ]);
    expect(secondsOf(await readRunsPart(place(), span))).toEqual([
      [0, 'info', 'tv db vacuum had begun before (10 min)'],
      [30, 'bad', 'tv db vacuum: 1 vacuum the tables failed: The connection was lost.'],
      [30, 'bad', 'tv db vacuum was killed after this: its process is gone'],
    ]);
  });

  it('cut off long before → said at the beginning', async () => {
    journal('20261122-000000-db-vacuum-aaaa', [[-90_000, {}]]);
    expect(secondsOf(await readRunsPart(place(), span)).map(([seconds]) => seconds)).toEqual([0, 0]);
  });

  it('a damaged journal → partly, named, and all of the time may lack it', async () => {
    journal('20261123-030100-db-vacuum-aaaa', [
      [60, {}],
      [120, ended],
    ]);
    writeFileSync(join(directory, 'runs', '20261123-030500-db-prune-dddd.jsonl'), 'nonsense\n');
    const part = await readRunsPart(place(), span);
    expect(part.report).toMatchObject({
      state: 'partly',
      summary: expect.stringContaining('20261123-030500-db-prune-dddd'),
    });
    expect(part.missing).toMatchObject([{ from: span.since, to: span.until }]);
    expect(part.entries).toHaveLength(2);
  });

  it('a folder that is none → unread', async () => {
    rmSync(join(directory, 'runs'), { recursive: true });
    writeFileSync(join(directory, 'runs'), '');
    expect((await readRunsPart(place(), span)).report.state).toBe('unread');
  });
});

describe('refused calls', () => {
  const append = async (seconds: number, more: object = {}) => {
    clock = new DrivenClock(at(seconds).getTime());
    await place().audit.append({
      ...{
        command: 'breaker trip',
        environment: 'production',
        operator: ann,
        input: {},
        run: null,
        plan: null,
      },
      ...{ outcome: 'refused', exitCode: 3, reason: 'A check blocks the run.', overrides: [], ...more },
    });
  };

  it('those of this time and environment that became no run', async () => {
    await append(-10);
    await append(50);
    await append(60, { run: 'r1', outcome: 'verified', exitCode: 0 });
    await append(70, { environment: 'staging' });
    const part = await readCallsPart(place(), span);
    expect(secondsOf(part)).toEqual([
      [50, 'warn', `tv breaker trip refused (exit 3), asked by ann@${hostname()}`],
    ]);
    expect(part.entries[0]?.details).toEqual(['A check blocks the run.']);
  });

  it('an audit log that others may write → unread, with the reason', async () => {
    await append(50);
    chmodSync(join(directory, 'audit.jsonl'), 0o666);
    const part = await readCallsPart(place(), span);
    expect([part.report.state, part.entries, part.missing.length]).toEqual(['unread', [], 1]);
  });

  it('lines that are no entries → partly', async () => {
    await append(50);
    appendFileSync(join(directory, 'audit.jsonl'), 'nonsense\n');
    expect((await readCallsPart(place(), span)).report.state).toBe('partly');
  });
});
