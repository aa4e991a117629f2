import { describe, expect, it } from 'vitest';
import dbBackups from '../../runbooks/db/backups.ts';
import { readMarks } from '../../src/database/backup/marks.ts';
import type { SourceReader } from '../../src/observe/sourceReader.ts';
import { backups as backupsSource } from '../../src/observe/sources/backups.ts';
import { breakers as breakersSource } from '../../src/observe/sources/breakers.ts';
import { orders } from '../../src/observe/sources/orders.ts';
import type { ValueOf } from '../../src/observe/world.ts';
import { well, worldNow } from '../support/observedWorld.ts';
import { plainPaint } from '../support/paint.ts';

type Breakers = ValueOf<'breakers'>;
const closed = well.breakers;
const unread = { ...closed, historyUnknown: 'no logs' };
const opened = (value: Breakers) => ({
  ...value,
  breakers: value.breakers.map((one) => ({ ...one, open: true })),
});

/** A reader of a deployment, behind a chain that answers nothing. */
function readerOf(paused: boolean | undefined, breakers: Breakers | string): SourceReader {
  const ctx = {
    chain: () => ({ contracts: {}, client: { request: () => Promise.reject(new Error('not asked')) } }),
    settings: { monitor: { limitMs: 20 }, pairs: {} },
  };
  const answer = async () =>
    typeof breakers === 'string' ? { known: false, reason: breakers } : { known: true, value: breakers };
  return { ctx, read: async () => ({ ...well.protocol, paused }), answer } as unknown as SourceReader;
}

describe('what rests on the DEX while trading is stopped', () => {
  it.each<readonly [string, boolean | undefined, Breakers | string, unknown]>([
    ['not paused, no breaker is open → nothing to look for', false, closed, undefined],
    ['not paused, the breakers could not be read → unknown', false, 'no answer', 'no answer'],
    ['not paused, the history of the breakers could not be read → unknown', false, unread, 'no logs'],
    [
      'no contract returns whether it is paused → unknown',
      undefined,
      closed,
      'no contract returns the paused state',
    ],
  ])('%s', async (_, paused, breakers, reason) => {
    const found = await orders.read(readerOf(paused, breakers));
    expect(found).toEqual(reason === undefined ? undefined : { known: false, reason });
  });
});

describe('the line of the breakers', () => {
  it.each<readonly [string, Breakers, string | undefined]>([
    ['all were read', closed, 'none of 1 open'],
    ['none was ever used', { ...closed, breakers: [] }, 'none was ever used'],
    [
      'none is known, and the history could not be read',
      { ...unread, breakers: [] },
      'none is known; those that only events name unknown: no logs',
    ],
    [
      'those of the settings are closed, and the history could not be read',
      unread,
      'none of 1 open; those that only events name unknown: no logs',
    ],
    ['one is open', opened(closed), '1 of 1 OPEN'],
  ])('%s', (_, value, expected) => {
    expect(breakersSource.describe(value, worldNow)).toBe(expected);
  });
});

it('the line of the backups does not say of marks that cannot be read that none is verified', () => {
  const [newest] = well.backups.backups;
  if (newest === undefined) throw new Error('the world has a backup');
  const unreadable = { ...newest, marks: readMarks('{"verif') };
  const line = (...backups: readonly (typeof newest)[]) =>
    backupsSource.describe({ ...well.backups, backups }, worldNow);
  expect(line(newest)).toBe('1 backup, last verified one 5h 12min ago');
  expect(line(unreadable)).toBe('1 backup, none known to be verified');
  expect(line(unreadable, newest)).toBe('2 backups, last one known to be verified: 5h 12min ago');
});

it('tv db backups says of marks that cannot be read neither "never verified" nor "never copied"', () => {
  const [newest] = well.backups.backups;
  if (newest === undefined) throw new Error('the world has a backup');
  const marks = readMarks('{"verif');
  const data = { ...well.backups, backups: [{ ...newest, marks }], old: [], copiedBy: 'rclone' };
  const text = dbBackups.render(data, plainPaint(400), {});
  expect(text).toContain('its marks cannot be read: whether it was verified is unknown');
  expect(text).not.toMatch(/never (verified|copied)/);
});
