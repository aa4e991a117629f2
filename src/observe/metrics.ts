import type { Settings } from '../config/settings.ts';
import { serviceNames } from '../operations/service/service.ts';
import { bytes, duration, howMany } from '../text/format.ts';
import { newestVerified } from './sources/backups.ts';
import type { SourceId, ValueOf, World } from './world.ts';

/** One figure of a metric, with the values of the metric's labels in their order. */
export interface Point {
  readonly labels: readonly string[];
  readonly value: number;
}

/** As a line of performance data has it (monitoring-plugins.org, "Performance data"). */
interface PerformanceData {
  readonly label: string;
  /** `s`, `ms`, `%`, `B`, `c`, or empty. */
  readonly unit: '' | 's' | '%' | 'B' | 'c';
  /** Above this it is a warning; none where nothing judges the figure. */
  readonly warning?: (settings: Settings) => number;
}

/** A row of the table of metrics. */
export interface Metric<S extends SourceId = SourceId> {
  /** With its unit at the end (prometheus.io, "Metric and label naming"). */
  readonly name: `tempovault_${string}`;
  readonly help: string;
  readonly type: 'gauge' | 'counter';
  readonly labels: readonly string[];
  readonly source: S;
  /** Nothing where it is unknown. */
  value(value: ValueOf<S>, now: Date): number | undefined | readonly Point[];
  readonly performance?: PerformanceData;
  /** It is drawn as a line over time, and read by a person in this form. */
  readonly trend?: {
    readonly title: string;
    format(value: number): string;
    /** What the lowest and the highest place of the line mean; default: the least and the most of its values. */
    readonly scale?: readonly [number, number];
  };
}

export type AnyMetric = Omit<Metric, 'value'> & {
  value(value: unknown, now: Date): number | undefined | readonly Point[];
};

type Row<S extends SourceId> = Omit<Metric<S>, 'type' | 'labels'> &
  Partial<Pick<Metric<S>, 'type' | 'labels'>>;

function metric<S extends SourceId>(row: Row<S>): AnyMetric {
  return { type: 'gauge', labels: [], ...row } as unknown as AnyMetric;
}

/** Bytes that are used, in percent. */
const percent = (used: number, total: number) => (total === 0 ? undefined : (used / total) * 100);
const seconds = (value: number) => duration(value * 1000);
const percents = (value: number) => `${Math.round(value)} %`;

/** Everything that is exported, drawn over time or printed as performance data. */
export const metrics: readonly AnyMetric[] = [
  metric({
    name: 'tempovault_service_active',
    help: 'Whether systemd reports the unit as active.',
    labels: ['service'],
    source: 'services',
    value: (states) =>
      serviceNames.map((name) => ({ labels: [name], value: states[name].activeState === 'active' ? 1 : 0 })),
  }),
  metric({
    name: 'tempovault_service_restarts_total',
    help: 'Restarts by systemd since the unit was last started by hand.',
    type: 'counter',
    labels: ['service'],
    source: 'services',
    value: (states) => serviceNames.map((name) => ({ labels: [name], value: states[name].restarts })),
  }),
  metric({
    name: 'tempovault_service_processes',
    help: "Processes that run the service's program, whoever started them.",
    labels: ['service'],
    source: 'processes',
    value: (found) => serviceNames.map((name) => ({ labels: [name], value: found[name].length })),
  }),
  metric({
    name: 'tempovault_memory_used_percent',
    help: 'Memory of the host that is not available to programs.',
    source: 'machine',
    value: ({ memoryTotalBytes: total, memoryAvailableBytes: available }) =>
      percent(total - available, total),
    performance: { label: 'memory', unit: '%', warning: ({ monitor }) => monitor.memoryPercent },
    trend: { title: 'memory', format: percents, scale: [0, 100] },
  }),
  metric({
    name: 'tempovault_load_per_core',
    help: 'Load average of one minute, divided by the number of cores.',
    source: 'machine',
    value: ({ load, cores }) => (cores === 0 ? undefined : load[0] / cores),
  }),
  metric({
    name: 'tempovault_disk_used_percent',
    help: 'Of the file system that holds the backups.',
    source: 'disk',
    value: ({ freeBytes, totalBytes }) => percent(totalBytes - freeBytes, totalBytes),
    performance: { label: 'disk', unit: '%', warning: ({ monitor }) => monitor.diskPercent },
    trend: { title: 'disk', format: percents, scale: [0, 100] },
  }),
  metric({
    name: 'tempovault_disk_free_bytes',
    help: 'Of the file system that holds the backups.',
    source: 'disk',
    value: ({ freeBytes }) => freeBytes,
  }),
  metric({
    name: 'tempovault_rpc_up',
    help: 'Whether the RPC node answers.',
    labels: ['node'],
    source: 'nodes',
    value: (all) => all.map(({ url, error }) => ({ labels: [url], value: error === undefined ? 1 : 0 })),
  }),
  metric({
    name: 'tempovault_rpc_answer_seconds',
    help: 'Time that the RPC node took for one answer.',
    labels: ['node'],
    source: 'nodes',
    value: (all) =>
      all
        .filter(({ error }) => error === undefined)
        .map(({ url, durationMs }) => ({ labels: [url], value: durationMs / 1000 })),
  }),
  metric({
    name: 'tempovault_chain_head_block',
    help: 'Number of the newest block.',
    source: 'chain',
    value: ({ number }) => number,
  }),
  metric({
    name: 'tempovault_chain_head_timestamp_seconds',
    help: 'Time of the newest block.',
    source: 'chain',
    value: ({ timestamp }) => timestamp,
  }),
  metric({
    name: 'tempovault_paused',
    help: 'Whether the protocol is paused.',
    source: 'protocol',
    value: ({ paused }) => (paused === undefined ? undefined : Number(paused)),
  }),
  metric({
    name: 'tempovault_breakers_open',
    help: 'Circuit breakers that are open.',
    source: 'breakers',
    value: ({ breakers }) => breakers.filter(({ open }) => open).length,
    performance: { label: 'breakers_open', unit: '' },
  }),
  metric({
    name: 'tempovault_signal_age_seconds',
    help: "Age of the pair's last signal, by the clock of the chain.",
    labels: ['pair'],
    source: 'signals',
    value: ({ signals }) =>
      signals.flatMap(({ pair, ageSeconds }) =>
        ageSeconds === null ? [] : [{ labels: [pair.name ?? pair.id], value: ageSeconds }],
      ),
  }),
  metric({
    name: 'tempovault_newest_signal_age_seconds',
    help: 'Age of the newest signal of all pairs, by the clock of the chain.',
    source: 'signals',
    value: ({ signals }) => {
      const ages = signals.flatMap(({ ageSeconds }) => (ageSeconds === null ? [] : [ageSeconds]));
      return ages.length === 0 ? undefined : Math.min(...ages);
    },
    performance: { label: 'signal_age', unit: 's' },
    trend: { title: 'signal age', format: seconds },
  }),
  metric({
    name: 'tempovault_relay_balance_lasts_seconds',
    help: "How long the funds of the relay's account last at the spend that was observed.",
    source: 'relay',
    value: ({ payer, activity }) => {
      const perSecond = activity.known ? activity.value.spend?.perSecond : undefined;
      if (!payer.known || perSecond === undefined || perSecond === 0) return undefined;
      return Number(payer.value.balance) / perSecond;
    },
  }),
  metric({
    name: 'tempovault_relay_pending_transactions',
    help: "Transactions of the relay's account that are in no block yet.",
    source: 'relay',
    value: ({ nonce }) => (nonce.known ? nonce.value.pending - nonce.value.latest : undefined),
  }),
  metric({
    name: 'tempovault_database_size_bytes',
    help: 'Size of the event database.',
    source: 'database',
    value: ({ sizeBytes }) => sizeBytes,
    performance: { label: 'database', unit: 'B' },
    trend: { title: 'database', format: bytes },
  }),
  metric({
    name: 'tempovault_database_connections',
    help: 'Connections of the database server in use.',
    source: 'database',
    value: ({ connections }) => connections.used,
  }),
  metric({
    name: 'tempovault_database_connections_used_percent',
    help: 'Connections in use, of max_connections.',
    source: 'database',
    value: ({ connections: { used, max } }) => percent(used, max),
    performance: { label: 'connections', unit: '%', warning: ({ monitor }) => monitor.connectionPercent },
    trend: { title: 'connections', format: percents, scale: [0, 100] },
  }),
  metric({
    name: 'tempovault_indexer_block',
    help: 'Block up to which events are indexed.',
    source: 'indexer',
    value: ({ block }) => block,
  }),
  metric({
    name: 'tempovault_indexer_lag_blocks',
    help: 'Blocks that the cursor is behind the head; negative where it is ahead.',
    source: 'indexer',
    // Without a cursor the newest event says little of how far the indexer is.
    value: ({ block, source, head }) => (head.known && source === 'cursor' ? head.value - block : undefined),
    performance: { label: 'lag', unit: '', warning: ({ monitor }) => monitor.lagBlocks },
    trend: { title: 'indexer lag', format: (value) => howMany(value, 'block') },
  }),
  metric({
    name: 'tempovault_api_ready',
    help: 'Whether the API says that it is ready.',
    source: 'api',
    value: ({ ready }) => (ready.ready ? 1 : 0),
  }),
  metric({
    name: 'tempovault_api_answer_seconds',
    help: 'Time that the API took for an answer to /health.',
    source: 'api',
    value: ({ health }) => health.durationMs / 1000,
    performance: { label: 'api', unit: 's', warning: ({ monitor }) => monitor.apiSlowMs / 1000 },
    trend: { title: 'API answer', format: seconds },
  }),
  metric({
    name: 'tempovault_backups',
    help: 'Backups in the folder of the settings.',
    source: 'backups',
    value: ({ backups }) => backups.length,
  }),
  metric({
    name: 'tempovault_backup_verified_age_seconds',
    help: 'Age of the newest verified backup.',
    source: 'backups',
    value: (list, now) => {
      const newest = newestVerified(list);
      return newest === undefined ? undefined : (now.getTime() - Date.parse(newest.createdAt)) / 1000;
    },
    performance: { label: 'backup_age', unit: 's', warning: ({ monitor }) => monitor.backupHours * 3_600 },
  }),
  metric({
    name: 'tempovault_old_keys',
    help: 'Replaced oracle keys that are still valid.',
    source: 'oldKeys',
    value: (keys) => keys.length,
  }),
  metric({
    name: 'tempovault_checklist_items_due',
    help: 'Items of the security checklist that are due.',
    source: 'checklist',
    value: ({ items }) => items.filter(({ state }) => state === 'due').length,
  }),
  metric({
    name: 'tempovault_runs_unfinished',
    help: 'Runs of tv that are neither finished nor abandoned.',
    source: 'runs',
    value: ({ left }) => left.length,
  }),
];

export interface Measured {
  readonly metric: AnyMetric;
  readonly points: readonly Point[];
}

/** What every metric has to say; no points where its source said nothing. */
export function measure(world: World, now: Date): readonly Measured[] {
  return metrics.map((metric) => {
    const reading = world[metric.source];
    const value = reading?.known === true ? metric.value(reading.value, now) : undefined;
    const points = typeof value === 'number' ? [{ labels: [], value }] : (value ?? []);
    return { metric, points: points.filter((point) => Number.isFinite(point.value)) };
  });
}

/** The metrics without labels, by name; for performance data and trends. */
export function figuresOf(measured: readonly Measured[]): Readonly<Record<string, number>> {
  return Object.fromEntries(
    measured.flatMap(({ metric: { name, labels }, points: [point] }) =>
      labels.length > 0 || point === undefined ? [] : [[name, point.value]],
    ),
  );
}
