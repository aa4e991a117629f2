import type { Paint } from '../../runbook/paint.ts';
import { duration, howMany, shortened } from '../../text/format.ts';
import { padEnd, wrap } from '../../text/layout.ts';
import { nextOf } from '../findings.ts';
import { inked, type Level, mark } from '../level.ts';
import { metrics } from '../metrics.ts';
import { renderFindings } from '../renderFindings.ts';
import { type Alert, holdSeconds } from './alerts.ts';
import type { MonitorEvent } from './event.ts';
import type { CheckRecord } from './history.ts';
import { firing } from './monitor.ts';

/** Checks that a trend line shows. */
export const trendChecks = 40;

export interface MonitorScreen {
  readonly environment: string;
  readonly chainId: number | null;
  readonly level: Level;
  readonly at: Date;
  readonly alerts: readonly Alert[];
  readonly problems: readonly string[];
}

/** What fires, what may soon, and what mends it. */
export function renderMonitor(screen: MonitorScreen, paint: Paint, trends: readonly string[] = []): string {
  const { environment, chainId, level, at, alerts, problems } = screen;
  const findings = firing(alerts, at);
  const ids = new Set(findings.map(({ id }) => id));
  const waiting = alerts.filter(({ state }) => state === 'pending');
  const pending = waiting.filter(({ finding: { cause } }) => cause === null || !ids.has(cause));
  const explained = waiting.length - pending.length;
  const next = nextOf({ findings });
  const noted = (name: Level, text: string) =>
    `  ${mark(name, paint)} ${wrap(shortened(text, paint), paint.width - 4, '    ')}`;
  const parts = [
    [
      `${paint.bold('TempoVault')} · ${environment}${chainId === null ? '' : ` · chain ${chainId}`} · ${inked(level, level, paint)}`,
    ],
    findings.length > 0
      ? [renderFindings(findings, paint)]
      : [
          noted(
            level,
            level === 'ok' ? 'nothing is firing' : 'nothing is firing; not everything could be read',
          ),
        ],
    pending.map((alert) =>
      noted('unknown', `not firing yet: ${alert.finding.sentence} (${howLong(alert, at)})`),
    ),
    explained === 0
      ? []
      : [noted('unknown', `${howMany(explained, 'finding')} more not firing yet, explained by what fires`)],
    problems.map((problem) => noted('warning', problem)),
    next.length === 0 ? [] : [paint.next(next)],
    trends.map((line) => `  ${line}`),
  ];
  return `${parts
    .filter((part) => part.length > 0)
    .map((part) => part.join('\n'))
    .join('\n\n')}\n`;
}

function howLong({ finding, firstSeenAt }: Alert, at: Date): string {
  const seconds = holdSeconds(finding);
  const so = `for ${duration(at.getTime() - firstSeenAt)}`;
  return seconds > 1 ? `${so}; fires after ${duration(seconds * 1000)}` : `${so}; fires at the next check`;
}

/** Lines of a figure over the last checks, as many as fit: `indexer lag  ▁▁▂▇  340 blocks`. */
export function trendLines(checks: readonly CheckRecord[], paint: Paint): readonly string[] {
  const drawn = metrics.flatMap(({ name, trend }) => {
    const values = checks.map(({ figures }) => figures[name]);
    const last = values.findLast((value) => value !== undefined);
    return trend === undefined || last === undefined
      ? []
      : [{ title: trend.title, values, scale: trend.scale, last: trend.format(last) }];
  });
  const names = Math.max(0, ...drawn.map(({ title }) => title.length));
  const lasts = Math.max(0, ...drawn.map(({ last }) => last.length));
  const room = Math.min(trendChecks, paint.width - names - lasts - 6);
  return drawn.map(({ title, values, scale, last }) => {
    const line = sparkline(values.slice(-room), scale);
    return `${paint.dim(padEnd(title, names))}  ${padEnd(line, room)}  ${last}`;
  });
}

const steps = '▁▂▃▄▅▆▇█';

/**
 * One character a value, a space where it is unknown.
 * @param scale what the lowest and the highest character mean; default: the least and the most of the values
 */
export function sparkline(
  values: readonly (number | undefined)[],
  scale?: readonly [number, number],
): string {
  const known = values.filter((value) => value !== undefined);
  const [least, most] = scale ?? [Math.min(...known), Math.max(...known)];
  const span = most - least;
  return values
    .map((value) => {
      if (value === undefined) return ' ';
      const share = span === 0 ? 0 : Math.min(1, Math.max(0, (value - least) / span));
      return steps[Math.round(share * (steps.length - 1))];
    })
    .join('');
}

/** One line for a log: when, how bad, what. */
export function eventLine({ at, status, level, id, sentence, command }: MonitorEvent): string {
  const how = status === 'resolved' ? 'resolved' : level;
  const next = status === 'resolved' ? '' : `; ${command}`;
  return `${at.replace(/\.\d+Z$/, 'Z')} ${how} ${id}: ${sentence}${next}`;
}
