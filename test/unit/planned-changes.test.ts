import { describe, expect, it } from 'vitest';
import { renderChanges } from '../../src/cli/renderChanges.ts';
import { buildPlan } from '../../src/engine/engine.ts';
import { registry } from '../../src/registry.generated.ts';
import type { PlannedChange } from '../../src/runbook/changes.ts';
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

  it('a relay that does not run is said to be stopped before', async () => {
    const { changes } = await planOf('oracle recover', (facts) => ({ ...facts, wasActive: false }));
    expect(lines(changes)).toEqual(['unit tempovault-oracle: stopped → stopped → active']);
  });

  it('in place: .env too, and no copy; a service that is down stays out of a restore', async () => {
    const reindex = await planOf('reindex', (facts) => ({ ...facts, beside: null }));
    expect(lines(reindex.changes)).toEqual([
      'rows events: 1 292 542 → 88 210 → read again from block 12 345 678 on',
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

  it('on the screen: a state that does not change once, and more than 16 counted', () => {
    const change = (what: string, ...course: [string, string, ...string[]]): PlannedChange => ({
      kind: 'unit',
      what,
      course,
    });
    expect(
      renderChanges([change('a', 'stopped', 'stopped', 'active'), change('b', 'x', 'x')], plainPaint(80)),
    ).toBe('Changes\n  unit  a: stopped → active\n  unit  b: x → no change');
    const many = Array.from({ length: 20 }, (_, index) => change(`u${index}`, 'active', 'stopped'));
    const text = renderChanges(many, plainPaint(80));
    expect(text.split('\n')).toHaveLength(18);
    expect(text).toContain('4 more: see --json');
  });
});
