import { describe, expect, it } from 'vitest';
import { checkServices } from '../../runbooks/db/restore.preflight.ts';
import restore from '../../runbooks/db/restore.ts';
import { UnavailableError } from '../../src/errors/TvError.ts';
import { describeBlockers } from '../../src/operations/swapObstacles.ts';
import type { Context } from '../../src/runbook/context.ts';
import type { StepContext } from '../../src/runbook/define.ts';
import { DrivenClock } from '../support/fakes.ts';

const names = { api: 'tv-api', indexer: 'tv-indexer', oracle: 'tv-oracle' };
const now = Date.parse('2026-11-28T12:00:00Z');

interface Look {
  readonly active?: string;
  readonly sub?: string;
  readonly restarts?: number;
  /** Seconds since it came into its state. */
  readonly age?: number;
}

/** A host of which only `systemctl show` can be asked; the oracle differs from one check to the next. */
function world(...looks: readonly Look[]): Context & { readonly asked: () => number } {
  let asked = 0;
  const clock = new DrivenClock(now);
  const shown = (unit: string, { active = 'active', sub = 'running', restarts = 0, age = 3600 }: Look) => {
    const at = `${new Date(now - age * 1000).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
    const times = ['ActiveEnter', 'ActiveExit', 'InactiveEnter', 'InactiveExit'];
    return [
      ...[`Id=${unit}.service`, 'LoadState=loaded', `ActiveState=${active}`, `SubState=${sub}`],
      ...['Result=success', 'MainPID=1', `NRestarts=${restarts}`, 'MemoryCurrent=[not set]'],
      ...times.map((time) => `${time}Timestamp=Sat ${at}`),
    ].join('\n');
  };
  const run = async (command: readonly string[]) => {
    if (command[0] !== 'systemctl' || command[1] !== 'show')
      throw new Error(`unforeseen: ${command.join(' ')}`);
    const oracle = looks[Math.min(asked, looks.length - 1)] ?? {};
    asked += 1;
    const stdout = [shown('tv-api', {}), shown('tv-indexer', {}), shown('tv-oracle', oracle)].join('\n\n');
    return { exitCode: 0, stdout: `${stdout}\n`, stderr: '' };
  };
  const context = {
    clock,
    signal: new AbortController().signal,
    settings: { host: { units: names } },
    host: () => ({ prefix: [], run }),
  };
  return { ...(context as unknown as Context), asked: () => asked };
}

describe('checkServices: which services have to run after a restore', () => {
  it.each<[string, readonly Look[], boolean, boolean | undefined, string, number]>([
    ['active for long', [{}], true, undefined, 'pass', 1],
    ['stopped', [{ active: 'inactive', sub: 'dead' }], false, undefined, 'warn', 1],
    ['failed', [{ active: 'failed', sub: 'failed' }], false, undefined, 'warn', 1],
    ['restarted once, days ago', [{ restarts: 1 }], true, undefined, 'pass', 1],
    ['starting, and up then', [{ active: 'activating', sub: 'start' }, {}], true, undefined, 'pass', 2],
    [
      'waiting to be restarted, both times',
      [
        { active: 'activating', sub: 'auto-restart', restarts: 4 },
        { active: 'activating', sub: 'auto-restart', restarts: 4 },
      ],
      ...([false, true, 'warn', 2] as const),
    ],
    [
      'caught active, restarted in between',
      [
        { restarts: 7, age: 0 },
        { restarts: 9, age: 0 },
      ],
      ...([false, true, 'warn', 2] as const),
    ],
    [
      'restarted often, and up for some seconds only',
      [
        { restarts: 12, age: 8 },
        { restarts: 12, age: 10 },
      ],
      ...([false, true, 'warn', 2] as const),
    ],
    [
      'restarted once just now, and up since',
      [
        { restarts: 1, age: 5 },
        { restarts: 1, age: 7 },
      ],
      ...([true, undefined, 'pass', 2] as const),
    ],
    [
      'gives up between the two checks',
      [
        { active: 'activating', sub: 'auto-restart', restarts: 4 },
        { active: 'failed', sub: 'failed', restarts: 5 },
      ],
      ...([false, true, 'warn', 2] as const),
    ],
  ])('%s', async (_, looks, wasActive, crashes, status, asked) => {
    const ctx = world(...looks);
    const verdict = await checkServices(ctx, { lost: false, inPlace: false });
    expect(verdict.status).toBe(status);
    expect((verdict as { value?: unknown }).value).toEqual([
      { unit: 'tv-api', wasActive: true },
      { unit: 'tv-indexer', wasActive: true },
      { unit: 'tv-oracle', wasActive, ...(crashes === undefined ? {} : { crashes }) },
    ]);
    expect(ctx.asked()).toBe(asked);
    if (crashes === true)
      expect(verdict.summary).toContain('tv-oracle: crashes and is restarted again and again');
  });

  it('one that an unfinished restore has stopped is meant to run', async () => {
    const ctx = world({ active: 'inactive', sub: 'dead' });
    const stoppedEarlier = ['tv-oracle'];
    const verdict = await checkServices(ctx, { lost: true, inPlace: false, stoppedEarlier });
    expect(verdict.summary).toBe('tv-oracle: stopped by a restore that was not finished; started afterwards');
    expect((verdict as { value?: unknown }).value).toContainEqual({ unit: 'tv-oracle', wasActive: true });
  });

  it('for want of the database all are meant to run, crashing or not', async () => {
    const ctx = world({ active: 'activating', sub: 'auto-restart', restarts: 4 });
    const verdict = await checkServices(ctx, { lost: true, inPlace: false });
    expect((verdict as { value?: unknown }).value).toContainEqual({ unit: 'tv-oracle', wasActive: true });
  });
});

describe('describeBlockers', () => {
  const none = { slots: [], prepared: [], workers: [], subscriptions: [] };
  it.each([
    ['nothing', none, {}, []],
    [
      'a slot that is read',
      { ...none, slots: [{ name: 'cdc', plugin: 'pgoutput', active: true }] },
      { 'slot cdc': 'logical, pgoutput, being read now' },
      [
        'stop the program that reads the slot cdc',
        `sudo -u postgres psql -d postgres -c "SELECT pg_drop_replication_slot('cdc')"`,
      ],
    ],
    [
      'a prepared transaction with an odd name',
      { ...none, prepared: [`a'b"$x`] },
      { [`prepared transaction a'b"$x`]: 'neither committed nor rolled back' },
      [`sudo -u postgres psql -d vault -c "ROLLBACK PREPARED 'a''b\\"\\$x'"`],
    ],
    [
      'a background worker',
      { ...none, workers: [{ pid: 7, type: 'pg_cron scheduler', application: '' }] },
      { 'pid 7': 'pg_cron scheduler' },
      ['stop the pg_cron scheduler of vault (pid 7)'],
    ],
    [
      'a subscription',
      { ...none, subscriptions: ['upstream'] },
      { 'subscription upstream': 'receives from another server' },
      ['sudo -u postgres psql -d vault -c "ALTER SUBSCRIPTION \\"upstream\\" DISABLE"'],
    ],
  ])('%s', (_, blockers, facts, next) => {
    expect(describeBlockers(blockers, 'vault')).toEqual({ facts, next });
  });
});

describe('the swap of a restore', () => {
  it('that had not begun: known without the database, so that the services start again without it', async () => {
    const swap = restore.plan(restore.example.facts, restore.example.input).find(({ id }) => id === 'swap');
    const database = () => {
      throw new UnavailableError('db.unreachable', 'PostgreSQL refuses the connection.');
    };
    const settings = { database: { adminUrl: undefined } };
    const asked = (notes: object) =>
      swap?.probe?.({ notes, database, settings, runId: '20261123-031200-abcd' } as unknown as StepContext);
    expect(await asked({})).toBe('not-done');
    await expect(asked({ renaming: true })).rejects.toBeInstanceOf(UnavailableError);
  });
});
