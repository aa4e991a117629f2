import { distinctAdvice } from '../../src/errors/advice.ts';
import { nextOf } from '../../src/observe/findings.ts';
import { inked, mark, pluginExitCode } from '../../src/observe/level.ts';
import { renderFindings } from '../../src/observe/renderFindings.ts';
import { doublesOf, instancesOn, workersOn } from '../../src/observe/scale/hosts.ts';
import { judgeScale } from '../../src/observe/scale/judgeScale.ts';
import { type HostSeen, readScale } from '../../src/observe/scale/readScale.ts';
import { serviceNames } from '../../src/operations/service/service.ts';
import { defineReport } from '../../src/runbook/define.ts';
import type { Paint } from '../../src/runbook/paint.ts';
import { bytes, shortened } from '../../src/text/format.ts';
import { aligned, table, visibleWidth, wrap } from '../../src/text/layout.ts';
import { answerFrom } from './check.answers.ts';
import { byHand } from './check.byHand.ts';

interface ShownHost {
  readonly name: string;
  /** As the machine calls itself; null where that is unknown. */
  readonly hostname: string | null;
  readonly cores: number | null;
  readonly memoryBytes: number | null;
  /** systemd's word, `not installed`, or null where it is unknown. */
  readonly units: Readonly<Record<string, string | null>>;
  /** Processes or units that run each service; null where a part could not be read and none was seen. */
  readonly running: Readonly<Record<string, number | null>>;
  readonly apiWorkers: number | null;
  readonly apiWorkersRecommended: number | null;
  /** The host that is the same machine. */
  readonly sameAs: string | null;
}

/** `tv scale check`: runbook §5, "Verify services after resize", and one instance of what must be single. */
export default defineReport({
  title: 'Scaling check',
  summary: 'Check services and resources after a resize',
  section: '5',
  order: 5,
  description:
    "After a resize or a move, and before another API server is added: whether the installed units run and start at boot, and work; whether memory, API workers (2 × cores + 1) and PostgreSQL's settings (those of `tv db tune`) fit the machine; whether there is exactly one indexer and one oracle relay. That is judged by units and processes of all hosts, by the database sessions that write the event tables, and by the accounts, times and nonces of the signals on the chain, which also show an instance on a host that is not configured. Further hosts are named in the configuration file under `host.others`, each with its prefix. Exit codes follow the monitoring-plugin convention: 0 ok, 1 warning, 2 critical, 3 unknown.",
  byHand,
  examples: [{ what: 'After the machine was resized', line: 'tv scale check' }],
  input: {},
  collect: async (ctx) => {
    const seen = await readScale(ctx);
    const { findings, level, answers } = answerFrom(judgeScale(seen, ctx.settings, ctx.clock.now()));
    const doubles = doublesOf(seen.hosts);
    return {
      environment: ctx.settings.environment,
      level,
      hosts: seen.hosts.map((host) => shown(host, doubles.get(host.name) ?? null)),
      answers,
      findings,
      next: distinctAdvice(nextOf({ findings })),
    };
  },
  render: ({ environment, level, hosts, answers, findings, next }, paint) => {
    const lines = answers.map(({ fine, level: of }) => {
      const words = of === 'ok' ? fine : `${fine}: ${of === 'unknown' ? 'unknown' : 'no'}`;
      return `  ${mark(of, paint)} ${wrap(shortened(words, paint), paint.width - 4, '    ')}`;
    });
    return `${[
      `${paint.bold('Scaling')} · ${environment} · ${inked(level, level, paint)}`,
      '',
      renderHosts(hosts, paint),
      '',
      ...lines,
      ...(findings.length === 0 ? [] : ['', renderFindings(findings, paint)]),
      ...(next.length === 0 ? [] : ['', paint.next(next)]),
    ].join('\n')}\n`;
  },
  exitCode: ({ level }) => pluginExitCode[level],
  failureExitCode: pluginExitCode.unknown,
});

function shown(host: HostSeen, sameAs: string | null): ShownHost {
  const { name, world } = host;
  const machine = world.machine?.known === true ? world.machine.value : undefined;
  const services = world.services?.known === true ? world.services.value : undefined;
  const workers = workersOn(host);
  return {
    name,
    hostname: machine?.hostname ?? null,
    cores: machine?.cores ?? null,
    memoryBytes: machine?.memoryTotalBytes ?? null,
    units: Object.fromEntries(
      serviceNames.map((service) => {
        const unit = services?.[service];
        return [service, unit?.loadState === 'not-found' ? 'not installed' : (unit?.activeState ?? null)];
      }),
    ),
    running: Object.fromEntries(
      serviceNames.map((service) => {
        const { words, sure } = instancesOn(host, service);
        return [service, words.length === 0 && !sure ? null : words.length];
      }),
    ),
    apiWorkers: workers?.workers ?? null,
    apiWorkersRecommended: workers?.recommended ?? null,
    sameAs,
  };
}

const titles = ['host', 'cores', 'memory', 'api', 'indexer', 'oracle', 'API workers'] as const;

/** A table, or one block a host where it does not fit. */
function renderHosts(hosts: readonly ShownHost[], paint: Paint): string {
  const rows = hosts.map(cells);
  const whole = table([titles.map((title) => paint.dim(title)), ...rows]);
  if (Math.max(...whole.split('\n').map(visibleWidth)) <= paint.width) return whole;
  return rows
    .map(([name = '', ...rest]) => {
      const lines = titles.slice(1).map((title, place): [string, string] => [title, rest[place] ?? '']);
      return `  ${paint.bold(name)}\n${aligned(lines, paint.width, '    ')}`;
    })
    .join('\n');
}

function cells(host: ShownHost): readonly string[] {
  const { name, hostname, cores, memoryBytes, apiWorkers, apiWorkersRecommended: wanted, sameAs } = host;
  const state = (service: string) => {
    const unit = host.units[service] ?? '?';
    const running = host.running[service];
    return running !== null && running !== undefined && running > 1 ? `${unit}, ${running} processes` : unit;
  };
  const isUp = host.units['api'] === 'active';
  return [
    sameAs === null ? (hostname === null ? name : `${name} (${hostname})`) : `${name} (same as ${sameAs})`,
    cores === null ? '?' : String(cores),
    memoryBytes === null ? '?' : bytes(memoryBytes),
    ...serviceNames.map(state),
    isUp ? `${apiWorkers ?? '?'} of ${wanted ?? '?'}` : '–',
  ];
}
