import { describe, expect, it } from 'vitest';
import { renderEffects } from '../../src/cli/renderEffects.ts';
import type { Change, Effects } from '../../src/runbook/effects.ts';
import { visibleWidth } from '../../src/text/layout.ts';
import { plainPaint } from '../support/paint.ts';

const [token, vault, dex, risk, account] = ['a', 'b', 'c', 'd', 'e'].map(
  (digit) => `0x${digit.repeat(40)}` as const,
) as [`0x${string}`, `0x${string}`, `0x${string}`, `0x${string}`, `0x${string}`];
type Sequence = Extract<Effects, { method: 'sequence' }>;
const nothing: Sequence = {
  ...{ method: 'sequence', steps: [], balances: [], states: [], capital: [], contradictions: [] },
  parties: [
    { address: vault, name: 'TreasuryVault' },
    { address: risk, name: 'RiskController' },
    { address: dex, name: 'stablecoin DEX' },
  ],
  tokens: [{ address: token, symbol: 'AlphaUSD', decimals: 6 }],
};
const step = (changes: readonly Change[], more: object = {}) => ({
  ...({ step: 'withdraw', result: 'success', reason: null, changes } as const),
  ...more,
});
const shown = (effects: Effects, width = 80) => renderEffects(effects, plainPaint(width));
const pause = (paused: boolean): Change => ({ kind: 'pause', contract: risk, paused });

describe('what a plan changes, on the screen', () => {
  it('balances in whole tokens, exact; accounts that keep theirs are left out', () => {
    const text = shown({
      ...nothing,
      steps: [step([])],
      balances: [
        { token, account: vault, before: '1234567890123', after: '1' },
        { token, account, before: null, after: '5000000' },
        { token, account: dex, before: '7', after: '7' },
      ],
    });
    expect(text).toContain('AlphaUSD  TreasuryVault: 1 234 567.890123 → 0.000001');
    expect(text).toContain('AlphaUSD  0xeeee…eeee: unknown → 5');
    expect(text).not.toContain('cccc');
  });

  it('a token without decimals is shown in its smallest unit, and says so', () => {
    const tokens = [{ address: token, symbol: 'odd', decimals: null }];
    const balances = [{ token, account: vault, before: '1000', after: '0' }];
    expect(shown({ ...nothing, tokens, balances })).toContain('1 000 (smallest unit) → 0 (smallest unit)');
  });

  it('two tokens of one name are told apart by their addresses', () => {
    const tokens = [...nothing.tokens, { address: dex, symbol: 'AlphaUSD', decimals: 6 }];
    const balances = [token, dex].map((each) => ({ token: each, account: vault, before: '1', after: '0' }));
    const text = shown({ ...nothing, tokens, balances });
    expect(text).toMatch(/^ *AlphaUSD 0xaaaa…aaaa /m);
    expect(text).toMatch(/^ *AlphaUSD 0xcccc…cccc /m);
  });

  it('a pause that ends and begins again is not "no change"', () => {
    const states = [{ kind: 'pause', subject: 'RiskController', before: 'paused', after: 'paused' }] as const;
    const open = shown({ ...nothing, states, steps: [step([pause(false)]), step([pause(true)])] });
    expect(open).toContain('RiskController: paused → not paused → paused');
    expect(shown({ ...nothing, states, steps: [step([])] })).toContain('RiskController: paused → no change');
  });

  it('the capital adds up, or says what is missing', () => {
    const change = {
      token,
      before: { vault: '600', strategy: '100', dex: '0', orders: '300' },
      after: { vault: '890', strategy: '100', dex: '0', orders: '0' },
      paidOut: '0',
      unaccounted: '10',
    };
    const text = shown({
      ...nothing,
      capital: [change],
      tokens: [{ address: token, symbol: 'X', decimals: 0 }],
    });
    expect(text.replace(/\s+/g, ' ')).toContain(
      'capital: 1 000 = 600 vault + 100 strategy + 300 orders → 990 = 890 vault + 100 strategy; 10 UNACCOUNTED FOR',
    );
  });

  it.each<readonly [string, Effects, RegExp]>([
    [
      'no preview',
      { method: 'none', reason: 'no answer within 2 s' },
      /^Effects\n {2}! unknown: no answer within 2 s$/,
    ],
    [
      'each call by itself',
      {
        method: 'single-calls',
        reason: 'no such method',
        steps: [step([], { result: 'unknown', reason: 'paused' })],
      },
      /unknown: no such method\. Each transaction was tried by itself .*withdraw: unknown, paused/s,
    ],
  ])('%s → unknown with the reason, never "no effects"', (_, effects, expected) => {
    expect(shown(effects)).toMatch(expected);
    expect(shown(effects)).not.toContain('no transfer');
  });

  it.each(['sequence', 'single-calls'] as const)(
    '1 000 steps that fail are counted, not listed (%s)',
    (method) => {
      const steps = Array.from({ length: 1_000 }, (_, index) =>
        step([], { step: `send-${index}`, result: 'failure', reason: 'the protocol is paused' }),
      );
      const text = shown({ ...nothing, method, reason: 'no such method', steps } as Effects);
      expect(text).toContain('send-7');
      expect(text).not.toContain('send-8');
      expect(text).toContain('992 more: see --json');
    },
  );

  it('a step that fails is in front', () => {
    const failing = {
      ...nothing,
      steps: [step([], { result: 'failure', reason: 'the protocol is paused' })],
    };
    expect(shown(failing)).toContain('FAILS  withdraw: the protocol is paused');
  });

  it('orders of the DEX, and one of a contract that is not the DEX', () => {
    const order = (contract: `0x${string}`, id: string): Change => ({ kind: 'order', contract, id });
    const text = shown({ ...nothing, steps: [step([order(dex, '7'), order(vault, '8'), order(dex, '9')])] });
    expect(text).toMatch(/orders +2 cancelled: 7, 9\n +orders +1 cancelled of TreasuryVault: 8$/);
  });

  it.each([60, 80])('%i columns: no line is longer', (width) => {
    const events = Array.from(
      { length: 40 },
      (_, index): Change => ({
        ...{ kind: 'event', contract: vault, event: `AnEventWithALongName${index}`, count: index + 1 },
      }),
    );
    const orders = Array.from(
      { length: 1_000 },
      (_, index): Change => ({ kind: 'order', contract: dex, id: `${index}` }),
    );
    const balances = Array.from({ length: 1_000 }, (_, index) => ({
      token,
      account: `0x${String(index).padStart(40, '0')}` as const,
      before: '18446744073709551615000000',
      after: '0',
    }));
    const text = shown(
      { ...nothing, steps: [step([...events, ...orders], { moves: true })], balances },
      width,
    );
    const lines = text.split('\n');
    expect(lines.filter((line) => visibleWidth(line) > width)).toEqual([]);
    expect(lines.length).toBeLessThan(100);
    expect(text).toContain('968 more accounts: see --json');
    expect(text).toContain('1 000 cancelled: 0, 1, 2');
  });
});
