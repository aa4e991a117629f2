import { encodePacked, getAddress, isAddress, keccak256 } from 'viem';
import type { Address, Settings } from '../../config/settings.ts';
import { UsageError } from '../../errors/TvError.ts';
import { withoutKeys } from '../../text/pastedKeys.ts';

/** A trading pair as the contracts know it, and as people call it. */
export type Pair = {
  readonly id: `0x${string}`;
  /** Null where the settings do not name it. */
  readonly name: string | null;
};

/** keccak of the two addresses, packed in ascending order, as `RiskController.pairId` makes it. */
export function pairId(a: Address, b: Address): `0x${string}` {
  const [low, high] = BigInt(a) < BigInt(b) ? [a, b] : [b, a];
  return keccak256(encodePacked(['address', 'address'], [low, high]));
}

/** The pairs that the settings name, in their order. */
export function namedPairs({ pairs }: Pick<Settings, 'pairs'>): readonly Pair[] {
  return Object.entries(pairs).map(([name, pair]) => ({
    id: 'id' in pair ? pair.id : pairId(...pair.tokens),
    name,
  }));
}

/**
 * A pair as an operator gives it: its name, its id, or its two tokens as `0x…/0x…`.
 * @throws UsageError where it is none of them, or an address has a wrong checksum
 */
export function findPair(settings: Pick<Settings, 'pairs'>, text: string): Pair {
  const named = namedPairs(settings);
  const written = text.trim();
  const byName = named.find(({ name }) => name?.toLowerCase() === written.toLowerCase());
  if (byName !== undefined) return byName;
  const id = idOf(written);
  if (id !== undefined) return named.find((pair) => pair.id === id) ?? { id, name: null };
  throw new UsageError('usage.unknown-name', 'There is no such pair.', {
    facts: {
      given: withoutKeys(written),
      known:
        named.map(({ name }) => name).join(', ') || 'none; name them under "pairs" in the configuration file',
      'or give': 'its id (0x and 64 hex digits), or its two tokens as 0x…/0x…',
    },
    next: [{ tv: ['breaker', 'status', '--all'] }],
  });
}

function idOf(text: string): `0x${string}` | undefined {
  if (/^0x[0-9a-fA-F]{64}$/.test(text)) return text.toLowerCase() as `0x${string}`;
  const [a, b, ...rest] = text.split('/').map((part) => part.trim());
  if (a === undefined || b === undefined || rest.length > 0 || !/^0x/i.test(a)) return undefined;
  const [first, second] = [checkedAddress(a), checkedAddress(b)];
  if (first === second)
    throw new UsageError('usage.malformed-value', 'A pair has two different tokens.', {
      facts: { given: text },
      next: ['--pair 0x…/0x…, its two tokens'],
    });
  return pairId(first, second);
}

/**
 * An address as an operator types it; one in mixed case must have the right checksum.
 * @throws UsageError
 */
export function checkedAddress(text: string): Address {
  const digits = /^0x([0-9a-fA-F]{40})$/.exec(text)?.[1];
  if (digits === undefined) {
    throw new UsageError('usage.malformed-address', 'That is not an address.', {
      facts: { given: withoutKeys(text) },
      next: ['0x and 40 hex digits, copied from where it comes from'],
    });
  }
  const isMixed = digits !== digits.toLowerCase() && digits !== digits.toUpperCase();
  if (isMixed && !isAddress(text, { strict: true })) {
    throw new UsageError(
      'usage.malformed-address',
      'The checksum of the address is wrong: a digit or the case of a letter.',
      {
        facts: { given: text, 'with the checksum': getAddress(`0x${digits.toLowerCase()}`) },
        next: ['copy it again from where it comes from'],
      },
    );
  }
  return getAddress(`0x${digits.toLowerCase()}`);
}

/** How a pair is named: by its name, else by its id, which the screens shorten. */
export function pairTitle({ name, id }: Pair): string {
  return name ?? id;
}
