import type { ActionContext } from '../../runbook/define.ts';
import { exposition } from './exposition.ts';
import { keepChecking, type Monitoring } from './keepChecking.ts';
import type { MonitorCheck } from './monitor.ts';
import { type Served, serveMonitor } from './server.ts';
import { statusPage } from './statusPage.ts';

/** Checks that a trend of the page shows. */
const pageChecks = 240;
/** Checks that may be missed, and the time that one may take in milliseconds, before what is served is stale. */
const missedChecks = 3;
const checkLimitMs = 10_000;

/**
 * Repeats the check and serves the last one until a signal ends it. Changes are lines on standard output.
 * @throws TvError where the address cannot be had
 */
export async function keepServing(
  ctx: ActionContext,
  monitoring: Monitoring,
  { host, port, everyMs }: { readonly host: string; readonly port: number; readonly everyMs: number },
): Promise<void> {
  const { environment } = ctx.settings;
  const { redact } = ctx.output;
  const { place, history } = monitoring;
  let last: Served | undefined;
  await using server = await serveMonitor({
    ...{ host, port, everyMs, staleMs: missedChecks * everyMs + checkLimitMs },
    now: () => ctx.clock.now().getTime(),
    last: () => last,
    invocation: process.env['INVOCATION_ID'] ?? null,
  });
  ctx.tell(`Status page, /metrics and /health at ${server.url}`);
  const serve = (check: MonitorCheck, problems: readonly string[]) => {
    last = {
      at: check.at.getTime(),
      metrics: redact(exposition(check, environment)),
      page: redact(statusPage(check, history.checks(pageChecks), { place, everyMs, problems })),
    };
    return undefined;
  };
  const outputs = [...monitoring.outputs, serve];
  await keepChecking(ctx, { ...monitoring, outputs }, { everyMs, draws: false });
}
