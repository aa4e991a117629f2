import { resolve } from 'node:path';
import * as z from 'zod';
import { TvError, UsageError } from '../src/errors/TvError.ts';
import { nextOf } from '../src/observe/findings.ts';
import { pluginExitCode } from '../src/observe/level.ts';
import type { EventPlace, MonitorEvent } from '../src/observe/monitor/event.ts';
import { exposition } from '../src/observe/monitor/exposition.ts';
import { every, notify, plugin, runbookUrl, textfile, webhookFile } from '../src/observe/monitor/fields.ts';
import { History } from '../src/observe/monitor/history.ts';
import { checkAndReport, keepChecking, type Monitoring } from '../src/observe/monitor/keepChecking.ts';
import { keepServing } from '../src/observe/monitor/keepServing.ts';
import { firing, historyFile, type MonitorCheck } from '../src/observe/monitor/monitor.ts';
import { pluginLine } from '../src/observe/monitor/pluginLine.ts';
import { notifyReceiver, webhookFileReceiver, webhookReceiver } from '../src/observe/monitor/receivers.ts';
import { renderMonitor } from '../src/observe/monitor/render.ts';
import { parseAddress } from '../src/operations/monitorUnit.ts';
import { type ActionContext, defineAction, field, type InputOf } from '../src/runbook/define.ts';
import { byHand } from './monitor.byHand.ts';

const input = {
  plugin,
  watch: field('--watch', 'repeat the check, and redraw the screen', z.boolean().optional()),
  every,
  notify,
  webhook: field(
    '--webhook <url>',
    "send each change of state there, as Alertmanager's JSON",
    z.string().optional(),
  ),
  webhookFile,
  textfile,
  serve: field(
    '--serve <address>',
    'repeat the check, and serve a status page, /metrics and /health, at 127.0.0.1:9464 for example',
    z.string().optional(),
  ),
  runbookUrl,
};

/** Runbook §8: the alerts. */
export default defineAction({
  title: 'Monitor',
  summary: 'Report faults once, on a screen, or to a pager',
  withinLimit: true,
  section: '8',
  order: 2,
  risk: 'read',
  description: `
Runs the checks of \`tv status\` and records their results. A value that fluctuates (lag, memory, slow answers) fires
only after it was found for some time and in two checks. What fires is resolved only after two checks have proven
that it is gone. A check that could not read a source proves nothing about it. The results are recorded in the state
directory (\`monitor.sqlite\`, at most 7 days); without it each check is judged alone.

Once, it prints what fires. Exit codes follow the monitoring-plugin convention: 0 ok, 1 warning, 2 critical,
3 unknown. With --plugin it prints one line with performance data.

With --watch it checks repeatedly: on a screen that is redrawn in place, or, where standard output is no terminal, with
one line for each change (--json: one JSON document a line). SIGINT and SIGTERM end it with exit code 0.

--notify and --webhook are called at changes of state only, also without --watch, and first for what fires already.
What could not be sent is retried at the next check: for an hour, after that only what still holds, that an alert
fires or is over. --notify takes words, which no shell reads; the program gets 10 s. --webhook-file keeps a URL that
is a secret off the command line. Thresholds are the settings \`monitor.…\`.

--textfile and --serve export the figures for Prometheus (\`tv monitor rules\` writes alerting rules and a dashboard
for them). --serve 9464 listens on this machine alone, :9464 on all its addresses; it has no password and no TLS,
and shows what \`tv status\` shows. A request causes no check. /health is 503 once the last check is too old.`,
  byHand,
  examples: [
    { what: 'One check, as a check of Nagios or Icinga', line: 'tv monitor --plugin' },
    { what: 'A status page, /metrics and /health', line: 'tv monitor --serve 127.0.0.1:9464' },
    {
      what: "From cron, for node_exporter's textfile collector",
      line: 'tv monitor --textfile /var/lib/node_exporter/tv.prom',
    },
    {
      what: 'Call a program at each change of state',
      line: 'tv monitor --watch --notify /usr/local/bin/page-on-call',
    },
  ],
  input,
  run: async (ctx, given) => {
    const { settings, output } = ctx;
    assertCompatible(given, output.json);
    const { environment, chain, stateDirectory } = settings;
    const { textfile, serve } = given;
    const history = await History.open<MonitorEvent>(historyFile(stateDirectory), environment, output.redact);
    try {
      const monitoring: Monitoring = {
        history,
        place: placeOf(ctx, given.runbookUrl),
        receivers: receiversOf(ctx, given),
        outputs: textfile === undefined ? [] : [(check) => writeTextfile(ctx, textfile, check)],
      };
      if (serve !== undefined) {
        await keepServing(ctx, monitoring, { ...parseAddress(serve), everyMs: given.every });
        return undefined;
      }
      if (given.watch === true) {
        await keepChecking(ctx, monitoring, { everyMs: given.every, draws: true });
        return undefined;
      }
      const { check, problems } = await checkAndReport(ctx, monitoring, { once: true });
      const { at, level, alerts, figures } = check;
      const findings = firing(alerts, at);
      return {
        schema: 'tv.monitor/1' as const,
        environment,
        chainId: chain.id ?? null,
        at,
        level,
        findings,
        next: nextOf({ findings }),
        alerts,
        figures,
        problems,
        line: pluginLine({ level, findings, figures }, settings),
      };
    } finally {
      history.close();
    }
  },
  render: (data, paint, { plugin: isPlugin }) => {
    if (data === undefined) return '';
    return isPlugin === true ? data.line : renderMonitor(data, paint);
  },
  exitCode: (data) => (data === undefined ? 0 : pluginExitCode[data.level]),
  failureExitCode: pluginExitCode.unknown,
});

function assertCompatible({ watch, plugin: isPlugin, serve }: InputOf<typeof input>, json: boolean): void {
  if (serve !== undefined && (watch === true || isPlugin === true)) {
    throw new UsageError(
      'usage.conflicting-flags',
      '--serve does without a screen: start --watch or --plugin beside it.',
      { next: { tv: ['monitor', '--help'] } },
    );
  }
  if (isPlugin !== true || (watch !== true && !json)) return;
  throw new UsageError(
    'usage.conflicting-flags',
    `--plugin prints one line, and ${json ? '--json a document' : '--watch never ends'}.`,
    { next: { tv: ['monitor', '--help'] } },
  );
}

/** What went wrong, undefined where nothing did. */
function writeTextfile(ctx: ActionContext, file: string, check: MonitorCheck): string | undefined {
  try {
    // node_exporter runs as another user.
    ctx.writeFile(resolve(file), exposition(check, ctx.settings.environment), 0o644);
    return undefined;
  } catch (error) {
    if (!(error instanceof TvError)) throw error;
    return error.message;
  }
}

function placeOf({ settings, output }: ActionContext, runbookUrl: string): EventPlace {
  const paint = output.paint();
  return { environment: settings.environment, runbookUrl, line: (advice) => paint.line(advice) };
}

function receiversOf(ctx: ActionContext, { notify, webhook, webhookFile: file }: InputOf<typeof input>) {
  const { clock, signal, output } = ctx;
  const place = { clock, signal, redact: output.redact, keep: output.keep };
  return [
    ...(notify === undefined ? [] : [notifyReceiver(notify, place)]),
    ...(webhook === undefined ? [] : [webhookReceiver(webhook, place)]),
    ...(file === undefined ? [] : [webhookFileReceiver(file, place)]),
  ];
}
