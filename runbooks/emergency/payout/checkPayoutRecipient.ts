import { isKnown } from '../../../src/chain/treasury/checkRecipient.ts';
import type { Address } from '../../../src/config/settings.ts';
import type { Context } from '../../../src/runbook/context.ts';
import { block, type Preflight, pass, warn } from '../../../src/runbook/preflight.ts';

export interface RecipientInput {
  readonly to: string;
  readonly toAgain?: string | undefined;
}

/** Somebody whom the settings list, or who was typed twice alike; never the protocol itself. */
export function checkPayoutRecipient(
  ctx: Context,
  preflight: Preflight,
  recipient: Address,
  { to, toAgain }: RecipientInput,
): void {
  preflight.check('recipient', 'config', async () => {
    const own = Object.entries(ctx.chain().contracts).find(
      ([, address]) => address?.toLowerCase() === recipient.toLowerCase(),
    );
    if (own !== undefined || /^0x0+$/.test(recipient)) {
      return block(
        `${recipient} is ${own === undefined ? 'the zero address' : `the protocol's own ${own[0]}`}`,
        { next: ['--to an address outside the protocol'] },
      );
    }
    if (isKnown(ctx.settings, recipient)) return pass(`${recipient} is on the list of withdraw.recipients`);
    if (toAgain === to) return warn(`${recipient} is not on the list; typed twice alike`);
    return block(
      toAgain === undefined
        ? `${recipient} is not on the list of withdraw.recipients`
        : 'the two recipients differ',
      {
        facts: toAgain === undefined ? {} : { '--to': to, '--to-again': toAgain },
        next: ['type it a second time, from its source: --to-again 0x…', 'or add it to withdraw.recipients'],
      },
    );
  });
}
