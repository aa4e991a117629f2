import { factsOf } from '../findings.ts';
import type { MonitorEvent } from './event.ts';

/** Go's zero time, which Alertmanager sends for an alert that has not ended. */
const notEnded = '0001-01-01T00:00:00Z';

type Texts = Readonly<Record<string, string>>;

/** Alertmanager's webhook message of version 4 (prometheus.io, Alerting, "webhook_config"). */
export interface WebhookBody {
  readonly version: '4';
  readonly groupKey: string;
  readonly truncatedAlerts: 0;
  readonly status: 'firing' | 'resolved';
  readonly receiver: string;
  readonly groupLabels: Texts;
  readonly commonLabels: Texts;
  readonly commonAnnotations: Texts;
  readonly externalURL: string;
  readonly alerts: readonly {
    readonly status: 'firing' | 'resolved';
    readonly labels: Texts;
    readonly annotations: Texts;
    readonly startsAt: string;
    readonly endsAt: string;
    readonly generatorURL: string;
    readonly fingerprint: string;
  }[];
}

/** @param events oldest first, of one environment, one at least; of several about one alert the last counts */
export function webhookBody(events: readonly MonitorEvent[]): WebhookBody {
  const newest = [...new Map(events.map((event) => [event.fingerprint, event])).values()];
  const environment = newest[0]?.environment ?? '';
  const alerts = newest.map((event) => ({
    status: event.status,
    labels: labelsOf(event),
    annotations: annotationsOf(event),
    startsAt: event.startsAt,
    endsAt: event.endsAt ?? notEnded,
    generatorURL: '',
    fingerprint: event.fingerprint,
  }));
  return {
    version: '4',
    groupKey: `{}:{environment=${JSON.stringify(environment)}}`,
    truncatedAlerts: 0,
    status: newest.some(({ status }) => status === 'firing') ? 'firing' : 'resolved',
    receiver: 'tempovault',
    groupLabels: { environment },
    commonLabels: common(alerts.map(({ labels }) => labels)),
    commonAnnotations: common(alerts.map(({ annotations }) => annotations)),
    externalURL: '',
    alerts,
  };
}

function labelsOf({ alertname, level, environment, section, id }: MonitorEvent): Texts {
  const [, subject] = /^[^:]+:(.*)$/s.exec(id) ?? [];
  return {
    alertname,
    severity: level,
    environment,
    section,
    ...(subject === undefined ? {} : { subject }),
  };
}

function annotationsOf(event: MonitorEvent): Texts {
  const { title, sentence, runbook, command } = event;
  return {
    summary: title,
    description: [sentence, ...factsOf(event).map(([name, value]) => `${name}: ${value}`)].join('\n'),
    ...(runbook === null ? {} : { runbook_url: runbook }),
    command,
  };
}

/** What all have in common. */
function common([first = {}, ...more]: readonly Texts[]): Texts {
  return Object.fromEntries(
    Object.entries(first).filter(([name, value]) => more.every((each) => each[name] === value)),
  );
}
