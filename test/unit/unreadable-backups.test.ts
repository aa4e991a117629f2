import { describe, expect, it } from 'vitest';
import backupsReport from '../../runbooks/db/backups.ts';
import type { BackupList } from '../../src/database/backup/listBackups.ts';
import { judge } from '../../src/observe/findings.ts';
import { figuresOf, measure } from '../../src/observe/metrics.ts';
import { backups as source } from '../../src/observe/sources/backups.ts';
import { well, worldNow, worldSettings, worldWith } from '../support/observedWorld.ts';
import { plainPaint } from '../support/paint.ts';

const daysAgo = (days: number) => new Date(worldNow.getTime() - days * 86_400_000).toISOString();
const [backup] = well.backups.backups;
if (backup === undefined) throw new Error('the world has a backup');

/** A verified backup of two days ago, and one of that age that this user may not read. */
const listWith = (unreadable: number): BackupList => ({
  ...well.backups,
  backups: [{ ...backup, createdAt: daysAgo(2) }],
  unreadable: [{ name: 'tempovault_night', changedAt: daysAgo(unreadable) }],
});
const worldOf = (list: BackupList) => worldWith({ backups: () => list });

describe('a backup that this user may not read', () => {
  it.each([
    ['newer than the last verified one', 1, 'unknown'],
    ['older than it', 3, 'warning'],
  ])('%s, of %s days ago → the finding about its age is: %s', (_, age, level) => {
    const world = worldOf(listWith(age));
    const { findings } = judge({ world, settings: worldSettings, now: worldNow });
    const found = findings.find(({ id }) => id === 'backup-old');
    expect(found?.level).toBe(level);
    expect(found?.sentence.includes('may not read tempovault_night')).toBe(level === 'unknown');
  });

  it('no figure counts backups, nor is there an age where it may be newer', () => {
    const figures = figuresOf(measure(worldOf(listWith(1)), worldNow));
    expect(Object.keys(figures).filter((name) => name.startsWith('tempovault_backup'))).toEqual([]);
    const whole = figuresOf(measure(worldOf({ ...listWith(1), unreadable: [] }), worldNow));
    expect(whole).toMatchObject({ tempovault_backups: 1, tempovault_backups_verified: 1 });
  });

  it('tv db backups names it, and exits with 5 where it may be the newest', () => {
    const data = { ...listWith(1), old: [] };
    expect(backupsReport.render(data, plainPaint(100), {} as never)).toContain(
      'Not readable by this user, so unknown: tempovault_night',
    );
    expect(backupsReport.exitCode?.(data)).toBe(5);
    expect(backupsReport.exitCode?.({ ...listWith(3), old: [] })).toBe(0);
    const alone = { ...data, backups: [] };
    expect(backupsReport.render(alone, plainPaint(100), {} as never)).not.toContain('No backups in');
    expect(source.describe(alone, worldNow)).toBe('1 that this user may not read');
  });
});
