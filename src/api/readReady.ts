import { UnavailableError } from '../errors/TvError.ts';
import type { Api } from '../runbook/context.ts';
import { isObject } from './isObject.ts';

export interface Ready {
  readonly ready: boolean;
  readonly durationMs: number;
  readonly checks: {
    readonly rpc: boolean | undefined;
    readonly database: boolean | undefined;
    readonly rpcError?: string;
    readonly databaseError?: string;
  };
}

/**
 * `GET /ready`: 200 with the checks, or 503 with the same under `detail`.
 * @throws UnavailableError where what answers is not TempoVault's API
 */
export async function readReady(api: Api): Promise<Ready> {
  const { status, body, durationMs } = await api.get('/ready');
  const answer = isObject(body) && isObject(body['detail']) ? body['detail'] : body;
  if (!isObject(answer) || typeof answer['ready'] !== 'boolean') {
    throw new UnavailableError('api.not-tempovault', 'What answers at the API URL is not TempoVault’s API.', {
      facts: { url: `${api.url}/ready`, status: `HTTP ${status}`, answer: JSON.stringify(body).slice(0, 80) },
      next: { when: 'see where the API is expected', tv: ['config', 'show'] },
    });
  }
  const checks = isObject(answer['checks']) ? answer['checks'] : {};
  return {
    ready: answer['ready'],
    durationMs,
    checks: {
      rpc: flag(checks['rpc']),
      database: flag(checks['database']),
      ...(typeof checks['rpc_error'] === 'string' ? { rpcError: checks['rpc_error'] } : {}),
      ...(typeof checks['database_error'] === 'string' ? { databaseError: checks['database_error'] } : {}),
    },
  };
}

/** Releases differ: `true`, or a word such as `ok`. */
function flag(value: unknown): boolean | undefined {
  if (typeof value === 'boolean') return value;
  return typeof value === 'string' ? /^(ok|healthy|connected|up)$/i.test(value) : undefined;
}
