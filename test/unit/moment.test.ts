import { describe, expect, it } from 'vitest';
import { parseMoment } from '../../src/text/moment.ts';

const now = new Date(2026, 10, 23, 3, 12, 30);
const local = (...parts: readonly [number, number, number?, number?, number?]) => {
  const [month, day, hours = 0, minutes = 0, seconds = 0] = parts;
  return new Date(2026, month - 1, day, hours, minutes, seconds).toISOString();
};
const earlier = (seconds: number) => new Date(now.getTime() - seconds * 1000).toISOString();

describe('a point in time', () => {
  it.each([
    ['40m', earlier(2_400)],
    ['90s', earlier(90)],
    ['2h', earlier(7_200)],
    ['1h30m', earlier(5_400)],
    ['1.5 h', earlier(5_400)],
    ['1 hour ago', earlier(3_600)],
    ['2 hours, 5 min ago', earlier(7_500)],
    ['30 minutes', earlier(1_800)],
    ['3 days ago', earlier(259_200)],
    ['1w', earlier(604_800)],
    ['now', earlier(0)],
    ['today', local(11, 23)],
    ['Yesterday', local(11, 22)],
    ['03:12', local(11, 23, 3, 12)],
    ['03:13', local(11, 22, 3, 13)],
    ['02:00:05', local(11, 23, 2, 0, 5)],
    ['2026-11-20', local(11, 20)],
    ['2026-11-20 08:15', local(11, 20, 8, 15)],
    ['2026-11-20T08:15:30Z', '2026-11-20T08:15:30.000Z'],
    ['2026-11-20T08:15:30.250Z', '2026-11-20T08:15:30.250Z'],
    ['2026-11-20 08:15:30 UTC', '2026-11-20T08:15:30.000Z'],
    ['2026-11-20 08:15:30 +01:00', '2026-11-20T07:15:30.000Z'],
    ['2026-11-20T08:15+0530', '2026-11-20T02:45:00.000Z'],
    ['@1795475520', '2026-11-23T23:12:00.000Z'],
  ])('%s', (text, expected) => {
    expect(parseMoment(text, now)?.toISOString()).toBe(expected);
  });

  it.each([
    '',
    '5',
    '5x',
    'ago',
    '-1h',
    '1 month',
    '25:00',
    '12:60',
    '2026-02-30',
    '2026-13-01',
    '23.11.2026',
    '@',
    'tomorrow',
    `${'9'.repeat(400)}d`,
  ])('%j is none', (text) => {
    expect(parseMoment(text, now)).toBeUndefined();
  });
});
