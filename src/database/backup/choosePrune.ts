import { hasVerifiedCopy } from './copies.ts';
import type { Backup } from './listBackups.ts';
import { areUnreadable } from './marks.ts';

export interface PruneRule {
  readonly now: Date;
  /** Younger ones stay. Runbook section 3: 30. */
  readonly keepDays: number;
  /** As many of the newest verified ones stay, whatever their age. */
  readonly keepVerified: number;
  /** Whether only those count that also have a verified copy off the host (`backup.copy`). */
  readonly needsCopy: boolean;
}

export type PruneChoice = {
  readonly backup: Backup;
  readonly remove: boolean;
  /** Why it stays or goes, in a few words. */
  readonly reason: string;
};

const dayMs = 86_400_000;

/** Whether the last check of a backup found nothing wrong, and nothing is wrong at first sight. */
export function isVerified({ marks, problems }: Pick<Backup, 'marks' | 'problems'>): boolean {
  return problems.length === 0 && marks.verified !== null && marks.verified.problems.length === 0;
}

/** Whether it may have been verified: its marks, which say so, cannot be read. */
export function isVerificationUnknown({ marks, problems }: Pick<Backup, 'marks' | 'problems'>): boolean {
  return problems.length === 0 && areUnreadable(marks);
}

/**
 * Which backups are to go. Ages are counted from the time in the manifest. One from the future (the
 * clock was wrong then, or is now) is young. Never the newest, never a pinned one, and of the
 * verified ones never the last few. With `needsCopy` an old one goes only where as many newer ones have a verified
 * copy: one without is never the reason why another may go.
 */
export function choosePrune(backups: readonly Backup[], rule: PruneRule): readonly PruneChoice[] {
  const { now, keepDays, keepVerified, needsCopy } = rule;
  const sorted = backups.toSorted((a, b) => Date.parse(b.createdAt) - Date.parse(a.createdAt));
  const counted = sorted.filter((backup) => isVerified(backup) && (!needsCopy || hasVerifiedCopy(backup)));
  const proven = new Set(counted.slice(0, keepVerified));
  const last = counted[keepVerified - 1];
  const enoughUpTo = last === undefined ? sorted.length : sorted.indexOf(last);
  const newestSound = sorted.find(({ problems }) => problems.length === 0);
  return sorted.map((backup, index) => {
    const days = Math.floor((now.getTime() - Date.parse(backup.createdAt)) / dayMs);
    const stays = (reason: string) => ({ backup, remove: false, reason });
    if (backup.marks.pinned !== null) return stays(`pinned: ${backup.marks.pinned.reason}`);
    if (index === 0 || backup === newestSound) return stays('the newest');
    if (days < keepDays) return stays(`younger than ${keepDays} days`);
    if (proven.has(backup)) return stays(newestReason(rule));
    if (needsCopy && index < enoughUpTo) return stays(withoutCopies(rule));
    return { backup, remove: true, reason: `${days} days old` };
  });
}

function newestReason({ keepVerified, needsCopy }: PruneRule): string {
  return `one of the ${keepVerified} newest verified${needsCopy ? ' with a verified copy' : ''}`;
}

/** Why an old backup stays where too few newer ones are copied. */
export function withoutCopies({ keepVerified }: Pick<PruneRule, 'keepVerified'>): string {
  return `without ${keepVerified} newer ones that have a verified copy`;
}

/** The backups that a prune would remove: what a full disk can really get back. */
export function prunable(backups: readonly Backup[], rule: PruneRule): readonly Backup[] {
  return choosePrune(backups, rule).flatMap(({ backup, remove }) => (remove ? [backup] : []));
}
