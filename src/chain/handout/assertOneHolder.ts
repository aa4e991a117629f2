import { exitCodes, TvError } from '../../errors/TvError.ts';
import type { ResolvedIntent } from '../intents/intent.ts';
import { sameAddress } from '../sameAddress.ts';

/**
 * A Safe sends the whole batch as one account. Where nobody is listed for a role, it cannot be told.
 * @throws TvError where no account may send all of it
 */
export function assertOneHolder(intents: readonly ResolvedIntent[]): void {
  const [first, ...others] = intents.filter(({ holders }) => holders.length > 0);
  if (first === undefined) return;
  const mayAll = first.holders.some((one) =>
    others.every(({ holders }) => holders.some((other) => sameAddress(one, other))),
  );
  if (mayAll) return;
  const unpause = intents.find(({ intent }) => intent === 'unpauseProtocol');
  throw new TvError('No account may send all of this, so a single Safe cannot execute the batch.', {
    exitCode: exitCodes.blocked,
    facts: Object.fromEntries(
      intents.map(({ signature, role, holders }, index) => [
        `${index + 1} ${signature}`,
        `${role.name}, held by ${holders.join(', ') || 'nobody that is listed'}`,
      ]),
    ),
    next: [
      '--calldata instead: each holder sends its own, in this order',
      ...(unpause === undefined
        ? []
        : [`or have a holder of ${unpause.role.name} end the pause first, then the same command`]),
    ],
  });
}
