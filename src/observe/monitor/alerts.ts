import { type Finding, valuesFor } from '../findings.ts';
import { type Level, rank, worstLevel } from '../level.ts';
import type { AnyRule } from '../rule.ts';
import { rules, unreadable } from '../rules.ts';
import { sourceIds, type World } from '../world.ts';

/** A finding as it is followed over several checks. */
export interface Alert {
  readonly id: string;
  /** As it was last found. */
  readonly finding: Finding;
  readonly state: 'pending' | 'firing';
  /** The level that was reported; it falls later than the finding's. */
  readonly level: Finding['level'];
  /** Times in milliseconds since 1970. */
  readonly firstSeenAt: number;
  readonly lastSeenAt: number;
  readonly firingSince: number | null;
  /** Consecutive checks that proved its absence. */
  readonly absent: number;
  /** Consecutive checks in which it was less severe than `level`. */
  readonly milder: number;
}

export interface Change {
  readonly kind: 'firing' | 'level' | 'resolved';
  readonly alert: Alert;
  /** The level before. */
  readonly was: Level;
}

export interface CheckedWorld {
  readonly findings: readonly Finding[];
  readonly world: World;
  /** In milliseconds since 1970. */
  readonly at: number;
  /** The previous check; undefined where there was none. */
  readonly before: number | undefined;
  /** Nothing is held back: there will be no second check that knows this one. */
  readonly final: boolean;
}

/** Consecutive checks that must prove that a firing finding is gone, or less severe. */
const checksNeeded = 2;
/** What is unknown must be so in two checks before it is reported: a source may be late once. In seconds. */
const holdUnknownSeconds = 1;
/** After a longer gap than this one check is proof enough that something is gone. In milliseconds. */
const longGapMs = 15 * 60_000;

/**
 * The alerts after a check, and what has changed. A finding whose rule has `holdSeconds` fires once it was found
 * for that time and in two checks at least; one that fires is resolved once two checks in a row have proven its
 * absence. A check that could not read what the rule needs proves nothing.
 */
export function advance(
  alerts: readonly Alert[],
  check: CheckedWorld,
  table: readonly AnyRule[] = rules,
): { readonly alerts: readonly Alert[]; readonly changes: readonly Change[] } {
  const changes: Change[] = [];
  const next: Alert[] = [];
  const known = new Map(alerts.map((alert) => [alert.id, alert]));
  for (const finding of check.findings) {
    const alert = seen(known.get(finding.id), finding, check, table);
    const was = known.get(finding.id);
    next.push(alert);
    if (alert.state === 'firing' && was?.state !== 'firing')
      changes.push({ kind: 'firing', alert, was: 'ok' });
    else if (was?.state === 'firing' && alert.level !== was.level)
      changes.push({ kind: 'level', alert, was: was.level });
  }
  const found = new Set(check.findings.map(({ id }) => id));
  for (const alert of alerts.filter(({ id }) => !found.has(id))) {
    const proven = provesAbsence(alert.id, check, table);
    const absent = proven ? alert.absent + 1 : 0;
    const needed = check.before === undefined || check.at - check.before > longGapMs ? 1 : checksNeeded;
    if (alert.state === 'pending') {
      if (!proven) next.push(alert);
    } else if (absent >= needed) {
      changes.push({ kind: 'resolved', alert: { ...alert, absent }, was: alert.level });
    } else {
      next.push({ ...alert, absent });
    }
  }
  return { alerts: next, changes };
}

function seen(
  was: Alert | undefined,
  finding: Finding,
  check: CheckedWorld,
  table: readonly AnyRule[],
): Alert {
  const firstSeenAt = was?.firstSeenAt ?? check.at;
  const hold = holdSeconds(finding, table);
  // At the first check nothing has lasted yet, so a held finding always needs a second one.
  const isHeld = !check.final && check.at - firstSeenAt < hold * 1000;
  const firing = was?.state === 'firing' || !isHeld;
  const isMilder = was !== undefined && rank(finding.level) < rank(was.level);
  const milder = isMilder ? was.milder + 1 : 0;
  return {
    id: finding.id,
    finding,
    state: firing ? 'firing' : 'pending',
    level: isMilder && milder < checksNeeded && was.state === 'firing' ? was.level : finding.level,
    firstSeenAt,
    lastSeenAt: check.at,
    firingSince: firing ? (was?.firingSince ?? check.at) : null,
    absent: 0,
    milder: milder >= checksNeeded ? 0 : milder,
  };
}

/** How long a finding must last before it fires, in seconds; 0 where it fires at once. */
export function holdSeconds(
  { id, level }: Pick<Finding, 'id' | 'level'>,
  table: readonly AnyRule[] = rules,
): number {
  const own = table.find((rule) => rule.id === ruleOf(id))?.holdSeconds ?? 0;
  return level === 'unknown' ? Math.max(own, holdUnknownSeconds) : own;
}

/** The id of the rule, or `unknown-` and the source, without the subject. */
export function ruleOf(id: string): string {
  return id.split(':', 1)[0] ?? id;
}

/** Whether everything was read on which the finding would rest. A rule that is not there any more proves nothing wrong. */
function provesAbsence(id: string, { world, findings }: CheckedWorld, table: readonly AnyRule[]): boolean {
  const rule = table.find((each) => each.id === ruleOf(id));
  if (rule !== undefined) {
    const isHidden = findings.some((finding) => rule.openWhile?.includes(ruleOf(finding.id)) === true);
    if (isHidden) return false;
    const values = valuesFor(rule, world);
    return values !== undefined && rule.unproven?.(values, id.slice(rule.id.length + 1)) !== true;
  }
  const source = sourceIds.find((each) => id === `unknown-${each}` || id === unreadable[each].away);
  if (source === undefined) return true;
  // One that did not answer is not back where its answer is only late.
  return id === unreadable[source].away ? world[source]?.known === true : world[source] !== undefined;
}

/**
 * The worst that is reported: what fires, and also what is unknown and does not fire yet, since a check that did
 * not see everything does not show that all is well.
 */
export function levelOf(alerts: readonly Alert[]): Level {
  return worstLevel(
    alerts
      .filter(({ state, finding }) => state === 'firing' || finding.level === 'unknown')
      .map(({ state, level }) => (state === 'firing' ? level : 'unknown')),
  );
}
