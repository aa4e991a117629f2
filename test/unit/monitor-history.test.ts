import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Alert } from '../../src/observe/monitor/alerts.ts';
import { History } from '../../src/observe/monitor/history.ts';

let directory: string;
let file: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tv-history-'));
  file = join(directory, 'state', 'monitor.sqlite');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const open = (environment = 'production', redact = (text: string) => text) =>
  History.open<string>(file, environment, redact);
const alert = (id: string) => ({ id }) as Alert;
const look = (at: number, events: readonly string[] = [], alerts: readonly Alert[] = []) => ({
  ...{ at, level: 'ok' as const, figures: { lag: at }, alerts, events },
});
const day = 86_400_000;

it('what one process records, another reads; each environment has its own', async () => {
  const first = await open();
  first.record(() => look(1, ['a'], [alert('x')]));
  first.close();
  const second = await open();
  const other = await open('staging');
  let seen: unknown;
  second.record((before) => {
    seen = before;
    return look(2);
  });
  expect(seen).toEqual({ alerts: [{ id: 'x' }], before: 1 });
  expect(second.checks(10)).toEqual([
    { at: 1, level: 'ok', figures: { lag: 1 } },
    { at: 2, level: 'ok', figures: { lag: 2 } },
  ]);
  expect(second.checks(1)).toEqual([{ at: 2, level: 'ok', figures: { lag: 2 } }]);
  expect(other.checks(10)).toEqual([]);
  expect(second.problem).toBeUndefined();
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

it('a receiver gets each event once, also from another process; a new one gets none of old', async () => {
  const one = await open();
  const two = await open();
  one.record(() => look(1, ['a']));
  expect(one.unsent('r')).toEqual({ isNew: true, events: [], newest: 1 });
  one.sent('r', 1);
  two.record(() => look(2, ['b', 'c']));
  expect(one.unsent('r').events).toEqual([
    { number: 2, event: 'b' },
    { number: 3, event: 'c' },
  ]);
  two.sent('r', 2);
  expect(one.unsent('r').events).toEqual([{ number: 3, event: 'c' }]);
});

it('what is older than seven days goes, and no more rows are kept than it may hold', async () => {
  const history = await open();
  history.record(() => look(1, ['old']));
  history.record(() => look(8 * day, ['new']));
  expect(history.checks(10).map(({ at }) => at)).toEqual([8 * day]);
  history.sent('r', 0);
  expect(history.unsent('r').events.map(({ event }) => event)).toEqual(['new']);
  const many = Array.from({ length: 6_000 }, (_, index) => `e${index}`);
  history.record(() => look(8 * day + 1, many));
  expect(history.unsent('r').events).toHaveLength(5_000);
});

it('secrets are taken out before anything is written', async () => {
  const history = await open('production', (text) => text.replaceAll('hunter2', '***'));
  history.record(() => look(1, ['a hunter2'], [alert('hunter2')]));
  history.close();
  const { stdout } = spawnSync('grep', ['-c', 'hunter2', file], { encoding: 'utf8' });
  expect(stdout.trim()).toBe('0');
});

it.each([
  ['is no database', () => writeFileSync(file, 'nonsense, and more than sixteen bytes of it')],
  ['is a directory', () => mkdirSync(file)],
  ['is a link', () => symlinkSync(join(directory, 'elsewhere'), file)],
  [
    'was made by a later version',
    () => {
      const database = new DatabaseSync(file);
      database.exec('PRAGMA user_version = 99');
      database.close();
    },
  ],
])('a file that %s → memory takes its place, and says why', async (_, prepare) => {
  mkdirSync(join(directory, 'state'));
  prepare();
  const history = await open();
  expect(history.problem).toMatch(/\w/);
  history.record(() => look(1, [], [alert('x')]));
  let seen: unknown;
  history.record((before) => {
    seen = before;
    return look(2);
  });
  expect(seen).toEqual({ alerts: [{ id: 'x' }], before: 1 });
});

it('file fails in the middle → the history continues in memory', async () => {
  const history = await open();
  history.record(() => look(1, [], [alert('x')]));
  const other = new DatabaseSync(file);
  other.exec('DROP TABLE looks');
  other.close();
  let seen: unknown;
  history.record((before) => {
    seen = before;
    return look(2);
  });
  expect(seen).toEqual({ alerts: [{ id: 'x' }], before: 1 });
  expect(history.problem).toMatch(/no such table/);
  expect(history.checks(5).map(({ at }) => at)).toEqual([1, 2]);
});

it('another process holds the file for longer than one waits → memory', { timeout: 20_000 }, async () => {
  const history = await open();
  const other = new DatabaseSync(file);
  other.exec('BEGIN EXCLUSIVE');
  history.record(() => look(1));
  expect(history.problem).toMatch(/locked/);
  other.close();
});

it('a failure of what is recorded is none of the file: it is thrown, and nothing is written', async () => {
  const history = await open();
  const fail = () => {
    throw new Error('a bug');
  };
  expect(() => history.record(fail)).toThrow('a bug');
  expect(history.checks(5)).toEqual([]);
  expect(history.problem).toBeUndefined();
});

it('three processes at once → every check is recorded', { timeout: 60_000 }, async () => {
  (await open()).close();
  const module = new URL('../../src/observe/monitor/history.ts', import.meta.url).href;
  const program = `
    const { History } = await import(${JSON.stringify(module)});
    const history = await History.open(${JSON.stringify(file)}, 'production', (text) => text);
    console.log('ready');
    for await (const _ of process.stdin);
    for (let at = 1; at <= 20; at += 1)
      history.record(({ alerts }) => ({ at, level: 'ok', figures: {}, events: ['e'],
        alerts: [{ id: 'n', n: (alerts[0]?.n ?? 0) + 1 }] }));
    if (history.problem !== undefined) throw new Error(history.problem);`;
  const runs = Array.from({ length: 3 }, () =>
    execa(process.execPath, ['--input-type=module', '-e', program], { stdin: 'pipe' }),
  );
  // They begin together.
  await Promise.all(runs.map((run) => once(run.stdout, 'data')));
  for (const run of runs) run.stdin.end();
  const ended = await Promise.all(runs);
  expect(ended.map(({ stderr }) => stderr)).toEqual(['', '', '']);
  const history = await open();
  let counted: unknown;
  history.record(({ alerts }) => {
    counted = alerts;
    return look(99);
  });
  expect(counted).toEqual([{ id: 'n', n: 60 }]);
});
