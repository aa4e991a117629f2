import { describe, expect, it } from 'vitest';
import { renderChanges } from '../../src/cli/renderChanges.ts';
import { buildPlan } from '../../src/engine/engine.ts';
import { readMonitorService } from '../../src/host/monitorUnit.ts';
import { readSchedule } from '../../src/host/schedule/readSchedule.ts';
import { scheduleSet } from '../../src/host/schedule/scheduleUnits.ts';
import { plannedFiles } from '../../src/operations/unitFiles.ts';
import { registry } from '../../src/registry.generated.ts';
import type { PlannedChange } from '../../src/runbook/changes.ts';
import type { Host } from '../../src/runbook/context.ts';
import { plainPaint } from '../support/paint.ts';

async function planOf(
  command: string,
  change: (facts: Record<string, unknown>) => unknown = (facts) => facts,
) {
  const runbook = (await registry.find((entry) => entry.command === command)?.load())?.default;
  if (runbook?.kind !== 'runbook') throw new Error(`${command} is no runbook`);
  const facts = change(runbook.example.facts as Record<string, unknown>);
  return buildPlan({ name: command, runbook }, facts as never, runbook.example.input as never, 'production')
    .plan;
}

const lines = (changes: readonly PlannedChange[] | undefined) =>
  (changes ?? []).map(({ kind, what, course }) => `${kind} ${what}: ${course.join(' → ')}`);

describe('what a plan changes in the database and on the host', () => {
  it.each([
    [
      'reindex',
      [
        'database tempovault: present → a copy of it',
        'rows events: 1 292 542 → 88 210 → read again from block 12 345 678 on',
        'unit tempovault-indexer: active → stopped → active',
      ],
    ],
    [
      'db restore',
      [
        'database tempovault: present → as in tempovault_20261123-020000-7f3a',
        'database the present one: tempovault → kept under another name',
        'unit tempovault-api: active → stopped → active',
        'unit tempovault-indexer: active → stopped → active',
        'unit tempovault-oracle: active → stopped → active',
      ],
    ],
    ['service restart', ['unit tempovault-indexer: active → stopped → active']],
    ['db backup', ['file /backup/tempovault_$RUN: none → a backup of about 1.1 GiB at most']],
    ['db pin', ['file marks of tempovault_20261123-020000-7f3a: not pinned → pinned: before the migration']],
    [
      'db unpin',
      ['file marks of tempovault_20261123-020000-7f3a: pinned: before the migration → not pinned'],
    ],
    ['db verify', ['file marks of tempovault_20261123-020000-7f3a: never verified → what this run finds']],
    [
      'db vacuum',
      [
        'rows events: about 1 204 332 dead → freed, except what open transactions may see',
        'rows deposits: about 88 210 dead → freed, except what open transactions may see',
      ],
    ],
    [
      'db schedule install',
      [
        'file /etc/systemd/system/tempovault-db-backup.service: none → written',
        'file /etc/systemd/system/tempovault-db-backup.timer: none → written',
        'file /etc/systemd/system/tempovault-db-prune.service: none → written',
        'file /etc/systemd/system/tempovault-db-prune.timer: none → written',
        'file /etc/systemd/system/tempovault-db-vacuum.service: none → written',
        'file /etc/systemd/system/tempovault-db-vacuum.timer: none → written',
        'unit tempovault-db-backup.timer: not enabled → enabled',
        'unit tempovault-db-prune.timer: not enabled → enabled',
        'unit tempovault-db-vacuum.timer: not enabled → enabled',
      ],
    ],
    [
      'db schedule remove',
      [
        'unit tempovault-db-backup.timer: enabled → removed',
        'unit tempovault-db-prune.timer: enabled → removed',
        'unit tempovault-db-vacuum.timer: enabled → removed',
        'file /etc/systemd/system/tempovault-db-backup.service: present → deleted',
        'file /etc/systemd/system/tempovault-db-backup.timer: present → deleted',
        'file /etc/systemd/system/tempovault-db-prune.service: present → deleted',
        'file /etc/systemd/system/tempovault-db-prune.timer: present → deleted',
        'file /etc/systemd/system/tempovault-db-vacuum.service: present → deleted',
        'file /etc/systemd/system/tempovault-db-vacuum.timer: present → deleted',
      ],
    ],
    [
      'monitor install',
      [
        'file /etc/systemd/system/tempovault-monitor.service: none → written',
        'unit tempovault-monitor.service: not installed → active',
        'unit tempovault-monitor.service at boot: not started → started',
      ],
    ],
    [
      'monitor remove',
      [
        'unit tempovault-monitor.service: active → inactive',
        'unit tempovault-monitor.service at boot: started → not started',
        'file /etc/systemd/system/tempovault-monitor.service: present → deleted',
      ],
    ],
    [
      'scale nginx',
      ['file /etc/nginx/conf.d/tempovault.conf: none → written', 'unit nginx: running → reloaded'],
    ],
    ['service stop', ['unit tempovault-indexer: active → inactive']],
    [
      'emergency shutdown',
      [
        'unit tempovault-oracle: running → stopped',
        'unit tempovault-indexer: running → stopped',
        'unit tempovault-api: running → stopped',
      ],
    ],
    [
      'oracle rotate-key',
      [
        'file ORACLE_PRIVATE_KEY in /home/tempovault/tempovault/.env: the key of 0x9965507D1a55bcC2695C58ba16FB37d819B0A4dc → a new key',
        'unit tempovault-oracle: active → stopped → active',
      ],
    ],
    ['db tune', ['setting shared_buffers: 128MB → 4GB', 'setting work_mem: 4MB → 10485kB']],
  ])('%s', async (command, expected) => {
    expect(lines((await planOf(command)).changes)).toEqual(expected);
  });

  it('a relay that is not active is not said to be stopped before', async () => {
    const { changes } = await planOf('oracle recover', (facts) => ({ ...facts, wasActive: false }));
    expect(lines(changes)).toEqual(['unit tempovault-oracle: not active → stopped → active']);
  });

  it('in place: .env too, and no copy; a service that is down stays out of a restore', async () => {
    const reindex = await planOf('reindex', (facts) => ({ ...facts, beside: null }));
    expect(lines(reindex.changes)).toEqual([
      'rows events: 1 292 542 → 88 210 → read again from block 12 345 678 on',
      'file /backup/tempovault_$RUN: none → a backup of about 1.1 GiB at most',
      'file START_BLOCK in /home/tempovault/tempovault/.env: 0 → 12345677',
      'unit tempovault-indexer: active → stopped → active',
    ]);
    const restore = await planOf('db restore', (facts) => ({
      ...facts,
      services: [{ unit: 'tempovault-api', wasActive: false }],
    }));
    expect(lines(restore.changes).filter((line) => line.startsWith('unit'))).toEqual([]);
  });

  it('rows that have come since leave the plan id as it is', async () => {
    const now = await planOf('reindex');
    const later = await planOf('reindex', (facts) => ({
      ...facts,
      database: {
        ...(facts['database'] as object),
        rows: [{ table: 'events', clear: 1_204_999, keep: 88_210 }],
      },
    }));
    expect(lines(later.changes)).not.toEqual(lines(now.changes));
    expect(later.id).toBe(now.id);
  });

  it('on the screen: a state that does not change once', () => {
    const change = (what: string, ...course: [string, string, ...string[]]): PlannedChange => ({
      kind: 'unit',
      what,
      course,
    });
    expect(
      renderChanges([change('a', 'stopped', 'stopped', 'active'), change('b', 'x', 'x')], plainPaint(80)),
    ).toBe('Changes\n  unit  a: stopped → active\n  unit  b: x → no change');
  });

  it('on the screen: of more than 16 the rest is counted, but for a service, database or setting', () => {
    const change = (kind: PlannedChange['kind'], index: number): PlannedChange => ({
      ...{ kind, what: `${kind}-${index}`, course: ['before', 'after'] },
    });
    const rows = Array.from({ length: 20 }, (_, index) => change('rows', index));
    const others = [change('unit', 1), change('database', 2), change('setting', 3), change('file', 4)];
    const text = renderChanges([...rows, ...others], plainPaint(80));
    expect(text.split('\n')).toHaveLength(18);
    expect(text).toContain('8 more: see --json');
    expect(text).toMatch(/rows-12: [\s\S]*unit-1: [\s\S]*database-2: [\s\S]*setting-3: /);
    expect(text).not.toMatch(/rows-13|file-4/);
    const units = Array.from({ length: 20 }, (_, index) => change('unit', index));
    expect(renderChanges(units, plainPaint(80)).split('\n')).toHaveLength(21);
  });
});

describe('every command with a plan', () => {
  it('shows what its transactions change, or what it changes in the database and on the host', async () => {
    const silent: string[] = [];
    for (const { command, load } of registry) {
      const runbook = (await load()).default;
      if (runbook.kind !== 'runbook') continue;
      const { facts, input } = runbook.example as { facts: never; input: never };
      const sends = runbook.plan(facts, input).some((step) => step.sends !== undefined);
      if (!sends && (runbook.changes?.(facts, input) ?? []).length === 0) silent.push(command);
    }
    // None yet. A command that is added here needs a reason beside it.
    expect(silent).toEqual([]);
  });
});

describe('what was not known before is said to be unknown', () => {
  const first = async (command: string, change: (facts: never) => unknown) =>
    lines((await planOf(command, change as never)).changes);

  it.each<[string, string, (facts: never) => unknown, string]>([
    [
      'the size of the database',
      'db backup',
      ({ sizeBytes: _, ...facts }: { sizeBytes: number }) => facts,
      'a backup of unknown size',
    ],
    [
      'a pin, its marks cannot be read',
      'db pin',
      ({ before: _, ...facts }: { before: null }) => facts,
      'unknown, its marks cannot be read → pinned',
    ],
    [
      'a verification, its marks cannot be read',
      'db verify',
      ({ backups: [{ verified: _, ...backup }], ...facts }: { backups: [{ verified: null }] }) => ({
        ...facts,
        backups: [backup],
      }),
      'unknown, they cannot be read → what this run finds',
    ],
    [
      'dead rows, without statistics',
      'db vacuum',
      (facts: object) => ({
        ...facts,
        tables: [{ schema: 'x', name: 'y', bytes: 1, deadRows: null, lastVacuum: null }],
      }),
      'rows x.y: dead rows unknown → freed',
    ],
    [
      'the state of a unit',
      'service restart',
      (facts: object) => ({ ...facts, state: '' }),
      'unknown → stopped → active',
    ],
    [
      'the state of the monitor',
      'monitor install',
      (facts: object) => ({ ...facts, service: { wasActive: false, wasEnabled: false } }),
      'not active → stopped → active',
    ],
    [
      'the state of the monitor',
      'monitor remove',
      (facts: object) => ({ ...facts, service: { wasActive: false, wasEnabled: false } }),
      'not active → inactive',
    ],
  ] as never)('%s: %s', async (_, command, change, expected) => {
    expect((await first(command, change)).join('\n')).toContain(expected);
  });

  it('a verification by a restore names the scratch database', async () => {
    const { changes } = await planOf('db verify', (facts) => ({ ...facts, restore: {} }));
    expect(lines(changes)).toContain('database a scratch database: none → restored → dropped');
  });

  it('vacuum: the sum leaves out what is unknown, and says so', async () => {
    const table = { schema: 'public', bytes: 1, lastVacuum: null };
    const consequence = async (...deadRows: (number | null)[]) =>
      (
        await planOf('db vacuum', (facts) => ({
          ...facts,
          tables: deadRows.map((dead, at) => ({ ...table, name: `t${at}`, deadRows: dead })),
        }))
      ).consequence;
    expect(await consequence(5, 7)).toContain('with 12 dead rows.');
    expect(await consequence(5, null)).toContain('with 5 dead rows, and an unknown number in 1 table more.');
    expect(await consequence(null)).toContain('with an unknown number of dead rows.');
  });
});

describe('a unit that is restarted', () => {
  it.each([
    ['active', 'active → stopped → active'],
    ['activating', 'activating → stopped → active'],
    ['inactive', 'inactive → active'],
    ['failed', 'failed → active'],
  ])('%s: %s', async (state, course) => {
    const { changes } = await planOf('service restart', (facts) => ({ ...facts, state, mainPid: 0 }));
    expect(lines(changes)).toEqual([`unit tempovault-indexer: ${course}`]);
  });
});

it('unit files: none before, another text, and the same', () => {
  const file = { unit: 'a.service', path: '/etc/systemd/system/a.service', text: 'new' };
  const of = (before: string | null) => lines(plannedFiles([{ ...file, before }]))[0]?.replace(/^.*: /, '');
  expect([null, 'old', 'new'].map(of)).toEqual([
    'none → written',
    'another text → replaced',
    'as it should be → as it should be',
  ]);
});

it('an upstream that is in use already changes nothing', async () => {
  expect((await planOf('scale nginx', (facts) => ({ ...facts, inUse: true }))).changes).toBeUndefined();
});

describe('systemctl answers, and leaves out the state of a unit', () => {
  const saying = (text: string) =>
    ({ run: async () => ({ exitCode: 0, stdout: text, stderr: '' }) }) as unknown as Host;
  const blocks = (of: (unit: string) => string) => scheduleSet.units.map(of).join('\n');

  it('timers: unknown, not "not enabled"', async () => {
    const garbage = saying(blocks(() => 'a=b\n'));
    await expect(readSchedule(garbage)).rejects.toMatchObject({ code: 'host.systemd-silent' });
    const none = saying(blocks((unit) => `Id=${unit}\nLoadState=not-found\n`));
    expect(await readSchedule(none)).toBeUndefined();
  });

  it('the monitor: unknown, not stopped', async () => {
    for (const text of ['a=b\n', 'LoadState=loaded\n'])
      await expect(readMonitorService(saying(text))).rejects.toMatchObject({ code: 'host.systemd-silent' });
  });
});
