import { describe, expect, it } from 'vitest';
import { known, unknown } from '../../src/errors/answer.ts';
import { parseExecStart } from '../../src/host/readArguments.ts';
import { relayOf } from '../../src/host/readRelay.ts';

const pair = `0x${'Ab'.repeat(32)}`;
const other = `0x${'cd'.repeat(32)}`;
const a = '0x20c0000000000000000000000000000000000001';
const b = '0x20C0000000000000000000000000000000000000';
const key = `0x${'11'.repeat(32)}`;

const read = (words: readonly string[], envIntervalSeconds: number | null = null) =>
  relayOf(known({ words, from: 'process 7' }), { envIntervalSeconds, isKey: (word) => word === key });
const ids = (relay: ReturnType<typeof relayOf>) => relay.pairs.known && relay.pairs.value.map(({ id }) => id);

describe('the command line of the relay', () => {
  it.each([
    ['pair, tokens and interval', [pair, a, b, '30'], [pair.toLowerCase()], 30],
    ['no interval: its default of 60 s', [pair, a, b], [pair.toLowerCase()], 60],
    [
      'options',
      [`--pair-id=${pair}`, '--token-a', a, '--token-b', b, '--interval', '9'],
      [pair.toLowerCase()],
      9,
    ],
    ['several pairs', [pair, a, b, other, a, b, '5'], [pair.toLowerCase(), other], 5],
    ['a pair without its tokens', [pair, '30'], [], 30],
    ['the private key in front', [key, a, b, '30'], [], 30],
    ['nothing', [], [], 60],
  ] as const)('%s', (_, words, expected, seconds) => {
    const relay = read(words);
    expect([ids(relay), relay.intervalSeconds, relay.from]).toEqual([expected, seconds, 'process 7']);
  });

  it.each([
    ['outranks .env', [pair, a, b, '30'], 5, 30],
    ['without an interval is at least its own default', [pair, a, b], 5, 60],
    ['without a pair leaves .env to say', ['--verbose'], 5, 5],
  ] as const)('%s', (_, words, env, seconds) => {
    expect(read(words, env).intervalSeconds).toBe(seconds);
  });

  it('unread is unknown, not empty', () => {
    const relay = relayOf(unknown('systemd does not answer on the host'), {
      envIntervalSeconds: 5,
      isKey: () => false,
    });
    expect(relay).toEqual({
      pairs: { known: false, reason: 'systemd does not answer on the host' },
      intervalSeconds: 5,
      from: '.env',
    });
    const nowhere = relayOf(known(undefined), { envIntervalSeconds: null, isKey: () => false });
    expect([nowhere.pairs.known, nowhere.intervalSeconds]).toEqual([false, 60]);
  });

  it.each([
    [
      `{ path=/usr/bin/python3 ; argv[]=/usr/bin/python3 /opt/oracle_relay.py ${pair} ${a} ${b} 60 ; ignore_errors=no ; start_time=[n/a] ; pid=0 }`,
      ['/usr/bin/python3', '/opt/oracle_relay.py', pair, a, b, '60'],
    ],
    ['', []],
  ])('of a unit: %s', (shown, words) => {
    expect(parseExecStart(shown)).toEqual(words);
  });
});
