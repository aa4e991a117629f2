import { describe, expect, it } from 'vitest';
import { judgeCauses, judgeOldKey, type OldKeyEvidence } from '../../runbooks/oracle/rotate-key.preflight.ts';
import { type Diagnosis, judgeNonces, type NonceEvidence } from '../../src/chain/oracle/diagnose.ts';
import type { Activity } from '../../src/chain/oracle/readActivity.ts';
import type { PairSignal } from '../../src/chain/oracle/readPairSignals.ts';
import type { AcceptedSignal } from '../../src/chain/oracle/readSignals.ts';
import type { Payer } from '../../src/chain/transactions/readFunds.ts';
import type { PendingTransaction } from '../../src/chain/transactions/readPool.ts';
import { known, unknown } from '../../src/errors/answer.ts';
import { errorsIn } from '../../src/host/readRelayError.ts';
import { causes, fees, nonces } from '../../src/observe/oracle/account.ts';
import { judgeLog, relayService } from '../../src/observe/oracle/relay.ts';
import { readFreshness } from '../../src/observe/oracle/signalFreshness.ts';
import { judgeSignals } from '../../src/observe/oracle/signals.ts';
import { judgeRestart } from '../../src/operations/oracle/checkRelayCauses.ts';
import type { Context, Host } from '../../src/runbook/context.ts';

const now = 1_800_000_000;
const secondsAgo = (seconds: number) => new Date((now - seconds) * 1000);
const signalAt = (at: number) => ({ at }) as PairSignal;
const late = { newest: secondsAgo(600), late: true };
const inTime = { newest: secondsAgo(30), late: false };
const own = (age: number) => known({ newest: { at: now - age } as AcceptedSignal });
const noLogs = unknown('the RPC node serves no logs');

describe('the freshness of an oracle', () => {
  it.each([
    [60, false],
    [210, false],
    [211, true],
    [now, true],
  ])('that sent %s s ago, and sends every minute, is late: %s', (age, expected) => {
    const signals = [signalAt(now - age), signalAt(0)];
    expect(readFreshness({ signals, now }, noLogs, 60)).toEqual({ newest: secondsAgo(age), late: expected });
  });

  it('is that of its own signals where they are known, whoever else sends', () => {
    const signals = [signalAt(now - 5)];
    expect(readFreshness({ signals, now }, own(300), 60)).toEqual({ newest: secondsAgo(300), late: true });
  });

  it('without a signal of its own in the blocks that were read, that of the newest of any sender', () => {
    const none = known({ newest: undefined });
    const signals = [signalAt(now - 3_600), signalAt(0)];
    expect(readFreshness({ signals, now }, none, 60)).toEqual({ newest: secondsAgo(3_600), late: true });
    expect(readFreshness({ signals: [], now }, none, 60)).toBeUndefined();
  });

  it('is unknown without a pair and without logs', () => {
    expect(readFreshness({ signals: [], now }, noLogs, 60)).toBeUndefined();
  });
});

describe('the line of the log', () => {
  const error = (seconds: number) => ({ at: secondsAgo(seconds), message: 'ERROR no luck', priority: 6 });
  const judge = (age: number, freshness: typeof late | undefined) =>
    judgeLog([error(age)], { freshness, now: secondsAgo(0), unit: 'tempovault-oracle' });

  it.each([
    ['a warning where signals are late, and the last came before the error', 10, late, 'warning'],
    ['well where a signal has come since', 700, late, 'ok'],
    ['well where signals are in time', 10, inTime, 'ok'],
    ['well where it is unknown whether signals come', 10, undefined, 'ok'],
  ] as const)('is %s', (_, age, freshness, level) => {
    expect(judge(age, freshness).level).toBe(level);
  });

  it('says what is wrong', () => {
    expect(judge(10, late)).toMatchObject({
      summary: '1 error in the last 1 line, and no signal since; newest 10 s ago: ERROR no luck',
      next: [{ shell: 'journalctl -u tempovault-oracle -n 50 --no-pager', on: 'host' }],
    });
  });
});

const entry = (line: string, age = 10) => ({ at: secondsAgo(age), message: line, priority: 6 });

describe("the relay's own errors", () => {
  const traceback = [
    'Traceback (most recent call last):',
    '  File "/opt/oracle_relay.py", line 187, in relay_loop',
    '    submit_oracle_signal(pair_id, signal, signature)',
    "ValueError: {'code': -32003, 'message': 'replacement transaction underpriced'}",
  ];
  const message = traceback[3];

  it.each([
    ['of a traceback only the last line', traceback.map((line) => entry(line)), [message]],
    ['the same in one entry', [entry(traceback.join('\n'))], [message]],
    [
      'of two chained tracebacks, which are one failure, the last message',
      [
        ...traceback,
        '',
        'During handling of the above exception, another exception occurred:',
        '',
        ...traceback.slice(0, 3),
        'RuntimeError: no signal',
      ].map((line) => entry(line)),
      ['RuntimeError: no signal'],
    ],
    ['a line with its level', [entry('2026-11-28 ERROR no luck')], ['2026-11-28 ERROR no luck']],
    ['nothing of a traceback that is cut off', traceback.slice(0, 3).map((line) => entry(line)), []],
    ['nothing of ordinary lines', [entry('Sleeping for 60 seconds...')], []],
  ] as const)('%s', (_, entries, expected) => {
    expect(errorsIn(entries).map(({ message: words }) => words)).toEqual(expected);
  });
});

const pooled = (nonce: number) => ({ nonce }) as PendingTransaction;

describe('a pending transaction of the key', () => {
  const collides = { at: secondsAgo(5), message: 'ValueError: replacement transaction underpriced' };
  const base: NonceEvidence = {
    nonce: { latest: 603, pending: 604 },
    pool: undefined,
    activity: own(10),
    now,
    intervalSeconds: 60,
  };
  it.each<[string, Partial<NonceEvidence>, string | undefined]>([
    ['none', { nonce: { latest: 603, pending: 603 }, activity: own(600) }, undefined],
    ['one that was just sent', { activity: own(62) }, 'pending'],
    ['one a moment longer than an interval and the sending take', { activity: own(76) }, 'stuck'],
    ['one, within one interval of its sending', { activity: own(60 + 60) }, 'stuck'],
    ['one, and no signal of the key at all', { activity: known({ newest: undefined }) }, 'stuck'],
    ['one, without logs, and every pair old', { activity: noLogs, signalAt: now - 100 }, 'stuck'],
    ['one, without logs, and a pair new', { activity: noLogs, signalAt: now - 10 }, 'pending'],
    ['one, with nothing known', { activity: noLogs }, 'pending'],
    ['one that the relay collides with', { lastError: collides }, 'stuck'],
    [
      'one that it collided with before its last signal',
      { lastError: { ...collides, at: secondsAgo(20) } },
      'pending',
    ],
    [
      'one that the node does not show, and the relay collides with',
      { nonce: { latest: 603, pending: 603 }, lastError: collides },
      'stuck',
    ],
    [
      'a nonce that the node calls too low',
      { lastError: { at: secondsAgo(5), message: "ValueError: {'message': 'nonce too low'}" } },
      'stuck',
    ],
    ['behind a gap', { nonce: { latest: 603, pending: 603 }, pool: [pooled(605)] }, 'stuck'],
    [
      'in the pool, and not in the pending count',
      { nonce: { latest: 603, pending: 603 }, pool: [pooled(603)], activity: own(600) },
      'stuck',
    ],
  ])('%s: %o', (_, evidence, expected) => {
    expect(judgeNonces({ ...base, ...evidence })?.id).toBe(expected);
  });

  it('while the interval of the relay is unknown → pending, not stuck', () => {
    expect(judgeNonces({ ...base, activity: own(600), intervalSeconds: null })).toEqual({
      id: 'pending',
      summary:
        '1 transaction is pending, from nonce 603 on; the last signal is 10 min old; whether one is due is unknown, as is the interval of the relay',
      next: [{ tv: ['oracle', 'status'] }],
    });
  });

  it('that is stuck names the command that replaces it', () => {
    expect(judgeNonces({ ...base, activity: own(600) })).toEqual({
      id: 'stuck',
      summary: '1 transaction is pending, from nonce 603 on; the last signal is 10 min old: stuck',
      next: [{ tv: ['oracle', 'unstick'] }],
    });
  });
});

const trouble = (id: Diagnosis['troubles'][number]['id']) => ({
  id,
  summary: `is ${id}`,
  next: [`mend ${id}`],
});

describe('the relay, while the processes of other users are hidden', () => {
  const look = (activeState: string) => {
    const run: Host['run'] = async ([program]) => ({
      ...{ exitCode: 0, stderr: '' },
      stdout:
        program === 'ps'
          ? ' 7 9 Ss ops -bash\n 9 0 R ops ps -ww -eo pid=,etimes=,stat=,user:64=,args=\n'
          : `Id=tempovault-oracle.service\nLoadState=loaded\nActiveState=${activeState}\nSubState=${activeState}\n`,
    });
    const host = {
      units: { oracle: 'tempovault-oracle' },
      programs: { oracle: 'oracle_relay' },
    };
    const ctx = { settings: { host }, host: () => ({ prefix: [], run }) };
    return relayService(ctx as unknown as Context);
  };

  it('its unit is active → unknown, not "0 processes"', async () => {
    expect(await look('active')).toMatchObject({
      level: 'unknown',
      summary: expect.stringContaining(
        'its processes are unknown: The processes of the host cannot be listed',
      ),
    });
  });

  it('its unit has failed → that is known', async () => {
    expect(await look('failed')).toMatchObject({
      ...{ level: 'critical', next: [{ tv: ['oracle', 'recover'] }] },
      summary: expect.stringContaining('tempovault-oracle failed; its processes are unknown'),
    });
  });
});

describe('before a restart', () => {
  it.each([
    [[], [], 'pass'],
    [['pending'], [], 'warn'],
    [['clock'], [], 'block'],
    [['stuck'], [], 'block'],
    [['no-fees'], [], 'block'],
    [['paused'], [], 'block'],
    [['not-authorised'], [], 'block'],
    // What could not be read is no reason against a restart, and is not called well either.
    [[], ['paused'], 'warn'],
  ] as const)('%o, unknown %o: %s', (ids, unread, expected) => {
    const unknown = unread.map((id) => ({ id, summary: id }));
    expect(judgeRestart({ troubles: ids.map(trouble), unknown }).status).toBe(expected);
  });

  it("quotes the relay's own words", () => {
    const lastError = { at: secondsAgo(5), message: 'ValueError: replacement transaction underpriced' };
    expect(judgeRestart({ troubles: [trouble('stuck')], unknown: [] }, lastError)).toMatchObject({
      summary: 'a restart cannot help: is stuck',
      facts: { 'last error of the relay': lastError.message },
      next: ['mend stuck'],
    });
  });
});

describe('before a rotation', () => {
  const evidence: OldKeyEvidence = {
    oldAddress: '0x9965507D1a55bcC2695C58ba16FB37d819B0A4dc',
    authorised: true,
    pairs: 1,
    activity: known({ newest: { at: now - 20 }, fromBlock: 100 } as Activity),
    now,
    intervalSeconds: 60,
    limitMs: 210_000,
    lastError: undefined,
    compromised: false,
  };
  const silent = known({ newest: undefined, fromBlock: 100 } as unknown as Activity);
  const receipts = (at: number | undefined) =>
    known(at === undefined ? undefined : ({ at } as AcceptedSignal));
  const old = known({ newest: { at: now - 211 }, fromBlock: 100 } as Activity);

  it.each<[string, Partial<OldKeyEvidence>, string, boolean]>([
    ['works', {}, 'pass', true],
    ['has not signed lately', { activity: old }, 'block', false],
    ['has never signed', { activity: silent }, 'block', false],
    ['has not signed, and is not authorised', { activity: silent, authorised: false }, 'warn', false],
    ['has signed, and is not authorised any more', { authorised: false }, 'warn', false],
    ['has not signed, and is compromised', { activity: old, compromised: true }, 'warn', false],
    ['signs for no pair that is known', { pairs: 0 }, 'block', false],
    ['cannot be seen to sign', { activity: noLogs }, 'block', false],
    ['cannot be seen to sign, and is compromised', { activity: noLogs, compromised: true }, 'warn', false],
    ['has a recent signal in its receipts', { activity: noLogs, own: receipts(now - 20) }, 'pass', true],
    ['has an old signal in its receipts', { activity: noLogs, own: receipts(now - 211) }, 'block', false],
    ['has no signal in its receipts', { activity: noLogs, own: receipts(undefined) }, 'block', false],
    ['cannot be read by its receipts either', { activity: noLogs, own: noLogs }, 'block', false],
  ])('the old key %s: %s', (_, change, status, worked) => {
    const found = judgeOldKey({ ...evidence, ...change });
    expect([found.status, found.value?.worked ?? false]).toEqual([status, worked]);
  });

  it('the old key has an old signal, and the interval is unknown → whether it works is unknown', () => {
    expect(judgeOldKey({ ...evidence, activity: old, intervalSeconds: null })).toMatchObject({
      ...{ status: 'block', override: 'old-key-not-working' },
      summary: expect.stringContaining('works is unknown, as is the interval of the relay'),
    });
  });

  it.each([
    [['clock'], false, 'block', undefined],
    [['clock'], true, 'block', 'clock'],
    [['stuck'], false, 'block', undefined],
    [['stuck'], true, 'pass', undefined],
    [['no-fees'], false, 'warn', undefined],
    [['paused', 'not-authorised'], false, 'pass', undefined],
  ] as const)('%o, compromised %s: %s', (ids, compromised, status, override) => {
    const found = judgeCauses({ troubles: ids.map(trouble), unknown: [] }, { compromised });
    expect([found.status, found.override]).toEqual([status, override]);
  });

  it('an unread clock is not in agreement', () => {
    const found = judgeCauses(
      { troubles: [], unknown: [{ id: 'clock', summary: "the clock of the relay's host" }] },
      { compromised: false },
    );
    expect(found).toMatchObject({ status: 'warn', summary: "unknown: the clock of the relay's host" });
  });
});

describe('the lines of tv oracle status', () => {
  const payer: Payer = {
    network: 'tempo',
    feeToken: '0x20c0000000000000000000000000000000000002',
    symbol: 'BetaUSD',
    decimals: 6,
    balance: 0n,
    by: 'receipts',
  };
  const activity = known({ newest: { at: now - 5 }, fromBlock: 9, pairs: [] } as unknown as Activity);
  const diagnosis: Diagnosis = {
    troubles: [],
    unknown: [],
    nonce: known({ latest: 7, pending: 7 }),
    activity,
    payer: known(payer),
  };

  it('fees: names the token that really pays', () => {
    expect(fees(diagnosis)).toMatchObject({
      level: 'critical',
      summary: '0 BetaUSD (paid its last signal): too little for one signal',
      next: [{ tv: ['oracle', 'fund'] }],
    });
    expect(fees({ ...diagnosis, payer: unknown('no answer') }).level).toBe('unknown');
  });

  it('nonce: stuck is critical, unread is unknown', () => {
    expect(nonces(diagnosis).level).toBe('ok');
    expect(nonces({ ...diagnosis, troubles: [trouble('stuck')] })).toMatchObject({
      level: 'critical',
      next: ['mend stuck'],
    });
    expect(nonces({ ...diagnosis, nonce: unknown('no answer') }).level).toBe('unknown');
  });

  it('causes: an unread pause or clock is not well', () => {
    expect(causes(diagnosis).level).toBe('ok');
    expect(causes({ troubles: [], unknown: [{ id: 'paused', summary: 'paused state unknown' }] }).level).toBe(
      'unknown',
    );
  });

  const healthy = { health: 'healthy', from: 'events' } as PairSignal & { from: string };
  const world = {
    signals: known({ stalenessSeconds: 90 }),
    expected: [healthy],
    activity,
    relayPairs: known([]),
    diagnosis,
  };
  const others = known({ newest: undefined, fromBlock: 9, pairs: [] } as unknown as Activity);
  it.each([
    ['healthy, and sent by the key', {}, 'ok', /^1 pair, all healthy; stale after 1 min 30 s$/],
    [
      'healthy, and sent by another address',
      { activity: others },
      'warning',
      /none since block 9 was sent by the key in .env/,
    ],
    [
      'healthy, sender unknown',
      { activity: noLogs },
      'unknown',
      /who sends them is unknown \(the RPC node serves no logs\)/,
    ],
    ['unread', { signals: unknown('no answer') }, 'unknown', /^the last signals are unknown: no answer$/],
    [
      'no pair known, and why from each source',
      { expected: [], activity: noLogs, relayPairs: unknown('systemd does not answer on the host') },
      'unknown',
      /settings name none; relay: systemd does not answer on the host; events: the RPC node serves no logs/,
    ],
  ] as const)('signals: %s', (_, change, level, words) => {
    const reading = judgeSignals({ ...world, ...change });
    expect(reading.level).toBe(level);
    expect(reading.summary).toMatch(words);
  });
});
