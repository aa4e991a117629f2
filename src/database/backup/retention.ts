import type { Settings } from '../../config/settings.ts';
import type { PruneRule } from './choosePrune.ts';

/** Of the newest verified ones as many stay, whatever their age. */
const keepVerified = 3;
/** Default minimum age of a removal, in days. Runbook section 3. */
export const keepDaysDefault = 30;

/** The rule by which `tv db prune` chooses, in an environment. */
export function pruneRule(
  { backup }: Pick<Settings, 'backup'>,
  { now, keepDays = keepDaysDefault }: { readonly now: Date; readonly keepDays?: number },
): PruneRule {
  return { now, keepDays, keepVerified, needsCopy: backup.copy !== undefined };
}
