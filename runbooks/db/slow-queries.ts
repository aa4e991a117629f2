import * as z from 'zod';
import {
  countHidden,
  type RunningStatement,
  readRunning,
} from '../../src/database/statements/readRunning.ts';
import {
  readStatements,
  type SlowStatement,
  type Statements,
} from '../../src/database/statements/readStatements.ts';
import { onHost } from '../../src/errors/advice.ts';
import { asAdmin } from '../../src/operations/maintenance.ts';
import { defineReport, field } from '../../src/runbook/define.ts';
import type { Paint } from '../../src/runbook/paint.ts';
import { count, duration, howMany } from '../../src/text/format.ts';
import { visibleWidth, wrap } from '../../src/text/layout.ts';
import { byHand } from './slow-queries.byHand.ts';

/** Shorter than this and it is ordinary work, in milliseconds. */
const longMs = 1_000;

/** `tv db slow-queries`, runbook section 9. */
export default defineReport({
  title: 'Slow queries',
  summary: 'List the most expensive and longest-running queries',
  section: '9',
  order: 13,
  description:
    'Shows which statements cost the database most, from pg_stat_statements: total and mean time, calls, rows; and what has been running for more than a second right now. Text in the statements is left out. Where the extension is missing, it says how to get it.',
  byHand,
  examples: [
    { what: 'What costs most in all', line: 'tv db slow-queries' },
    { what: 'The slowest ones by their mean', line: 'tv db slow-queries --by mean --limit 5' },
  ],
  input: {
    by: field(
      '--by <measure>',
      'total, mean or calls (default total)',
      z.enum(['total', 'mean', 'calls']).default('total'),
    ),
    limit: field(
      '--limit <count>',
      'how many to show (default 10)',
      z.coerce.number().int().positive().max(1000).default(10),
    ),
  },
  collect: async (ctx, { by, limit }) => {
    const [statements, running, hidden] = await Promise.all([
      asAdmin(ctx, (admin) => readStatements(ctx.database(), { order: by, limit, admin })),
      readRunning(ctx.database(), { overMs: longMs, limit }),
      countHidden(ctx.database()),
    ]);
    return { database: ctx.database().target.name, by, ...statements, running, hidden };
  },
  render: (data, paint) => {
    const { by, obstacle, onlyOwn, user, statements, running, hidden } = data;
    const head = paint.bold(`Statements by ${by === 'calls' ? 'calls' : `${by} time`}`);
    const past =
      obstacle !== null
        ? howToGetIt(data, paint)
        : statements.length === 0
          ? '  none yet'
          : list(statementRows(statements), paint);
    const own =
      onlyOwn && obstacle === null
        ? [wrap(`${user} sees only its own statements: GRANT pg_read_all_stats TO ${user}`, paint.width)]
        : [];
    const now =
      running.length > 0
        ? list(runningRows(running), paint)
        : `  nothing${hidden > 0 ? ' that can be seen' : ''} runs for longer than a second`;
    const unseen =
      hidden === 0
        ? []
        : [
            wrap(
              `  what runs in ${howMany(hidden, 'session')} of other roles is unknown: GRANT pg_read_all_stats TO ${user}`,
              paint.width,
            ),
          ];
    return `${[head, past, ...own, '', paint.bold('Right now'), now, ...unseen].join('\n')}\n`;
  },
});

type Row = readonly [readonly string[], string];

function statementRows(statements: readonly SlowStatement[]): readonly Row[] {
  const head: Row = [['total', 'mean', 'calls', 'rows'], 'statement'];
  return [
    head,
    ...statements.map(
      (each): Row => [
        [milliseconds(each.totalMs), milliseconds(each.meanMs), count(each.calls), count(each.rows)],
        each.statement,
      ],
    ),
  ];
}

function runningRows(running: readonly RunningStatement[]): readonly Row[] {
  const head: Row = [['for', 'pid', 'user'], 'statement'];
  return [
    head,
    ...running.map((each): Row => {
      const notes = [
        each.state === 'active' ? '' : `(${each.state})`,
        each.waits === null ? '' : `(${each.waits})`,
      ];
      return [
        [duration(each.ms), String(each.pid), each.user],
        [...notes.filter((note) => note !== ''), each.statement].join(' '),
      ];
    }),
  ];
}

/** Figures to the right, and of the statement what is left of the line, unless all of it is asked for. */
function list(rows: readonly Row[], paint: Paint): string {
  const widths = rows[0]?.[0].map((_, column) =>
    Math.max(...rows.map(([cells]) => visibleWidth(cells[column] ?? ''))),
  );
  return rows
    .map(([cells, text], index) => {
      const figures = cells.map((cell, column) => cell.padStart(widths?.[column] ?? 0)).join('  ');
      const room = paint.width - visibleWidth(figures) - 4;
      const line = `  ${figures}  ${paint.full || text.length <= room ? text : `${text.slice(0, room - 1)}…`}`;
      return index === 0 ? paint.dim(line) : line;
    })
    .join('\n');
}

function milliseconds(ms: number): string {
  return ms < 1_000 ? `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms` : duration(ms);
}

function howToGetIt(
  { obstacle, preloaded, database }: Statements & { database: string },
  paint: Paint,
): string {
  const create = `as a superuser: psql -d ${database} -c "CREATE EXTENSION IF NOT EXISTS pg_stat_statements"`;
  const steps = {
    'not-installed': [onHost('apt-get install postgresql-contrib'), ...preload(preloaded), create],
    'not-loaded': [...preload(preloaded), create],
    'not-seen': [
      create,
      { when: 'where that is not enough, with database.adminUrl set', tv: ['db', 'slow-queries'] },
    ],
    'not-created': [create],
  }[obstacle ?? 'not-created'];
  const unseen = obstacle === 'not-seen' ? ' Whether the server loads it cannot be seen by this role.' : '';
  return [
    `  ${wrap(`pg_stat_statements is not there, so the cost of statements is not recorded.${unseen}`, paint.width - 2, '  ')}`,
    paint.next(steps),
  ].join('\n');
}

/** Added to what is loaded already; each name quoted by itself, since a quoted list is taken for one name. */
function preload(preloaded: string | null): readonly string[] {
  const restart = 'at a quiet hour: systemctl restart postgresql';
  if (preloaded === null) {
    return [
      'as a superuser: psql -c "SHOW shared_preload_libraries"',
      'add pg_stat_statements to that list in postgresql.conf',
      restart,
    ];
  }
  const names = preloaded.split(',').map((name) => name.trim());
  const all = [...new Set([...names.filter((name) => name !== ''), 'pg_stat_statements'])];
  const list = all.map((name) => `'${name}'`).join(', ');
  return [`as a superuser: psql -c "ALTER SYSTEM SET shared_preload_libraries = ${list}"`, restart];
}
