import { describe, expect, it } from 'vitest';
import { claims, wellClaim } from '../../scripts/liars/commands.ts';
import { type Judgement, judge, type Undetectable } from '../../scripts/liars/judge.ts';
import type { Truth } from '../../scripts/liars/truth.ts';

const truth: Truth = {
  ...{ paused: false, open: ['AlphaUSD-pathUSD'], oracleHolds: true, holders: 1, missingRows: 62 },
  active: { api: true, indexer: true, oracle: false },
  processes: { indexer: 2, oracle: 0 },
  ...{ signalAge: 400, lag: 3, backupsSound: true },
};

function judged(text: string, excuses: readonly Undetectable[] = [], exitCode = 0): Judgement {
  const about = {
    truth,
    claims: [...claims, wellClaim('ill', false)],
    lie: 'a lie',
    command: 'breaker status',
  };
  return judge({ exitCode, text }, { ...about, excuses });
}

describe('a false screen', () => {
  it.each([
    ['rows', '✔ 6 020 events of blocks 28 to 2 508: the same on the chain and\n  in the database'],
    [
      'rows',
      '✖ blocks 1 to 9: 0 events match, 6 011 are missing in the database, 1 000 are\n  not on the chain',
    ],
    ['breakers', 'Circuit breakers · liars · none open'],
    ['breakers', '  ✔ AlphaUSD-pathUSD   closed, reset 11 min ago'],
    ['breakers', '  ! breakers   BetaUSD-pathUSD: open already, nothing to do'],
    ['pause', '  ✖ The protocol is paused'],
    ['role', '  ✖ key 0x9965…A4dc is NOT authorised'],
    ['signals', '  ✔ signals  3 pairs, all healthy; stale after 5 min'],
    ['signals', '3 pairs; but none since block 2 860 was sent by the key in .env'],
    ['services', '  ✔ oracle   active 51 s  121'],
    ['services', '  ✔ services  tempovault-oracle, tempovault-indexer: running'],
    ['processes', '  ✔ exactly one oracle relay'],
    ['processes', '  ✔ processes  no process of the indexer outside tempovault-indexer'],
    ['contracts', '  ✖ No contract at the address of governanceRoles'],
    ['disk', '  ✖ The disk of /var/lib is full'],
    ['well', 'TempoVault · liars · chain 31337 · ok'],
  ])('%s: %s', (id, text) => {
    const { verdict, untrue } = judged(text);
    expect([verdict, untrue.map((one) => one.id)]).toEqual(['UNTRUE', [id]]);
  });

  it('every claim of a screen is judged, not only the first', () => {
    expect(judged('BetaUSD-pathUSD closed, ThetaUSD-AlphaUSD closed').verdict).toBe('true');
    expect(judged('BetaUSD-pathUSD closed, AlphaUSD-pathUSD closed').verdict).toBe('UNTRUE');
  });

  it('a failure of tv itself', () => {
    expect(judged('✖ This is a bug in tv', [], 70).verdict).toBe('UNTRUE');
  });
});

describe('a true screen', () => {
  it.each([
    '✖ blocks 29 to 2 534: 5 956 events match, 62 are missing in the database, 0 are not on the chain',
    '  ✖ AlphaUSD-pathUSD   open, tripped 1 min ago',
    '  ! breakers  AlphaUSD-pathUSD: perhaps open\n    in that block: AlphaUSD-pathUSD closed',
    '  ! every unit that is installed runs, and starts at boot: no',
    '  ✔ services  tempovault-indexer, tempovault-api: running',
    '  ✔ signals  1 550 signals of 3 pairs',
    '  tv doctor disk-full  The disk is full',
  ])('%s', (text) => {
    expect(judged(text)).toMatchObject({ verdict: 'true', untrue: [] });
  });

  it('that names what it does not know is not counted with those that know', () => {
    expect(judged('  ? AlphaUSD-pathUSD   closed\nCurrent state unknown').verdict).toBe('unknown');
  });
});

describe('what no reader can see through', () => {
  const excuse = { lie: 'a lie', claims: ['breakers'], reason: 'one node' };
  it('is counted apart, for this lie, this command and this claim only', () => {
    const text = 'AlphaUSD-pathUSD closed';
    expect(judged(text, [excuse])).toMatchObject({ verdict: 'undetectable', excuses: [excuse] });
    expect(judged(text, [{ ...excuse, lie: 'another' }]).verdict).toBe('UNTRUE');
    expect(judged(text, [{ ...excuse, commands: ['reindex'] }]).verdict).toBe('UNTRUE');
    expect(judged(text, [{ ...excuse, claims: ['rows'] }]).verdict).toBe('UNTRUE');
    expect(judged(`${text}, ✔ exactly one oracle relay`, [excuse]).verdict).toBe('UNTRUE');
  });
});
