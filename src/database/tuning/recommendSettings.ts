import { inPostgresUnits } from './sizes.ts';

/** The machine that the server has to itself, as far as its settings depend on it. */
export interface ServerMachine {
  /** Installed memory, not only what the kernel leaves: see `installedMemory`. */
  readonly memoryBytes: number;
  readonly cores: number;
  readonly disk: 'ssd' | 'hdd';
}

export interface Recommendation {
  readonly name: string;
  /** As `postgresql.conf` writes it. */
  readonly value: string;
}

const kib = 1024;
const mib = 1024 * kib;
const gib = 1024 * mib;

/** pgtune's number for its "web" profile; a server that allows more gets less memory for each. */
const webConnections = 200;
/** PostgreSQL's own `max_parallel_workers_per_gather`, which is also pgtune's for four cores. */
const workersPerGather = 2;
/** PostgreSQL's own `max_worker_processes` and `max_parallel_workers`. */
const defaultWorkers = 8;

/**
 * The runbook's settings ("Performance Tuning") for a machine of any size. Its figures for 16 GB are
 * those of pgtune's "web" profile (github.com/le0pard/pgtune, selectors/configuration.js):
 * shared_buffers RAM/4, effective_cache_size RAM·3/4, maintenance_work_mem RAM/16 up to 2 GB,
 * wal_buffers 3 % of shared_buffers up to 16 MB, and
 * work_mem (RAM − shared_buffers) / (connections·3) / max_parallel_workers_per_gather.
 *
 * Cores count only above PostgreSQL's own defaults: fewer workers than those gain nothing.
 * @param parameters.maxConnections `max_connections` of the server
 */
export function recommendSettings(
  machine: ServerMachine,
  parameters: { readonly maxConnections: number },
): readonly Recommendation[] {
  const { memoryBytes, cores, disk } = machine;
  const connections = Math.max(webConnections, parameters.maxConnections);
  const sharedBuffers = wholeKib(memoryBytes / 4);
  const workMem = (memoryBytes - sharedBuffers) / (connections * 3) / workersPerGather;
  const size = (name: string, bytes: number) => ({ name, value: inPostgresUnits(bytes) });
  const plain = (name: string, value: number) => ({ name, value: String(value) });
  return [
    size('shared_buffers', sharedBuffers),
    size('effective_cache_size', wholeKib((memoryBytes * 3) / 4)),
    size('maintenance_work_mem', Math.min(2 * gib, wholeKib(memoryBytes / 16))),
    plain('checkpoint_completion_target', 0.9),
    size('wal_buffers', walBuffers(sharedBuffers)),
    plain('default_statistics_target', 100),
    plain('random_page_cost', disk === 'ssd' ? 1.1 : 4),
    plain('effective_io_concurrency', disk === 'ssd' ? 200 : 2),
    size('work_mem', Math.max(64 * kib, wholeKib(workMem))),
    size('min_wal_size', gib),
    size('max_wal_size', 4 * gib),
    ...(cores > defaultWorkers
      ? [plain('max_worker_processes', cores), plain('max_parallel_workers', cores)]
      : []),
  ];
}

/**
 * What was paid for: the kernel keeps some percent for itself, so a machine of 16 GiB reports 15.6.
 * Whole GiB from 1 GiB up, quarters of it below.
 */
export function installedMemory(reportedBytes: number): number {
  const step = reportedBytes > gib ? gib : gib / 4;
  return Math.ceil(reportedBytes / step) * step;
}

/** 3 % of shared_buffers, 32 kB to 16 MB; pgtune takes what is nearly 16 MB for 16 MB. */
function walBuffers(sharedBuffers: number): number {
  const share = wholeKib(sharedBuffers * 0.03);
  return share > 14 * mib ? 16 * mib : Math.max(32 * kib, share);
}

function wholeKib(bytes: number): number {
  return Math.floor(bytes / kib) * kib;
}
