import { type AnyMetric, metrics } from '../metrics.ts';
import { sources } from '../world.ts';
import { ownMetrics } from './exposition.ts';

// Grafana puts the value of its variable in.
// biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana's own notation
const datasource = { type: 'prometheus', uid: '${datasource}' };
const chosen = '{environment="$environment"}';
/** Columns of a dashboard, and of one panel. */
const columns = 24;
const panelColumns = 8;
const panelRows = 7;

/** A dashboard for Grafana 10 and later: what is found, and each metric over time, by its source. */
export function grafanaDashboard(): object {
  const bySource = Map.groupBy(
    metrics.filter(({ name }) => !name.endsWith('_timestamp_seconds')),
    ({ source }) => source,
  );
  let id = 0;
  let top = 0;
  const place = (w: number, h: number, x = 0) => ({ id: ++id, gridPos: { x, y: top, w, h } });
  const panels: object[] = [
    {
      ...place(columns, panelRows),
      ...{ type: 'table', title: 'Findings', datasource },
      targets: [target(`${ownMetrics.finding.name}${chosen}`, '', { format: 'table', instant: true })],
      transformations: [
        {
          id: 'organize',
          options: { excludeByName: { Time: true, Value: true, __name__: true, instance: true, job: true } },
        },
      ],
    },
  ];
  top += panelRows;
  panels.push({
    ...place(columns, panelRows),
    ...{ type: 'timeseries', title: 'Sources that answer', datasource },
    fieldConfig: { defaults: { min: 0, max: 1, unit: 'short' }, overrides: [] },
    targets: [target(`${ownMetrics.up.name}${chosen}`, '{{source}}')],
  });
  top += panelRows;
  for (const [source, all] of bySource) {
    panels.push({
      ...place(columns, 1),
      type: 'row',
      title: sources[source].title,
      collapsed: false,
      panels: [],
    });
    top += 1;
    for (const [index, metric] of all.entries()) {
      const column = index % (columns / panelColumns);
      if (index > 0 && column === 0) top += panelRows;
      panels.push({
        ...place(panelColumns, panelRows, column * panelColumns),
        ...{ type: 'timeseries', title: metric.help, datasource },
        fieldConfig: { defaults: { unit: unitOf(metric) }, overrides: [] },
        targets: [target(expressionOf(metric), metric.labels.map((label) => `{{${label}}}`).join(' '))],
      });
    }
    top += panelRows;
  }
  return {
    title: 'TempoVault',
    uid: 'tempovault',
    tags: ['tempovault'],
    schemaVersion: 39,
    editable: true,
    refresh: '30s',
    time: { from: 'now-6h', to: 'now' },
    templating: {
      list: [
        { name: 'datasource', type: 'datasource', query: 'prometheus' },
        {
          name: 'environment',
          type: 'query',
          datasource,
          refresh: 2,
          query: {
            query: `label_values(${ownMetrics.lastCheck.name}, environment)`,
            refId: 'environment',
          },
        },
      ],
    },
    panels,
  };
}

function target(expr: string, legendFormat: string, more: object = {}) {
  return { refId: 'A', datasource, expr, legendFormat, ...more };
}

function expressionOf({ name, type }: AnyMetric): string {
  return type === 'counter' ? `increase(${name}${chosen}[$__rate_interval])` : `${name}${chosen}`;
}

/** As Grafana names units. */
function unitOf({ name }: AnyMetric): string {
  if (name.endsWith('_seconds')) return 's';
  if (name.endsWith('_bytes')) return 'bytes';
  return name.endsWith('_percent') ? 'percent' : 'short';
}
