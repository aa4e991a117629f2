import { readHealth } from '../api/readHealth.ts';
import { readReady } from '../api/readReady.ts';
import type { Context } from '../runbook/context.ts';
import { duration } from '../text/format.ts';
import type { SampleValue } from './sample.ts';

/** Runbook §8: API answers slower than this are a warning. */
const slowApiMs = 2_000;

export async function api(ctx: Context): Promise<SampleValue> {
  const [health, ready] = await Promise.all([readHealth(ctx.api()), readReady(ctx.api())]);
  const away = [
    ready.checks.rpc === false ? 'its RPC is away' : '',
    ready.checks.database === false ? 'its database is away' : '',
  ].filter((part) => part !== '');
  const summary = [
    health.status,
    duration(health.durationMs),
    ready.ready ? 'ready' : 'not ready',
    ...away,
  ].join(', ');
  const data = { status: health.status, ready: ready.ready, durationMs: health.durationMs };
  if (health.status === 'unhealthy' || !ready.ready) return { level: 'critical', summary, data };
  const well = health.status === 'healthy' && health.durationMs <= slowApiMs;
  return { level: well ? 'ok' : 'warning', summary, data };
}
