import { dueAt, readOldKeys } from '../chain/oracle/oldKeys.ts';
import type { Context } from '../runbook/context.ts';
import { ago } from '../text/format.ts';
import type { Sample } from './sample.ts';

/** A line only where a rotation has left an old key that was not revoked yet. */
export async function oldOracleKey(ctx: Context): Promise<Sample | undefined> {
  const [entry] = readOldKeys(ctx.settings);
  if (entry === undefined) return undefined;
  const now = ctx.clock.now();
  const due = dueAt(entry);
  const when = due <= now ? `was due ${ago(due, now)}` : `due ${ago(due, now)}`;
  return {
    id: 'old key',
    level: 'warning',
    summary: `old oracle key ${entry.old} still valid, ${when}`,
    next: [
      due <= now
        ? { tv: ['oracle', 'revoke-old'] }
        : { when: 'once it is due', tv: ['oracle', 'revoke-old'] },
    ],
  };
}
