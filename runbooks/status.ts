import * as z from 'zod';
import { exitCodes, UsageError } from '../src/errors/TvError.ts';
import { judge, nextOf } from '../src/observe/findings.ts';
import { inked, mark, pluginExitCode } from '../src/observe/level.ts';
import { figuresOf, measure } from '../src/observe/metrics.ts';
import { every, plugin } from '../src/observe/monitor/fields.ts';
import type { CheckRecord } from '../src/observe/monitor/history.ts';
import { keepDrawing, watchFoot } from '../src/observe/monitor/keepDrawing.ts';
import { pluginLine } from '../src/observe/monitor/pluginLine.ts';
import { trendChecks, trendLines } from '../src/observe/monitor/render.ts';
import { renderFindings } from '../src/observe/renderFindings.ts';
import { type Said, saidBy } from '../src/observe/said.ts';
import { observe } from '../src/observe/world.ts';
import type { Context } from '../src/runbook/context.ts';
import { defineReport, field, type InputOf, type WatchContext } from '../src/runbook/define.ts';
import type { Paint } from '../src/runbook/paint.ts';
import { shortened } from '../src/text/format.ts';
import { padEnd, wrap } from '../src/text/layout.ts';
import { byHand } from './status.byHand.ts';

const input = {
  all: field('--all', 'also show what every source said', z.boolean().optional()),
  plugin,
  watch: field('--watch', 'repeat the check, and redraw the screen', z.boolean().optional()),
  every,
};

/** `tv status`: what is wrong, why, and what mends it. */
export default defineReport({
  title: 'Status',
  summary: 'Show what is wrong, and what mends it',
  withinLimit: true,
  section: 'Quick reference',
  order: 1,
  description:
    'Reads services, processes, machine, disk, `.env`, RPC nodes, chain, pause, breakers, signals, the account of the relay, indexer, a sample of the events against the chain, database, API, CORS, backups, schedule, the installed monitor, old keys, the security checklist and runs, all at once, each within its own limit. Shows what is wrong, the worst first, each cause before what it explains, and at most three commands. What cannot be read is unknown, which is neither well nor wrong. `--all` also shows what every source said. `--plugin` prints one line with performance data; it is of this check alone, while `tv monitor --plugin` takes the previous checks into account. `--watch` repeats the check and redraws the screen in place, with trend lines since it was started. Exit codes follow the monitoring-plugin convention: 0 ok, 1 warning, 2 critical, 3 unknown. Thresholds are the settings `monitor.…`.',
  byHand,
  examples: [
    { what: 'What is wrong now, worst first', line: 'tv status' },
    { what: 'What every source said, of another environment', line: 'tv -e staging status --all' },
    { what: 'Keep looking, every five seconds', line: 'tv status --watch --every 5s' },
  ],
  input,
  watch: (ctx, given) => (given.watch === true ? watchStatus(ctx, given) : undefined),
  collect: async (ctx, { all, plugin: isPlugin }) => {
    if (all === true && isPlugin === true) {
      throw new UsageError(
        'usage.conflicting-flags',
        '--plugin prints one line, and --all a line for every source.',
        { next: { tv: ['status', '--help'] } },
      );
    }
    const check = await checkAll(ctx);
    return {
      ...check.status,
      ...(isPlugin === true
        ? { line: pluginLine({ ...check.status, figures: check.figures }, ctx.settings) }
        : {}),
    };
  },
  render: ({ line, ...status }, paint, { all }) => line ?? renderStatus(status, paint, all === true),
  exitCode: ({ level }) => pluginExitCode[level],
  failureExitCode: pluginExitCode.unknown,
});

async function checkAll(ctx: Context) {
  const world = await observe(ctx);
  const now = ctx.clock.now();
  const judged = judge({ world, settings: ctx.settings, now });
  const { environment, chain } = ctx.settings;
  return {
    at: now,
    figures: figuresOf(measure(world, now)),
    status: {
      environment,
      chainId: chain.id ?? null,
      level: judged.level,
      findings: judged.findings,
      next: nextOf(judged),
      sources: saidBy(world, judged.findings, now),
    },
  };
}

type Status = Awaited<ReturnType<typeof checkAll>>['status'];

function renderStatus(status: Status, paint: Paint, all: boolean, trends: readonly string[] = []): string {
  const { environment, chainId, level, findings, next, sources: said } = status;
  const head = `${paint.bold('TempoVault')} · ${environment}${chainId === null ? '' : ` · chain ${chainId}`} · ${inked(level, level, paint)}`;
  const well = said.filter((source) => source.level === 'ok');
  const names = Math.max(...said.map(({ title }) => title.length));
  const gap = 4 + names + 2;
  const row = ({ title, text, level: of }: Said) =>
    `  ${mark(of, paint)} ${padEnd(title, names)}  ${wrap(shortened(text, paint), paint.width - gap, ' '.repeat(gap))}`;
  const folded = `  ${mark('ok', paint)} ${wrap(wellInWords(well, findings.length === 0), paint.width - 4, '    ')}`;
  return `${[
    head,
    '',
    ...(findings.length === 0 ? [] : [renderFindings(findings, paint), '']),
    ...(all ? said.map(row) : [folded]),
    ...(next.length === 0 ? [] : ['', paint.next(next)]),
    ...(trends.length === 0 ? [] : ['', ...trends.map((line) => `  ${line}`)]),
  ].join('\n')}\n`;
}

/** Draws until a signal ends it. @throws UsageError where there is no terminal to draw on */
async function watchStatus(
  ctx: WatchContext,
  { all, plugin: isPlugin, every: everyMs }: InputOf<typeof input>,
): Promise<number> {
  const { screen, json } = ctx.output;
  if (json || isPlugin === true) {
    throw new UsageError(
      'usage.conflicting-flags',
      `--watch never ends, and ${json ? '--json prints one document' : '--plugin one line'}.`,
      { next: { when: 'one JSON line for each change', tv: ['monitor', '--watch', '--json'] } },
    );
  }
  if (screen === undefined) {
    throw new UsageError(
      'usage.no-terminal',
      '--watch needs a terminal to draw on, and standard output is not one.',
      {
        next: { when: 'one line for each change', tv: ['monitor', '--watch'] },
      },
    );
  }
  const checks: CheckRecord[] = [];
  await keepDrawing(ctx, {
    ...{ everyMs, screen },
    check: async () => {
      const check = await checkAll(ctx);
      checks.push({ at: check.at.getTime(), level: check.status.level, figures: check.figures });
      if (checks.length > trendChecks) checks.shift();
      return check;
    },
    text: ({ at, status }, paint) =>
      renderStatus(status, paint, all === true, [
        ...trendLines(checks, paint),
        watchFoot(at, everyMs, paint),
      ]),
  });
  return exitCodes.ok;
}

/** Where all is well, its most telling figures; else the names of what is. */
function wellInWords(well: readonly Said[], everything: boolean): string {
  if (!everything) return `ok: ${well.map(({ title }) => title).join(', ') || 'nothing else is known'}`;
  const figures = ['indexer', 'signals', 'backups', 'runs'].flatMap((id) => {
    const source = well.find((each) => each.id === id);
    return source === undefined ? [] : [`${source.title}: ${source.text}`];
  });
  return `${well.length} sources ok; ${figures.join('; ')}`;
}
