import { formatUnits, parseUnits } from 'viem';
import { UsageError } from '../../errors/TvError.ts';
import { count } from '../../text/format.ts';
import type { Token } from './findToken.ts';

/** `12`, `0.5`, `1_000_000.25`: a plain decimal number, always in whole tokens. */
export const amountPattern = /^(\d+|\d{1,3}(_\d{3})+)(\.\d+)?$/;

/**
 * An amount as people write it, in tokens, never in the smallest unit.
 * @returns in the smallest unit
 * @throws UsageError where it is zero, or finer than the token is
 */
export function parseAmount(text: string, { symbol, decimals }: Pick<Token, 'symbol' | 'decimals'>): bigint {
  const digits = text.replaceAll('_', '');
  const fraction = digits.split('.')[1] ?? '';
  if (!amountPattern.test(text) || fraction.length > decimals) {
    throw new UsageError(
      'usage.malformed-amount',
      `That is not an amount of ${symbol}, which has ${decimals} decimals.`,
      {
        facts: { given: text },
        next: ['--amount 1234.5, in whole tokens'],
      },
    );
  }
  const amount = parseUnits(digits, decimals);
  if (amount === 0n)
    throw new UsageError('usage.malformed-amount', 'The amount is zero.', {
      facts: { given: text },
      next: ['--amount 1234.5, in whole tokens'],
    });
  return amount;
}

/** `1 234.5 AlphaUSD`: exact, no digit left out. */
export function formatAmount(
  amount: bigint,
  { symbol, decimals }: Pick<Token, 'symbol' | 'decimals'>,
): string {
  const [whole = '0', fraction] = formatUnits(amount, decimals).split('.');
  const grouped = whole.startsWith('-') ? `-${count(BigInt(whole.slice(1)))}` : count(BigInt(whole));
  return `${grouped}${fraction === undefined ? '' : `.${fraction}`} ${symbol}`;
}
