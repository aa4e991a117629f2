import { createHash } from 'node:crypto';
import { type Advice, isAdviceCommand } from '../../errors/advice.ts';
import { runbookAnchor } from '../../operations/documents/sections.ts';
import type { Level } from '../level.ts';
import type { Escalation } from '../rule.ts';
import { type Change, ruleOf } from './alerts.ts';

/** A change of state as it is sent and printed: nothing in it has to be looked up any more. */
export interface MonitorEvent {
  readonly schema: 'tv.monitor-event/1';
  readonly status: 'firing' | 'resolved';
  readonly environment: string;
  /** ISO 8601. */
  readonly at: string;
  /** The finding's: `service-down:oracle`. */
  readonly id: string;
  readonly alertname: string;
  readonly level: Exclude<Level, 'ok'>;
  /** The level before; `ok` where it was not firing. */
  readonly was: Level;
  readonly title: string;
  readonly sentence: string;
  readonly evidence: Readonly<Record<string, string>>;
  readonly likely: string | null;
  readonly cause: string | null;
  readonly section: string;
  readonly escalation: Escalation;
  /** The command that mends it or shows what does, to be pasted. */
  readonly command: string;
  readonly next: readonly string[];
  readonly runbook: string | null;
  readonly startsAt: string;
  readonly endsAt: string | null;
  /** The same for one alert of one environment at any time. */
  readonly fingerprint: string;
}

export interface EventPlace {
  readonly environment: string;
  /** Where the exported runbook is: a URL or a file name. */
  readonly runbookUrl: string;
  /** A piece of advice as a line to paste. */
  line(advice: Advice): string;
}

export function eventOf(change: Change, at: number, place: EventPlace): MonitorEvent {
  const { alert, kind, was } = change;
  const { finding } = alert;
  const { environment, runbookUrl } = place;
  const { title, sentence, evidence, likely, cause, section, escalation, next } = finding;
  return {
    schema: 'tv.monitor-event/1',
    status: kind === 'resolved' ? 'resolved' : 'firing',
    environment,
    at: new Date(at).toISOString(),
    id: alert.id,
    alertname: alertName(ruleOf(alert.id)),
    level: alert.level,
    was,
    ...{ title, sentence, evidence, likely, cause, section, escalation },
    command: commandOf(next, place),
    next: next.map((advice) => place.line(advice)),
    runbook: runbookLink(runbookUrl, section),
    startsAt: new Date(alert.firingSince ?? alert.firstSeenAt).toISOString(),
    endsAt: kind === 'resolved' ? new Date(at).toISOString() : null,
    fingerprint: createHash('sha256').update(`${environment}\n${alert.id}`).digest('hex').slice(0, 16),
  };
}

/** `indexer-lag` → `TempoVaultIndexerLag`. */
export function alertName(rule: string): string {
  return `TempoVault${rule.replace(/(?:^|-)([a-z0-9])/g, (_, first: string) => first.toUpperCase())}`;
}

/** The section of the exported runbook; null where the finding has none. */
export function runbookLink(base: string, section: string): string | null {
  const anchor = runbookAnchor(section);
  return anchor === undefined ? null : `${base.replace(/#.*$/, '')}#${anchor}`;
}

/** The first command, without the condition that may be before it. */
function commandOf(next: readonly Advice[], place: EventPlace): string {
  const first = next.find(isAdviceCommand) ?? { tv: ['status'] };
  const { when: _, ...command } = first;
  return place.line(command as Advice);
}
