import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import show from '../../runbooks/db/schedule/show.ts';
import { connectHost } from '../../src/host/connectHost.ts';
import { findTv } from '../../src/host/findTv.ts';
import type { JobState } from '../../src/host/schedule/readSchedule.ts';
import { cronLines, type ScheduledCall, scheduleUnits } from '../../src/host/schedule/scheduleUnits.ts';
import { whoseUnit } from '../../src/host/unitFile.ts';
import { hasFailed, howItEnded } from '../../src/observe/schedule.ts';
import { schedule } from '../../src/observe/sources/schedule.ts';
import { plainPaint } from '../support/paint.ts';

const call: ScheduledCall = {
  environment: 'production',
  lock: '/run/tempovault-db.lock',
  flock: '/usr/bin/flock',
  program: ['/opt/my tv/bin/tv.js'],
  flags: ['-e', 'production', '--set', 'host.prefix=[]'],
  variables: { PATH: '/usr/bin:/opt/50%/bin' },
};

describe('scheduleUnits', () => {
  test('are a service and a timer for each job, quoted as systemd reads them', () => {
    const units = scheduleUnits(call);
    expect(units.map(({ unit }) => unit)).toEqual([
      'tempovault-db-backup.service',
      'tempovault-db-backup.timer',
      'tempovault-db-prune.service',
      'tempovault-db-prune.timer',
      'tempovault-db-vacuum.service',
      'tempovault-db-vacuum.timer',
    ]);
    const [service, timer] = units;
    expect(service?.text).toContain('Environment=PATH=/usr/bin:/opt/50%%/bin\n');
    expect(service?.text).toContain(
      'ExecStart=/usr/bin/flock /run/tempovault-db.lock "/opt/my tv/bin/tv.js" -e production --set "host.prefix=[]" db backup',
    );
    expect(timer?.text).toContain('OnCalendar=*-*-* 02:00:00\n');
    expect(timer?.text).toContain('Persistent=true\n');
  });

  test('are recognised as its own, edited, or foreign', () => {
    for (const { text } of scheduleUnits(call)) {
      expect(whoseUnit('db schedule', text)).toBe('own');
      expect(whoseUnit('db schedule', text.replace('Description=', 'Description=My '))).toBe('edited');
      expect(whoseUnit('db schedule', `${text}\n`)).toBe('edited');
      expect(whoseUnit('db schedule', text.split('\n').slice(1).join('\n'))).toBe('foreign');
    }
    expect(whoseUnit('db schedule', '')).toBe('foreign');
  });

  test('as lines for a crontab, in which a percent sign would end the line', () => {
    const lines = cronLines(call);
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatch(/^0 2 \* \* \* env 'PATH=\/usr\/bin:\/opt\/50\\%\/bin'|^0 2 \* \* \* env PATH=/);
    expect(lines[1]).toMatch(/^0 3 \* \* \* .* db prune --yes$/);
    expect(lines[2]).toMatch(/^0 4 \* \* 0 .*'\/opt\/my tv\/bin\/tv\.js'.* db vacuum/);
    for (const line of lines) expect(line.replaceAll('\\%', '')).not.toContain('%');
  });
});

describe('a scheduled job', () => {
  const now = new Date('2026-11-24T09:00:00Z');
  const job = (name: JobState['name'], more: Partial<JobState> = {}): JobState => ({
    name,
    service: `tempovault-db-${name}.service`,
    timer: `tempovault-db-${name}.timer`,
    enabled: true,
    active: true,
    next: new Date('2026-11-25T02:00:00Z'),
    running: false,
    last: undefined,
    ...more,
  });
  const ran = (result: string, exitCode: number) => ({
    last: {
      startedAt: new Date('2026-11-24T02:00:00Z'),
      endedAt: new Date('2026-11-24T02:05:00Z'),
      result,
      exitCode,
    },
  });

  test('a status screen shows the last backup and the next', () => {
    expect(schedule.describe([job('backup'), job('prune')], now)).toBe('next backup in 17h 0min');
    expect(schedule.describe([job('backup', ran('success', 0))], now)).toBe(
      'last backup succeeded 6h 55min ago, next backup in 17h 0min',
    );
    expect(schedule.describe(undefined, now)).toBeUndefined();
  });

  test('times that are unknown are not "never" and not "now"', () => {
    const timesUnknown = 'systemd reports "Mon 2026-11-23 02:00:00 CET", which tv cannot convert to UTC';
    const last = { ...ran('exit-code', 3).last, startedAt: undefined, endedAt: undefined };
    const failed = job('backup', { last, next: undefined, timesUnknown });
    expect(schedule.describe([failed], now)).toBe(
      `last backup failed: exit code 3, blocked by a check, times unknown: ${timesUnknown}`,
    );
    const shown = show.render({ jobs: [failed] }, plainPaint(200), {});
    expect(shown).toContain(`next  unknown: ${timesUnknown}`);
    expect(shown).toContain('last  time unknown: failed: exit code 3, blocked by a check');
  });

  test('says how it ended', () => {
    expect(howItEnded(job('backup', ran('exit-code', 6)))).toBe(
      'failed: exit code 6, another operator held the lock',
    );
    expect(howItEnded(job('prune', ran('signal', 9)))).toBe('failed: signal');
  });

  test('does not judge a job that is running again', () => {
    const working = job('backup', { ...ran('exit-code', 1), running: true });
    expect(hasFailed(working)).toBe(false);
    expect(howItEnded(working)).toBe('running');
  });
});

describe('the tv that a schedule calls', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tv-find-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const host = connectHost({ prefix: [], timeoutMs: 10_000 });
  const maker = 'db schedule';
  /** A program at this path that answers `--version`. */
  function program(path: string, answer = 'tv 1.2.3'): string {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `#!/bin/sh\necho '${answer}'\n`, { mode: 0o755 });
    return file;
  }

  test.each([
    ['home/.npm/_npx/0a1b/node_modules/.bin/tv', 'npx clears its cache'],
    ['home/.nvm/versions/node/v24.1.0/bin/tv', 'nvm'],
    ['run/fnm_multishells/12_34/bin/tv', 'fnm'],
    ['home/.volta/tools/image/node/24.1.0/bin/tv', 'Volta'],
    ['home/.asdf/installs/nodejs/24.1.0/bin/tv', 'asdf'],
    ['home/.local/share/mise/installs/node/24/bin/tv', 'mise'],
  ])('is not %s', async (path, reason) => {
    const unstable = program(path);
    await expect(findTv(host, { candidates: [[unstable]], maker })).rejects.toThrow(
      expect.objectContaining({
        code: 'unit.no-tv',
        facts: { tried: expect.stringContaining(`will not stay there: ${reason}`) },
      }),
    );
    // Nor a link that leads there.
    const link = join(folder, `link-${reason.replaceAll(' ', '-')}`);
    symlinkSync(unstable, link);
    const stable = program('usr/local/bin/tv');
    expect(await findTv(host, { candidates: [[link], [stable]], maker })).toEqual({
      words: [stable],
      version: '1.2.3',
    });
  });

  test('is no other program, and the refusal names each that was tried', async () => {
    const other = program('usr/bin/tv', 'television 7');
    await expect(findTv(host, { candidates: [[other], ['/nowhere/tv']], maker })).rejects.toThrow(
      expect.objectContaining({
        code: 'unit.no-tv',
        facts: {
          tried: `${other} (does not answer as tv does); /nowhere/tv (does not answer as tv does)`,
        },
      }),
    );
  });
});
