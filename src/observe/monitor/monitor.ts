import { join } from 'node:path';
import type { Context } from '../../runbook/context.ts';
import type { Finding } from '../findings.ts';
import { inOrder, judge } from '../findings.ts';
import type { Level } from '../level.ts';
import { figuresOf, type Measured, measure } from '../metrics.ts';
import { observe, type World } from '../world.ts';
import { type Alert, advance, levelOf } from './alerts.ts';
import { type EventPlace, eventOf, type MonitorEvent } from './event.ts';
import type { History } from './history.ts';

/** What one check of the monitor has found. */
export interface MonitorCheck {
  readonly at: Date;
  readonly level: Level;
  readonly world: World;
  /** All findings of this check, reported or not. */
  readonly findings: readonly Finding[];
  readonly alerts: readonly Alert[];
  readonly events: readonly MonitorEvent[];
  readonly measured: readonly Measured[];
  readonly figures: Readonly<Record<string, number>>;
}

/** In the state directory; holds all its environments. */
export function historyFile(stateDirectory: string): string {
  return join(stateDirectory, 'monitor.sqlite');
}

/**
 * Runs one check and records it.
 * @param once no later check of this process will know this one
 * @throws what is no TvError
 */
export async function checkOnce(
  ctx: Context,
  history: History<MonitorEvent>,
  place: EventPlace,
  { once, read = observe }: { readonly once: boolean; readonly read?: (ctx: Context) => Promise<World> },
): Promise<MonitorCheck> {
  const world = await read(ctx);
  const now = ctx.clock.now();
  const at = now.getTime();
  const { findings } = judge({ world, settings: ctx.settings, now });
  const measured = measure(world, now);
  const figures = figuresOf(measured);
  const { alerts, level, events } = history.record((remembered) => {
    const final = once && history.problem !== undefined;
    const next = advance(remembered.alerts, { findings, world, at, before: remembered.before, final });
    return {
      at,
      figures,
      alerts: next.alerts,
      level: levelOf(next.alerts),
      events: next.changes.map((change) => eventOf(change, at, place)),
    };
  });
  return { at: now, level, world, findings, alerts, events, measured, figures };
}

/** The findings that fire, causes first; with what they have become since they were last found. */
export function firing(alerts: readonly Alert[], at: Date): readonly Finding[] {
  const all = alerts.filter(({ state }) => state === 'firing');
  const ids = new Set(all.map(({ id }) => id));
  const findings = all.map(({ finding, level, lastSeenAt }) => ({
    ...finding,
    level,
    // What would explain it may not fire, or not any more.
    cause: finding.cause !== null && ids.has(finding.cause) ? finding.cause : null,
    evidence: {
      ...finding.evidence,
      ...(lastSeenAt < at.getTime() ? { 'last found': new Date(lastSeenAt).toISOString() } : {}),
    },
  }));
  // One that lingers was found at an earlier check than the rest.
  return inOrder(findings);
}
