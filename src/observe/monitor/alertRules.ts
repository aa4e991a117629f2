import { plainAdvice } from '../../errors/advice.ts';
import { rules, unreadable } from '../rules.ts';
import { sourceIds, sources } from '../world.ts';
import { holdSeconds } from './alerts.ts';
import { alertName, runbookLink } from './event.ts';
import { ownMetrics } from './exposition.ts';

/** What is to be run at an alert where that is the same each time; else `tv status` shows it. */
export const commands: Readonly<Record<string, readonly string[]>> = {
  'disk-full': ['db', 'prune'],
  'backup-old': ['db', 'backup'],
  'backup-not-copied': ['db', 'backups'],
  'schedule-failed': ['db', 'schedule', 'show'],
  'schedule-idle': ['db', 'schedule', 'install'],
  'run-unfinished': ['runs', 'list'],
  'run-unverified': ['runs', 'list'],
  'contract-missing': ['config', 'show'],
  paused: ['emergency', 'resume'],
  'breaker-open': ['breaker', 'status'],
  'breakers-unknown': ['breaker', 'status'],
  'relay-stuck': ['oracle', 'unstick'],
  'relay-funds-low': ['oracle', 'status'],
  'relay-unread': ['oracle', 'status'],
  'signals-dead': ['oracle', 'recover'],
  'signals-stale': ['oracle', 'recover'],
  'signals-late': ['oracle', 'recover'],
  'pairs-unknown': ['oracle', 'status'],
  'old-key': ['oracle', 'revoke-old'],
  'database-schema': ['reindex', 'check'],
  'database-connections': ['db', 'slow-queries'],
  'indexer-ahead': ['reindex', 'check'],
  'indexer-lag': ['reindex', 'check'],
  'indexer-no-cursor': ['reindex', 'check'],
  'api-slow': ['db', 'slow-queries'],
};

/** A source that does not answer is late once in a while. In seconds. */
const silentSeconds = 120;
/** Several checks of `tv monitor`, also where cron starts it every minute. In seconds. */
const staleSeconds = 300;
/** Two checks have to show that something is gone. In seconds. */
const keepSeconds = 120;

export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly forSeconds: number;
  readonly keepFiringSeconds: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

interface Described {
  readonly title: string;
  readonly section: string;
  readonly escalation: number;
  readonly command: readonly string[];
  readonly description: string;
}

/** A rule for each finding that there can be, and two for the monitor itself. */
export function alertRules(runbookUrl: string): readonly AlertRule[] {
  const { up, finding, lastCheck } = ownMetrics;
  const found = (id: string) => `${finding.name}{rule="${id}"} == 1`;
  const labels = ({ section, escalation }: Described, severity: string) => ({
    severity,
    section,
    escalation: String(escalation),
  });
  const annotations = ({ title, section, command, description }: Described) => {
    const runbook = runbookLink(runbookUrl, section);
    return {
      summary: `${title}{{ with $labels.subject }}: {{ . }}{{ end }}`,
      description,
      ...(runbook === null ? {} : { runbook_url: runbook }),
      command: plainAdvice({ tv: command }),
    };
  };
  const ofFinding = (id: string, hold: number, described: Described): AlertRule => ({
    alert: alertName(id),
    expr: found(id),
    forSeconds: hold,
    keepFiringSeconds: keepSeconds,
    labels: labels(described, '{{ $labels.severity }}'),
    annotations: annotations(described),
  });
  const more = 'tv status shows the figures, the cause and what mends it.';
  const describe = (id: string, title: string, section: string, escalation: number): Described => ({
    ...{ title, section, escalation },
    command: commands[id] ?? ['status'],
    description: `${title} ({{ $labels.environment }}). ${more}`,
  });
  const monitorItself: Described = {
    ...{ section: '8', escalation: 1, command: ['monitor'], title: 'tv monitor no longer runs its checks' },
    description: `tv monitor has not checked TempoVault for ${staleSeconds / 60} minutes: no other alert can fire.`,
  };
  return [
    ...rules.map(({ id, title, section, escalation, level }) =>
      ofFinding(id, holdSeconds({ id, level }), describe(id, title, section, escalation)),
    ),
    ...sourceIds.flatMap((id) => {
      const { away, section, escalation } = unreadable[id];
      if (away === undefined) return [];
      return [
        ofFinding(away, 0, describe(away, `${sources[id].title} cannot be reached`, section, escalation)),
      ];
    }),
    {
      alert: 'TempoVaultSourceUnknown',
      expr: `${up.name} == 0`,
      forSeconds: silentSeconds,
      keepFiringSeconds: keepSeconds,
      labels: { severity: 'warning', section: '8', escalation: '1' },
      annotations: annotations({
        ...{ title: 'A source does not answer: {{ $labels.source }}', section: '8', escalation: 1 },
        ...{
          command: ['status'],
          description: `{{ $labels.source }} is unknown ({{ $labels.environment }}). ${more}`,
        },
      }),
    },
    {
      alert: 'TempoVaultMonitorStale',
      expr: `time() - ${lastCheck.name} > ${staleSeconds}`,
      forSeconds: 0,
      keepFiringSeconds: 0,
      labels: labels(monitorItself, 'critical'),
      annotations: annotations(monitorItself),
    },
    {
      alert: 'TempoVaultMonitorAbsent',
      expr: `absent(${lastCheck.name})`,
      forSeconds: staleSeconds,
      keepFiringSeconds: 0,
      labels: labels(monitorItself, 'critical'),
      annotations: annotations({ ...monitorItself, title: 'tv monitor exports nothing' }),
    },
  ];
}

/** The rules as a file for Prometheus. A JSON string is one of YAML, whatever is in it. */
export function prometheusRules(runbookUrl: string): string {
  const map = (indent: string, texts: Readonly<Record<string, string>>) =>
    Object.entries(texts)
      .map(([name, value]) => `\n${indent}${name}: ${JSON.stringify(value)}`)
      .join('');
  const entries = alertRules(runbookUrl).map(
    ({ alert, expr, forSeconds, keepFiringSeconds, labels, annotations }) =>
      `      - alert: ${alert}
        expr: ${JSON.stringify(expr)}
${forSeconds === 0 ? '' : `        for: ${forSeconds}s\n`}${keepFiringSeconds === 0 ? '' : `        keep_firing_for: ${keepFiringSeconds}s\n`}        labels:${map('          ', labels)}
        annotations:${map('          ', annotations)}
`,
  );
  return `# Made by \`tv monitor rules\`. Do not edit it: make it again instead.
groups:
  - name: tempovault
    rules:
${entries.join('')}`;
}
