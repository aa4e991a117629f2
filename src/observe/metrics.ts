import type { Settings } from '../config/settings.ts';
import { isVerificationUnknown, isVerified } from '../database/backup/choosePrune.ts';
import { hasVerifiedCopy } from '../database/backup/copies.ts';
import { type BackupList, unreadableSince } from '../database/backup/listBackups.ts';
import { areUnreadable } from '../database/backup/marks.ts';
import { serviceNames } from '../operations/service/service.ts';
import { bytes, duration, howMany } from '../text/format.ts';
import { newerUnread, newestVerified } from './sources/backups.ts';
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

/** What is counted over all backups is unknown where one cannot be read. */
const ofAll = (value: (list: BackupList) => number | undefined) => (list: BackupList) =>
  list.unreadable.length > 0 ? undefined : value(list);

/** One point, or none where the value is unknown. */
const pointOf = (value: number | undefined, labels: readonly string[]): readonly Point[] =>
  value === undefined ? [] : [{ labels, value }];
const pointAt = (at: Date | undefined, labels: readonly string[]) =>
  pointOf(at === undefined ? undefined : at.getTime() / 1000, labels);

/** What was found is a fact; that nothing more is there may be in doubt. */
const unlessInDoubt = ({ doubt }: { readonly doubt: string | undefined }, found: number) =>
  doubt === undefined || found > 0 ? found : undefined;

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
    name: 'tempovault_service_state_timestamp_seconds',
    help: 'When the unit came into its present state.',
    labels: ['service'],
    source: 'services',
    value: (states) => serviceNames.flatMap((name) => pointAt(states[name].since, [name])),
  }),
  metric({
    name: 'tempovault_service_memory_bytes',
    help: 'Memory that systemd counts for the unit.',
    labels: ['service'],
    source: 'services',
    value: (states) => serviceNames.flatMap((name) => pointOf(states[name].memoryBytes, [name])),
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
    name: 'tempovault_memory_total_bytes',
    help: 'Memory of the host.',
    source: 'machine',
    value: ({ memoryTotalBytes }) => memoryTotalBytes,
  }),
  metric({
    name: 'tempovault_memory_available_bytes',
    help: 'Memory of the host that programs can still get without swapping.',
    source: 'machine',
    value: ({ memoryAvailableBytes }) => memoryAvailableBytes,
  }),
  metric({
    name: 'tempovault_cores',
    help: 'Cores of the host.',
    source: 'machine',
    value: ({ cores }) => cores,
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
    name: 'tempovault_disk_size_bytes',
    help: 'Of the file system that holds the backups.',
    source: 'disk',
    value: ({ totalBytes }) => totalBytes,
  }),
  metric({
    name: 'tempovault_disk_prunable_bytes',
    help: 'What tv db prune would free.',
    source: 'disk',
    value: ({ prunableBytes }) => prunableBytes,
  }),
  metric({
    name: 'tempovault_env_file_changed_timestamp_seconds',
    help: 'When .env was last changed.',
    source: 'envFile',
    value: ({ changedAt }) => changedAt.getTime() / 1000,
  }),
  metric({
    name: 'tempovault_service_missing_variables',
    help: 'Variables that the service needs and that are not set.',
    labels: ['service'],
    source: 'envFile',
    value: ({ services }) =>
      services.map(({ service, missing }) => ({ labels: [service], value: missing.length })),
  }),
  metric({
    name: 'tempovault_service_outdated_variables',
    help: 'Variables that .env has another value for than the running service.',
    labels: ['service'],
    source: 'envFile',
    value: ({ services }) =>
      services.flatMap(({ service, outdated }) => pointOf(outdated?.length, [service])),
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
    name: 'tempovault_rpc_head_block',
    help: "Number of the RPC node's newest block.",
    labels: ['node'],
    source: 'nodes',
    value: (all) => all.flatMap(({ url, head }) => pointOf(head, [url])),
  }),
  metric({
    name: 'tempovault_rpc_behind_blocks',
    help: 'Blocks that the RPC node is behind the foremost one of the same chain.',
    labels: ['node'],
    source: 'nodes',
    value: (all) => all.flatMap(({ url, behind }) => pointOf(behind, [url])),
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
    value: ({ breakers, historyUnknown }) =>
      unlessInDoubt({ doubt: historyUnknown }, breakers.filter(({ open }) => open).length),
    performance: { label: 'breakers_open', unit: '' },
  }),
  metric({
    name: 'tempovault_breakers',
    help: 'Circuit breakers of the pairs in the settings, and those that were ever used.',
    source: 'breakers',
    value: ({ breakers, historyUnknown }) => (historyUnknown === undefined ? breakers.length : undefined),
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
    name: 'tempovault_signal_nonce',
    help: "Nonce of the pair's last signal.",
    labels: ['pair'],
    source: 'signals',
    value: ({ signals }) =>
      signals.map(({ pair, nonce }) => ({ labels: [pair.name ?? pair.id], value: Number(nonce) })),
  }),
  metric({
    name: 'tempovault_signal_staleness_seconds',
    help: 'Age from which the contract refuses a signal.',
    source: 'signals',
    value: ({ stalenessSeconds }) => stalenessSeconds,
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
    name: 'tempovault_relay_balance',
    help: "Funds of the relay's account in whole tokens, of the token that it pays with.",
    labels: ['token'],
    source: 'relay',
    value: ({ payer }) =>
      payer.known
        ? [{ labels: [payer.value.symbol], value: Number(payer.value.balance) / 10 ** payer.value.decimals }]
        : undefined,
  }),
  metric({
    name: 'tempovault_relay_transactions_total',
    help: "Transactions of the relay's account that are in a block: its nonce.",
    type: 'counter',
    source: 'relay',
    value: ({ nonce }) => (nonce.known ? nonce.value.latest : undefined),
  }),
  metric({
    name: 'tempovault_relay_pending_transactions',
    help: "Transactions of the relay's account that are in no block yet.",
    source: 'relay',
    value: ({ nonce }) => (nonce.known ? nonce.value.pending - nonce.value.latest : undefined),
  }),
  metric({
    name: 'tempovault_relay_interval_seconds',
    help: 'Time between two signals, as the relay was started or .env has it.',
    source: 'relayInterval',
    value: (interval) => interval,
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
    name: 'tempovault_database_answer_seconds',
    help: 'Time that the database took for its answer.',
    source: 'database',
    value: ({ durationMs }) => durationMs / 1000,
  }),
  metric({
    name: 'tempovault_database_oldest_transaction_seconds',
    help: 'Age of the oldest open transaction of other sessions; 0 where none is open. Absent while sessions are hidden.',
    source: 'database',
    value: ({ oldestTransactionSeconds, hiddenSessions }) =>
      hiddenSessions > 0 ? undefined : (oldestTransactionSeconds ?? 0),
  }),
  metric({
    name: 'tempovault_database_connections',
    help: 'Connections of the database server in use.',
    source: 'database',
    value: ({ connections }) => connections.used,
  }),
  metric({
    name: 'tempovault_database_connections_max',
    help: 'Connections that the database server takes.',
    source: 'database',
    value: ({ connections }) => connections.max,
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
    name: 'tempovault_indexer_waiting_seconds',
    help: 'How long the next block has been waiting for the indexer; 0 where none waits.',
    source: 'indexer',
    value: ({ waitingMs }) => (waitingMs.known ? (waitingMs.value ?? 0) / 1000 : undefined),
  }),
  metric({
    name: 'tempovault_events_sampled_blocks',
    help: 'Blocks of which the events in the database were compared with the chain in this check.',
    source: 'events',
    value: (sample) => sample?.ranges.reduce((sum, { from, to }) => sum + to - from + 1, 0),
  }),
  metric({
    name: 'tempovault_events_matched',
    help: 'Events of the sample that the database has as the chain has them.',
    source: 'events',
    value: (sample) => sample?.matched,
  }),
  metric({
    name: 'tempovault_events_missing',
    help: 'Events of the sample that are on the chain and not in the database.',
    source: 'events',
    value: (sample) => sample && unlessInDoubt(sample, sample.missing.total),
  }),
  metric({
    name: 'tempovault_events_surplus',
    help: 'Events of the sample that are in the database and not on the chain.',
    source: 'events',
    value: (sample) => sample && unlessInDoubt(sample, sample.surplus.length),
  }),
  metric({
    name: 'tempovault_api_ready',
    help: 'Whether the API says that it is ready.',
    source: 'api',
    value: ({ ready }) => (ready.ready ? 1 : 0),
  }),
  metric({
    name: 'tempovault_api_dependency_ready',
    help: 'Whether the API says that it reaches what it depends on.',
    labels: ['dependency'],
    source: 'api',
    value: ({ ready: { checks } }) =>
      (['database', 'rpc'] as const).flatMap((name) =>
        pointOf(checks[name] === undefined ? undefined : Number(checks[name]), [name]),
      ),
  }),
  metric({
    name: 'tempovault_api_latest_block',
    help: 'Newest block that the API knows.',
    source: 'api',
    value: ({ health }) => health.latestBlock,
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
    value: ofAll(({ backups }) => backups.length),
  }),
  metric({
    name: 'tempovault_backups_verified',
    help: 'Backups that were verified without a problem.',
    source: 'backups',
    value: ofAll(({ backups }) =>
      backups.some(isVerificationUnknown) ? undefined : backups.filter(isVerified).length,
    ),
  }),
  metric({
    name: 'tempovault_backups_copied',
    help: 'Backups with a verified copy off the host.',
    source: 'backups',
    value: ofAll(({ backups }) =>
      backups.some(({ marks }) => areUnreadable(marks)) ? undefined : backups.filter(hasVerifiedCopy).length,
    ),
  }),
  metric({
    name: 'tempovault_backups_bytes',
    help: 'Size of all backups together.',
    source: 'backups',
    value: ofAll(({ backups }) => backups.reduce((sum, { bytes: size }) => sum + size, 0)),
  }),
  metric({
    name: 'tempovault_backup_verified_age_seconds',
    help: 'Age of the newest verified backup.',
    source: 'backups',
    value: (list, now) => {
      const newest = newestVerified(list);
      const isUnknown = newerUnread(list) !== undefined || unreadableSince(list, newest).length > 0;
      if (newest === undefined || isUnknown) return undefined;
      return (now.getTime() - Date.parse(newest.createdAt)) / 1000;
    },
    performance: { label: 'backup_age', unit: 's', warning: ({ monitor }) => monitor.backupHours * 3_600 },
  }),
  metric({
    name: 'tempovault_scheduled_job_next_timestamp_seconds',
    help: 'When the job of tv db schedule runs next.',
    labels: ['job'],
    source: 'schedule',
    value: (jobs) => jobs?.flatMap(({ name, next }) => pointAt(next, [name])),
  }),
  metric({
    name: 'tempovault_scheduled_job_failed',
    help: 'Whether the last run of the job of tv db schedule failed.',
    labels: ['job'],
    source: 'schedule',
    value: (jobs) =>
      jobs?.flatMap(({ name, running, last }) =>
        pointOf(running || last === undefined ? undefined : Number(last.result !== 'success'), [name]),
      ),
  }),
  metric({
    name: 'tempovault_certificate_expiry_timestamp_seconds',
    help: 'Until when the certificate of the public URL is valid.',
    source: 'certificate',
    value: (shown) => shown && shown.validTo.getTime() / 1000,
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
  metric({
    name: 'tempovault_runs_unverified',
    help: 'Runs of tv whose effect was not verified, where none of the same command has been since.',
    source: 'runs',
    value: ({ unverified }) => unverified.length,
  }),
  metric({
    name: 'tempovault_runs_running',
    help: 'Runs of tv that are in progress.',
    source: 'runs',
    value: ({ running }) => running.length,
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
