import { describe, expect, it } from 'vitest';
import { judgeLog } from '../../runbooks/oracle/status/judgeLog.ts';
import { judgeNonce } from '../../runbooks/oracle/status/judgeNonce.ts';
import { pulseOf } from '../../runbooks/oracle/status/pulse.ts';
import type { PairSignal } from '../../src/chain/oracle/readPairSignals.ts';

const now = 1_800_000_000;
const secondsAgo = (seconds: number) => new Date((now - seconds) * 1000);
const signalAt = (at: number) => ({ at }) as PairSignal;
const late = { newest: secondsAgo(600), late: true };
const inTime = { newest: secondsAgo(30), late: false };

describe('the pulse of an oracle', () => {
  it.each([
    [60, false],
    [210, false],
    [211, true],
    [now, true],
  ])('that sent %s s ago, and sends every minute, is late: %s', (age, expected) => {
    const signals = [signalAt(now - age), signalAt(0)];
    expect(pulseOf({ signals, now }, 60)).toEqual({ newest: secondsAgo(age), late: expected });
  });

  it('is not known without a pair', () => {
    expect(pulseOf({ signals: [], now }, 60)).toBeUndefined();
  });
});

describe('the line of the log', () => {
  const error = (seconds: number) => ({ at: secondsAgo(seconds), message: 'ERROR no luck', priority: 6 });
  const judge = (age: number, pulse: typeof late | undefined) =>
    judgeLog([error(age)], { pulse, now: secondsAgo(0), unit: 'tempovault-oracle' });

  it.each([
    ['a warning where signals are late, and the last came before the error', 10, late, 'warning'],
    ['well where a signal has come since', 700, late, 'ok'],
    ['well where signals are in time', 10, inTime, 'ok'],
    ['well where nobody can tell', 10, undefined, 'ok'],
  ] as const)('is %s', (_, age, pulse, level) => {
    expect(judge(age, pulse).level).toBe(level);
  });

  it('says what is wrong', () => {
    expect(judge(10, late)).toMatchObject({
      summary: '1 error in the last 1 line, and no signal since; newest 10 s ago: ERROR no luck',
      next: ['journalctl -u tempovault-oracle -n 50 --no-pager'],
    });
  });
});

describe('the line of the nonce', () => {
  it.each([
    [0, late, 'ok'],
    [1, inTime, 'ok'],
    [1, undefined, 'ok'],
    [1, late, 'warning'],
    [2, inTime, 'warning'],
  ] as const)('with %s waiting and %o is %s', (waiting, pulse, level) => {
    expect(judgeNonce({ latest: 603, pending: 603 + waiting }, pulse).level).toBe(level);
  });

  it('says what is wrong', () => {
    expect(judgeNonce({ latest: 603, pending: 604 }, late)).toEqual({
      level: 'warning',
      summary: 'latest 603, pending 604: a transaction waits, and signals are late',
      next: ['tv oracle recover'],
    });
  });
});
