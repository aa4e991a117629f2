import { resolve } from 'node:path';
import * as z from 'zod';
import { TvError, UsageError } from '../src/errors/TvError.ts';
import { nextOf } from '../src/observe/findings.ts';
import { pluginExitCode } from '../src/observe/level.ts';
import type { EventPlace, MonitorEvent } from '../src/observe/monitor/event.ts';
import { exposition } from '../src/observe/monitor/exposition.ts';
import { every, notify, plugin, runbookUrl, textfile, webhookFile } from '../src/observe/monitor/fields.ts';
import { History } from '../src/observe/monitor/history.ts';
import { keepLooking, lookAndTell, type Monitoring } from '../src/observe/monitor/keepLooking.ts';
import { keepServing } from '../src/observe/monitor/keepServing.ts';
import { firing, historyFile, type Looked } from '../src/observe/monitor/monitor.ts';
import { pluginLine } from '../src/observe/monitor/pluginLine.ts';
import { notifyReceiver, webhookFileReceiver, webhookReceiver } from '../src/observe/monitor/receivers.ts';
import { renderMonitor } from '../src/observe/monitor/render.ts';
import { parseAddress } from '../src/observe/monitor/server.ts';
import { type ActionContext, defineAction, field, type InputOf } from '../src/runbook/define.ts';
import { byHand } from './monitor.byHand.ts';

const input = {
  plugin,
  watch: field('--watch', 'keep looking, and redraw the screen', z.boolean().optional()),
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
    'keep looking, and serve a status page, /metrics and /health, at 127.0.0.1:9464 for example',
    z.string().optional(),
  ),
  runbookUrl,
};

/** Runbook §8: the alerts. */
export default defineAction({
  title: 'Monitor',
  summary: 'Report faults once, on a screen, or to a pager',
  section: '8',
  order: 2,
  risk: 'read',
  description: `
Looks as \`tv status\` does, and remembers the looks before. A figure that swings (lag, memory, slow answers) fires
only once it was found for some time and at two looks; everything that fires is resolved only once two looks have
proven that it is gone. A look that could not read a source proves nothing about it. What is remembered is in the
state directory (\`monitor.sqlite\`, at most 7 days); without it each look stands for itself.

Once, it prints what fires. Exit codes follow the monitoring-plugin convention: 0 ok, 1 warning, 2 critical,
3 unknown. With --plugin it prints one line with performance data.

With --watch it keeps looking: on a screen that is redrawn in place, or, where standard output is no terminal, with
one line for each change (--json: one JSON document a line). SIGINT and SIGTERM end it with exit code 0.

--notify and --webhook are called at changes of state only, also without --watch, and first for what fires already.
What could not be sent is tried again at the next look, for an hour. --notify takes words, which no shell reads; the
program gets 10 s. --webhook-file keeps a URL that is a secret off the command line. Thresholds are the settings \`monitor.…\`.

--textfile and --serve export the figures for Prometheus (\`tv monitor rules\` writes alerting rules and a dashboard
for them). --serve 9464 listens on this machine alone, :9464 on all its addresses; it has no password and no TLS,
and shows what \`tv status\` shows. No request causes a look. /health is 503 once the last look is too old.`,
  byHand,
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
        outputs: textfile === undefined ? [] : [(looked) => writeTextfile(ctx, textfile, looked)],
      };
      if (serve !== undefined) {
        await keepServing(ctx, monitoring, { ...parseAddress(serve), everyMs: given.every });
        return undefined;
      }
      if (given.watch === true) {
        await keepLooking(ctx, monitoring, { everyMs: given.every, draws: true });
        return undefined;
      }
      const { looked, problems } = await lookAndTell(ctx, monitoring, { once: true });
      const { at, level, alerts, figures } = looked;
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
function writeTextfile(ctx: ActionContext, file: string, looked: Looked): string | undefined {
  try {
    // node_exporter runs as another user.
    ctx.writeFile(resolve(file), exposition(looked, ctx.settings.environment), 0o644);
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
