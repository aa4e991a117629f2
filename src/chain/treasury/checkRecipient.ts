import { getAddress } from 'viem';
import type { Address, Settings } from '../../config/settings.ts';
import { UsageError } from '../../errors/TvError.ts';
import { checkedAddress } from '../pairs/pair.ts';
import { sameAddress } from '../sameAddress.ts';

/**
 * Where money goes, as an operator types it: with its checksum, since a wrong digit cannot be taken
 * back. One of the settings' allow-list may be typed in any case.
 * @throws UsageError
 */
export function checkRecipient(settings: Pick<Settings, 'withdraw'>, text: string): Address {
  const address = checkedAddress(text);
  if (isKnown(settings, address) || getAddress(address) === text) return address;
  throw new UsageError(
    'usage.malformed-address',
    'The recipient has no checksum, so a wrong digit could not be noticed.',
    {
      facts: { given: text },
      next: ['give it in mixed case, as wallets show it'],
    },
  );
}

export function isKnown({ withdraw }: Pick<Settings, 'withdraw'>, address: Address): boolean {
  return withdraw.recipients.some((known) => sameAddress(known, address));
}
