import { exitCodes, TvError } from '../../errors/TvError.ts';
import type { ResolvedIntent } from '../intents/intent.ts';
import { sameAddress } from '../sameAddress.ts';

/** The accounts that may make a call, for a person; says where the list is not complete. */
export function heldBy({ holders, holdersUnknown }: ResolvedIntent): string {
  const listed = holders.join(', ');
  if (holdersUnknown === undefined) return listed === '' ? 'no account' : listed;
  return listed === ''
    ? `unknown accounts (${holdersUnknown})`
    : `${listed} and perhaps others (${holdersUnknown})`;
}

/**
 * A Safe sends the whole batch as one account. Where a list of holders is not complete, it is not checked.
 * @throws TvError where no account may send all of it
 */
export function assertOneHolder(intents: readonly ResolvedIntent[]): void {
  const [first, ...others] = intents;
  if (first === undefined || intents.some(({ holdersUnknown }) => holdersUnknown !== undefined)) return;
  const mayAll = first.holders.some((one) =>
    others.every(({ holders }) => holders.some((other) => sameAddress(one, other))),
  );
  if (mayAll) return;
  const unpause = intents.find(({ intent }) => intent === 'unpauseProtocol');
  throw new TvError(
    'chain.no-common-sender',
    'No account may send all of this, so a single Safe cannot execute the batch.',
    {
      exitCode: exitCodes.blocked,
      facts: Object.fromEntries(
        intents.map((intent, index) => [
          `${index + 1} ${intent.signature}`,
          `${intent.role.name}, held by ${heldBy(intent)}`,
        ]),
      ),
      next: [
        '--calldata instead: each holder sends its own, in this order',
        ...(unpause === undefined
          ? []
          : [`or have a holder of ${unpause.role.name} end the pause first, then the same command`]),
      ],
    },
  );
}
