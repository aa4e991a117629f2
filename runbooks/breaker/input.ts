import * as z from 'zod';
import { handoutInput } from '../../src/chain/handout/handOut.ts';
import { findPair, namedPairs, type Pair } from '../../src/chain/pairs/pair.ts';
import { UsageError } from '../../src/errors/TvError.ts';
import type { Context } from '../../src/runbook/context.ts';
import { field } from '../../src/runbook/define.ts';

export const breakerInput = {
  pair: field(
    '--pair <pair...>',
    'by name, id, or the two tokens as 0x…/0x… (repeatable)',
    z.array(z.string()).default([]),
  ),
  all: field(
    '--all',
    'every pair that the settings name or whose breaker was ever used',
    z.boolean().default(false),
  ),
  replace: field(
    '--replace',
    'take the place of a transaction of this account that waits in the pool',
    z.boolean().default(false),
  ),
  ...handoutInput,
};

export interface BreakerInput {
  readonly pair: readonly string[];
  readonly all: boolean;
  readonly replace: boolean;
  readonly calldata: boolean;
  readonly safe?: string | undefined;
}

export const exampleInput = {
  pair: ['AlphaUSD-pathUSD'],
  all: false,
  replace: false,
  calldata: false,
  safe: undefined,
};

/** The pairs that the operator means. @throws UsageError where none is given, or there is no such pair */
export function wantedPairs(ctx: Context, { pair, all }: BreakerInput): readonly Pair[] {
  if (pair.length === 0 && !all) {
    const named = namedPairs(ctx.settings).map(({ name }) => name);
    throw new UsageError('Which pair?', {
      facts: { known: named.join(', ') || undefined },
      next: ['--pair NAME, or --all'],
    });
  }
  const pairs = [
    ...pair.map((text) => findPair(ctx.settings, text)),
    ...(all ? namedPairs(ctx.settings) : []),
  ];
  return [...new Map(pairs.map((one) => [one.id, one])).values()];
}

/** More than this make a line that nobody reads. */
const written = 3;

/** The flags that name these pairs. */
export function pairFlags(
  pairs: readonly { readonly name: string | null; readonly id: string }[],
): readonly string[] {
  return pairs.length > written ? ['--all'] : pairs.flatMap(({ name, id }) => ['--pair', name ?? id]);
}
