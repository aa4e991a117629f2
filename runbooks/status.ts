import * as z from 'zod';
import { UsageError } from '../src/errors/TvError.ts';
import { judge, nextOf } from '../src/observe/findings.ts';
import { inked, mark, pluginExitCode } from '../src/observe/level.ts';
import { figuresOf, measure } from '../src/observe/metrics.ts';
import { plugin } from '../src/observe/monitor/fields.ts';
import { pluginLine } from '../src/observe/monitor/pluginLine.ts';
import { renderFindings } from '../src/observe/renderFindings.ts';
import { type Said, saidBy } from '../src/observe/said.ts';
import { observe } from '../src/observe/world.ts';
import { defineReport, field } from '../src/runbook/define.ts';
import { shortened } from '../src/text/format.ts';
import { padEnd, wrap } from '../src/text/layout.ts';
import { byHand } from './status.byHand.ts';

/** `tv status`: what is wrong, why, and what mends it. */
export default defineReport({
  title: 'Status',
  summary: 'Show what is wrong, and what mends it',
  section: 'Quick reference',
  order: 1,
  description:
    'Reads services, processes, machine, disk, RPC nodes, chain, pause, breakers, signals, the account of the relay, indexer, database, API, backups, schedule, old keys, the security checklist and runs, all at once, each within its own limit. Shows what is wrong, the worst first, each cause before what it explains, and at most three commands. What cannot be read is unknown, which is neither well nor wrong. `--all` also shows what every source said. `--plugin` prints one line with performance data; it is of this look alone, where `tv monitor --plugin` takes the looks before into account. Exit codes follow the monitoring-plugin convention: 0 ok, 1 warning, 2 critical, 3 unknown. Thresholds are the settings `monitor.…`.',
  byHand,
  input: { all: field('--all', 'also show what every source said', z.boolean().optional()), plugin },
  collect: async (ctx, { all, plugin: isPlugin }) => {
    if (all === true && isPlugin === true) {
      throw new UsageError(
        'usage.conflicting-flags',
        '--plugin prints one line, and --all a line for every source.',
        { next: { tv: ['status', '--help'] } },
      );
    }
    const world = await observe(ctx);
    const now = ctx.clock.now();
    const judged = judge({ world, settings: ctx.settings, now });
    const { environment, chain } = ctx.settings;
    return {
      environment,
      chainId: chain.id ?? null,
      level: judged.level,
      findings: judged.findings,
      next: nextOf(judged),
      sources: saidBy(world, judged.findings, now),
      ...(isPlugin === true
        ? { line: pluginLine({ ...judged, figures: figuresOf(measure(world, now)) }, ctx.settings) }
        : {}),
    };
  },
  render: ({ environment, chainId, level, findings, next, sources: said, line }, paint, { all }) => {
    if (line !== undefined) return line;
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
      ...(all === true ? said.map(row) : [folded]),
      ...(next.length === 0 ? [] : ['', paint.next(next)]),
    ].join('\n')}\n`;
  },
  exitCode: ({ level }) => pluginExitCode[level],
  failureExitCode: pluginExitCode.unknown,
});

/** Where all is well, its most telling figures; else the names of what is. */
function wellInWords(well: readonly Said[], everything: boolean): string {
  if (!everything) return `ok: ${well.map(({ title }) => title).join(', ') || 'nothing else is known'}`;
  const figures = ['indexer', 'signals', 'backups', 'runs'].flatMap((id) => {
    const source = well.find((each) => each.id === id);
    return source === undefined ? [] : [`${source.title}: ${source.text}`];
  });
  return `${well.length} sources ok; ${figures.join('; ')}`;
}
