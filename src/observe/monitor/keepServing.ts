import type { ActionContext } from '../../runbook/define.ts';
import { exposition } from './exposition.ts';
import { keepLooking, type Monitoring } from './keepLooking.ts';
import type { Looked } from './monitor.ts';
import { type Served, serveMonitor } from './server.ts';
import { statusPage } from './statusPage.ts';

/** Looks that a trend of the page shows. */
const pageLooks = 240;
/** Looks that may fail to come, and the time that one may take in milliseconds, before what is served is stale. */
const missedLooks = 3;
const lookLimitMs = 10_000;

/**
 * Looks again and again, and serves the last look, until a signal ends it. Changes are lines on standard output.
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
    ...{ host, port, staleMs: missedLooks * everyMs + lookLimitMs },
    now: () => ctx.clock.now().getTime(),
    last: () => last,
    invocation: process.env['INVOCATION_ID'] ?? null,
  });
  ctx.tell(`Status page, /metrics and /health at ${server.url}`);
  const serve = (looked: Looked, problems: readonly string[]) => {
    last = {
      at: looked.at.getTime(),
      metrics: redact(exposition(looked, environment)),
      page: redact(statusPage(looked, history.looks(pageLooks), { place, everyMs, problems })),
    };
    return undefined;
  };
  const outputs = [...monitoring.outputs, serve];
  await keepLooking(ctx, { ...monitoring, outputs }, { everyMs, draws: false });
}
