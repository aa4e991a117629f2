import * as z from 'zod';
import { prometheusRules } from '../../src/observe/monitor/alertRules.ts';
import { grafanaDashboard } from '../../src/observe/monitor/dashboard.ts';
import { runbookUrl } from '../../src/observe/monitor/fields.ts';
import { defineReport, field } from '../../src/runbook/define.ts';

/** `tv monitor rules > tempovault.rules.yaml`. */
export default defineReport({
  title: 'Alerting rules',
  summary: 'Write alerting rules and a Grafana dashboard',
  section: '8',
  order: 3,
  settings: 'none',
  description: `
Writes what others need for the metrics of \`tv monitor --serve\` and \`--textfile\`. The format prometheus is a file of
alerting rules: one for each finding of \`tv status\`, one for sources that do not answer, and two for a monitor that
has stopped checking. Each has the labels severity, section and escalation, and the annotations summary,
description, runbook_url and command. The format grafana is a dashboard, to be imported.

The thresholds are those of tv (settings \`monitor.…\`): the rules need not be made again when one changes.`,
  examples: [
    { what: 'Alerting rules for Prometheus', line: 'tv monitor rules > /etc/prometheus/rules/tv.yml' },
    { what: 'A dashboard for Grafana', line: 'tv monitor rules --format grafana > tempovault.json' },
  ],
  input: {
    format: field(
      '--format <format>',
      'prometheus (default) or grafana',
      z.enum(['prometheus', 'grafana']).default('prometheus'),
    ),
    runbookUrl,
  },
  collect: async (_, { format, runbookUrl: published }) => ({
    schema: 'tv.monitor-rules/1' as const,
    format,
    text:
      format === 'grafana' ? `${JSON.stringify(grafanaDashboard(), null, 2)}\n` : prometheusRules(published),
  }),
  render: ({ text }) => text,
});
