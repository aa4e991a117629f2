import type { Finding } from '../findings.ts';
import type { Measured, Point } from '../metrics.ts';
import { sourceIds } from '../world.ts';
import { ruleOf } from './alerts.ts';
import type { MonitorCheck } from './monitor.ts';

/** What is exported besides the table of metrics; alerting rules rest on these. */
export const ownMetrics = {
  up: {
    name: 'tempovault_source_up',
    help: 'Whether the source answered at the last check; its metrics are absent where it did not.',
    labels: ['source'],
  },
  finding: {
    name: 'tempovault_finding',
    help: 'Always 1: what was found wrong at the last check, by the rule that found it.',
    labels: ['rule', 'subject', 'severity', 'section', 'escalation'],
  },
  lastCheck: {
    name: 'tempovault_last_check_timestamp_seconds',
    help: 'Time of the last check.',
    labels: [],
  },
} as const;

interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: 'gauge' | 'counter';
  readonly labels: readonly string[];
  readonly points: readonly Point[];
}

/**
 * The figures of a check in Prometheus's text format 0.0.4 (prometheus.io, "Exposition formats"), each with the
 * label `environment`.
 */
export function exposition(
  { measured, findings, world, at }: Pick<MonitorCheck, 'measured' | 'findings' | 'world' | 'at'>,
  environment: string,
): string {
  const gauge = (metric: (typeof ownMetrics)[keyof typeof ownMetrics], points: readonly Point[]): Family => ({
    ...metric,
    type: 'gauge',
    points,
  });
  const up = sourceIds.flatMap((id) => {
    const reading = world[id];
    return reading === undefined ? [] : [{ labels: [id], value: reading.known ? 1 : 0 }];
  });
  const families: readonly Family[] = [
    gauge(ownMetrics.lastCheck, [{ labels: [], value: at.getTime() / 1000 }]),
    gauge(ownMetrics.up, up),
    gauge(
      ownMetrics.finding,
      findings.map((finding) => ({ labels: findingLabels(finding), value: 1 })),
    ),
    ...measured.map(({ metric, points }: Measured) => ({ ...metric, points })),
  ];
  return families
    .filter(({ points }) => points.length > 0)
    .map((family) => familyText(family, environment))
    .join('');
}

function findingLabels({ id, level, section, escalation }: Finding): readonly string[] {
  const rule = ruleOf(id);
  return [rule, id.slice(rule.length + 1), level, section, String(escalation)];
}

function familyText({ name, help, type, labels, points }: Family, environment: string): string {
  const lines = points.map(({ labels: values, value }) => {
    const all = [['environment', environment], ...labels.map((label, index) => [label, values[index] ?? ''])];
    const written = all.map(([label, text = '']) => `${label}="${escapeLabel(text)}"`);
    return `${name}{${written.join(',')}} ${numberText(value)}\n`;
  });
  return `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n${lines.join('')}`;
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

function escapeLabel(text: string): string {
  return escapeHelp(text).replaceAll('"', '\\"');
}

/** As Go reads it. */
function numberText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  if (value === Number.NEGATIVE_INFINITY) return '-Inf';
  return String(value);
}
