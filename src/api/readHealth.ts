import { UnavailableError } from '../errors/TvError.ts';
import type { Api } from '../runbook/context.ts';
import { isObject } from './isObject.ts';

export interface Health {
  /** `healthy`, `degraded`, `unhealthy`, or a word that a later release uses. */
  readonly status: string;
  readonly chainId: number | undefined;
  readonly latestBlock: number | undefined;
  readonly durationMs: number;
}

/**
 * `GET /health`. The HTTP status says nothing: `degraded` (the RPC node is away) comes with 200.
 * @throws UnavailableError where what answers is not TempoVault's API
 */
export async function readHealth(api: Api): Promise<Health> {
  const { status, body, durationMs } = await api.get('/health');
  // FastAPI puts the body of an error under `detail`.
  const health = isObject(body) && isObject(body['detail']) ? body['detail'] : body;
  if (!isObject(health) || typeof health['status'] !== 'string') {
    throw new UnavailableError('api.not-tempovault', 'What answers at the API URL is not TempoVault’s API.', {
      facts: {
        url: `${api.url}/health`,
        status: `HTTP ${status}`,
        answer: JSON.stringify(body).slice(0, 80),
      },
      next: { when: 'see where the API is expected', tv: ['config', 'show'] },
    });
  }
  return {
    status: health['status'],
    chainId: count(health['chain_id']),
    latestBlock: count(health['latest_block']),
    durationMs,
  };
}

function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : undefined;
}
