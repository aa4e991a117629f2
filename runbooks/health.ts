import * as z from 'zod';
import { connectApi } from '../src/api/connectApi.ts';
import { UsageError } from '../src/errors/TvError.ts';
import { judge, nextOf } from '../src/observe/findings.ts';
import { inked, mark, pluginExitCode } from '../src/observe/level.ts';
import { renderFindings } from '../src/observe/renderFindings.ts';
import { observe, type SourceId, type World } from '../src/observe/world.ts';
import type { Context } from '../src/runbook/context.ts';
import { defineReport, field } from '../src/runbook/define.ts';
import { count, duration } from '../src/text/format.ts';
import { table } from '../src/text/layout.ts';
import { byHand } from './health.byHand.ts';

const inside: readonly SourceId[] = ['api', 'nodes', 'database', 'certificate'];
/** Database and RPC nodes are not reached through a public URL. */
const outside: readonly SourceId[] = ['api', 'certificate'];

interface Row {
  readonly what: string;
  readonly where: string;
  /** Undefined where it did not answer. */
  readonly durationMs: number | undefined;
  readonly says: string;
}

/** `tv health`: does what others rest on answer, how fast, and what does it say. */
export default defineReport({
  title: 'Health',
  summary: 'Ask API, database and each RPC node, with latencies',
  withinLimit: true,
  section: 'Quick reference',
  order: 2,
  description:
    'Asks `/health` and `/ready` of the API, the database and every RPC node, all at once: what each says, and how long it took. With `--url`, the API at that URL instead, as users reach it, and its certificate. Exit codes follow the monitoring-plugin convention: 0 ok, 1 warning, 2 critical, 3 unknown.',
  byHand,
  examples: [
    { what: 'Latency and verdict of the API, the database and each RPC node', line: 'tv health' },
    { what: 'From outside, as the traders see it', line: 'tv health --url https://api.tempovault.example' },
  ],
  input: { url: field('--url <url>', 'ask the API at this URL, and nothing else', z.string().optional()) },
  collect: async (ctx, { url }) => {
    const world = await observe(
      url === undefined ? ctx : through(ctx, url),
      url === undefined ? inside : outside,
    );
    const judged = judge({ world, settings: ctx.settings, now: ctx.clock.now() });
    const rows = rowsOf(world, ctx, url);
    return {
      environment: ctx.settings.environment,
      level: judged.level,
      rows,
      findings: judged.findings,
      next: nextOf(judged),
    };
  },
  render: ({ environment, level, rows, findings, next }, paint) => {
    const lines = rows.map(({ what, where, durationMs, says }) => [
      `${mark(durationMs === undefined ? 'critical' : 'ok', paint)} ${what}`,
      durationMs === undefined ? 'no answer' : duration(durationMs),
      says,
      paint.dim(where),
    ]);
    return `${[
      `${paint.bold('Health')} · ${environment} · ${inked(level, level, paint)}`,
      '',
      table(lines, '  ', paint.width),
      ...(findings.length === 0 ? [] : ['', renderFindings(findings, paint)]),
      ...(next.length === 0 ? [] : ['', paint.next(next)]),
    ].join('\n')}\n`;
  },
  exitCode: ({ level }) => pluginExitCode[level],
  failureExitCode: pluginExitCode.unknown,
});

/** The same context, with the API at another URL. @throws UsageError where it is no URL */
function through(ctx: Context, url: string): Context {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new UsageError('usage.malformed-value', '--url is not an http or https URL.', {
      next: { tv: ['health', '--url', 'https://api.tempovault.xyz'] },
    });
  }
  const { timeoutMs } = ctx.settings.api;
  return {
    ...ctx,
    settings: { ...ctx.settings, api: { ...ctx.settings.api, url, publicUrl: url, timeoutMs } },
    api: () => connectApi({ url, timeoutMs, signal: ctx.signal }),
  };
}

function rowsOf(world: World, ctx: Context, url: string | undefined): readonly Row[] {
  const { api, nodes, database } = world;
  const place = api?.known === true ? api.value.url : (url ?? 'settings: api.url');
  const answers: readonly Row[] =
    api?.known === true
      ? [
          {
            what: '/health',
            where: place,
            durationMs: api.value.health.durationMs,
            says: api.value.health.status,
          },
          {
            what: '/ready',
            where: place,
            durationMs: api.value.ready.durationMs,
            says: api.value.ready.ready ? 'ready' : 'not ready',
          },
        ]
      : [{ what: 'API', where: place, durationMs: undefined, says: api?.reason ?? '' }];
  const ofNodes =
    nodes?.known === true
      ? nodes.value.map((node) => ({
          what: 'RPC node',
          where: node.url,
          durationMs: node.error === undefined ? node.durationMs : undefined,
          says:
            node.error === undefined
              ? `chain ${node.id ?? '?'}, head ${node.head === undefined ? '?' : count(node.head)}`
              : node.error.message.replace(/\.$/, ''),
        }))
      : nodes === undefined
        ? []
        : [{ what: 'RPC nodes', where: '', durationMs: undefined, says: nodes.reason }];
  const ofDatabase =
    database === undefined
      ? []
      : database.known
        ? [
            {
              what: 'database',
              where: `${ctx.database().target.host}:${ctx.database().target.port}`,
              durationMs: database.value.durationMs,
              says: `PostgreSQL ${database.value.version}`,
            },
          ]
        : [{ what: 'database', where: '', durationMs: undefined, says: database.reason }];
  return [...answers, ...ofDatabase, ...ofNodes];
}
