import { describe, expect, it } from 'vitest';
import type { Finding } from '../../src/runbook/check.ts';
import type { Context } from '../../src/runbook/context.ts';
import { block, need, Preflight, pass, warn } from '../../src/runbook/preflight.ts';

const ctx = { signal: new AbortController().signal } as Context;

describe('the facts of a preflight', () => {
  it.each<readonly [string, () => Finding<number | null>, object | undefined]>([
    ['both values known', () => pass('read', 2), { first: 1, second: 2 }],
    ['a warning with a value', () => warn('odd', { value: 2 }), { first: 1, second: 2 }],
    ['a block with a value', () => block('refused', { value: 2 }), { first: 1, second: 2 }],
    ['null is a value', () => pass('none there', null), { first: 1, second: null }],
    ['a block without a value → no facts', () => block('away'), undefined],
    [
      'a check that throws → no facts',
      () => {
        throw new Error('unforeseen');
      },
      undefined,
    ],
  ])('%s', async (_, second, facts) => {
    const preflight = new Preflight(ctx);
    const values = {
      first: preflight.check('first', 'host', async () => pass('read', 1)),
      second: preflight.check('second', 'host', async () => second()),
    };
    const found = await preflight.result(values, (known) => known);
    expect(found.facts).toEqual(facts);
    expect(found.checks.map(({ id }) => id)).toEqual(['first', 'second']);
  });

  it('a check that is not among the values blocks → facts all the same, and its block is shown', async () => {
    const preflight = new Preflight(ctx);
    const value = preflight.check('value', 'host', async () => pass('read', 1));
    preflight.check('other', 'host', async () => block('refused'));
    const { checks, facts } = await preflight.result({ value }, (known) => known);
    expect([facts, checks.map(({ status }) => status)]).toEqual([{ value: 1 }, ['pass', 'block']]);
  });

  it('a check that needs one without a value → skipped, and no facts', async () => {
    const preflight = new Preflight(ctx);
    const base = preflight.check<number>('base', 'host', async () => block('away'));
    const value = preflight.check('value', 'host', async () => pass('read', (await need(base, 'base')) + 1));
    const { checks, facts } = await preflight.result({ value }, (known) => known);
    expect(facts).toBeUndefined();
    expect(checks[1]).toMatchObject({ status: 'skip', summary: 'skipped: needs base' });
  });
});
