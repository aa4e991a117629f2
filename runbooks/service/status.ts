import { distinctAdvice, onHost } from '../../src/errors/advice.ts';
import { judgeService } from '../../src/observe/judgeService.ts';
import { type Level, mark } from '../../src/observe/level.ts';
import { readServiceTable, type ServiceRow } from '../../src/observe/serviceTable.ts';
import { defineReport } from '../../src/runbook/define.ts';
import type { Paint } from '../../src/runbook/paint.ts';
import { bytes, count, duration } from '../../src/text/format.ts';
import { aligned, table, visibleWidth, wrap } from '../../src/text/layout.ts';
import { byHand } from './status.byHand.ts';

/** One row, as `--json` has it. */
interface ShownService {
  readonly service: string;
  readonly unit: string;
  readonly level: Level;
  /** systemd's words: load state, active state, sub-state, how the last run ended. */
  readonly loadState: string;
  readonly state: string;
  readonly subState: string;
  readonly result: string;
  /** ISO 8601; null where systemd does not say. */
  readonly since: string | null;
  /** Null where none runs. */
  readonly mainPid: number | null;
  readonly memoryBytes: number | null;
  readonly restarts: number;
  /** `enabled`, `disabled`, `static` …; null where systemd does not say. */
  readonly atBoot: string | null;
  /** Null where processes could not be listed. */
  readonly otherProcesses:
    | readonly { readonly pid: number; readonly user: string; readonly unit: string | null }[]
    | null;
  readonly stoppedBy: string | null;
  readonly remarks: readonly string[];
}

/** `tv service status`: the three units, as the host has them. */
export default defineReport({
  title: 'Services',
  summary: 'Show the units of API, indexer and oracle relay',
  section: 'Quick reference',
  order: 1,
  description:
    'Shows for each of the three units its state and since when, main process, memory, restarts by systemd, whether it starts at boot, and processes of the same program outside the unit, of which indexer and relay must have none. That a unit is active proves nothing: tv status shows progress. Exit code 0 wherever the units could be read, whatever their state; 1 where systemd does not answer.',
  byHand,
  examples: [{ what: 'Are the services up, and since when', line: 'tv service status' }],
  input: {},
  collect: async (ctx) => {
    const { rows, paused } = await readServiceTable(ctx);
    const { environment } = ctx.settings;
    if (!rows.known) {
      const unread = { reason: rows.reason, next: [onHost('systemctl is-system-running')] };
      return { environment, paused, unread, services: [], next: unread.next };
    }
    const judged = rows.value.map((row) => ({ row, verdict: judgeService(row, paused) }));
    return {
      environment,
      paused,
      unread: null,
      services: judged.map(({ row, verdict }) => shown(row, verdict.level, verdict.remarks)),
      next: distinctAdvice(judged.flatMap(({ verdict }) => verdict.next)),
    };
  },
  render: ({ environment, unread, services, next }, paint) => {
    const active = services.filter(({ state }) => state === 'active').length;
    const all = active === services.length;
    const words =
      unread !== null
        ? paint.warn('unknown')
        : all
          ? paint.ok('all active')
          : paint.bad(`${active} of ${services.length} active`);
    const body =
      unread === null
        ? [renderServices(services, paint)]
        : [wrap(`The units could not be read: ${unread.reason}.`, paint.width)];
    const remarks = services.flatMap((each) =>
      each.remarks.map((remark) => `  ${mark(each.level, paint)} ${wrap(remark, paint.width - 4, '    ')}`),
    );
    return `${[
      `${paint.bold('Services')} · ${environment} · ${words}`,
      '',
      ...body,
      ...(remarks.length === 0 ? [] : ['', ...remarks]),
      ...(next.length === 0 ? [] : ['', paint.next(next)]),
    ].join('\n')}\n`;
  },
  exitCode: ({ unread }) => (unread === null ? 0 : 1),
});

function shown(row: ServiceRow, level: Level, remarks: readonly string[]): ShownService {
  const { service, unit, state, traits, others, stoppedBy } = row;
  return {
    ...{ service, unit, level, stoppedBy, remarks },
    loadState: state.loadState,
    state: state.activeState,
    subState: state.subState,
    result: state.result,
    since: state.since?.toISOString() ?? null,
    mainPid: state.mainPid === 0 ? null : state.mainPid,
    memoryBytes: state.memoryBytes ?? null,
    restarts: state.restarts,
    atBoot: traits?.atBoot ?? null,
    otherProcesses: others.known
      ? others.value.map(({ pid, user, unit: of }) => ({ pid, user, unit: of ?? null }))
      : null,
  };
}

const titles = ['service', 'state', 'pid', 'memory', 'restarts', 'at boot', 'others'] as const;

/** A table, or one block a unit where it does not fit. */
function renderServices(services: readonly ShownService[], paint: Paint): string {
  const rows = services.map((each) => cells(each, paint.now));
  const whole = table([
    [`  ${titles[0]}`, ...titles.slice(1)],
    ...rows.map(([service = '', ...rest], index) => [
      `${mark((services[index] as ShownService).level, paint)} ${service}`,
      ...rest,
    ]),
  ]);
  const widest = Math.max(...whole.split('\n').map(visibleWidth));
  if (widest <= paint.width) return whole;
  return rows
    .map(([service = '', ...rest], index) => {
      const lines = titles.slice(1).map((title, place): [string, string] => [title, rest[place] ?? '']);
      const head = `  ${mark((services[index] as ShownService).level, paint)} ${paint.bold(service)}`;
      return `${head}\n${aligned(lines, paint.width, '    ')}`;
    })
    .join('\n');
}

function cells(each: ShownService, now: Date): readonly string[] {
  const { service, state, subState, since, mainPid, memoryBytes, restarts, atBoot, otherProcesses } = each;
  const lasting = since === null ? '' : ` ${duration(Math.max(0, now.getTime() - Date.parse(since)))}`;
  const words = subState.startsWith('auto-restart') ? 'auto-restart' : state;
  return [
    service,
    each.loadState === 'not-found' ? 'not installed' : `${words}${lasting}`,
    mainPid === null ? '–' : String(mainPid),
    memoryBytes === null ? '–' : bytes(memoryBytes),
    count(restarts),
    atBoot ?? '–',
    otherProcesses === null
      ? '?'
      : otherProcesses.length === 0
        ? 'none'
        : otherProcesses.map(({ pid }) => pid).join(' '),
  ];
}
