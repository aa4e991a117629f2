import { readHealth } from '../api/readHealth.ts';
import { readReady } from '../api/readReady.ts';
import { TvError } from '../errors/TvError.ts';
import type { Api } from '../runbook/context.ts';

/** What the API says of itself. */
export interface ApiSeen {
  /** Something answered, whatever it said. */
  readonly answers: boolean;
  /** `/health` is not `unhealthy`, and `/ready` is true. */
  readonly isReady: boolean;
  /** The status of `/health`. */
  readonly health: string | undefined;
  /** Why it is not ready. */
  readonly problem: string | undefined;
}

/** Asks `/health` and `/ready`. An API that does not answer is a value. */
export async function askApi(api: Api): Promise<ApiSeen> {
  let health: string | undefined;
  try {
    ({ status: health } = await readHealth(api));
    const { ready, checks } = await readReady(api);
    const reasons = [
      ...(checks.rpc === false ? [`RPC node: ${checks.rpcError ?? 'not reached'}`] : []),
      ...(checks.database === false ? [`database: ${checks.databaseError ?? 'not reached'}`] : []),
    ];
    if (!ready) {
      const problem = reasons.join('; ') || 'it does not say why';
      return { answers: true, isReady: false, health, problem };
    }
    const isReady = health !== 'unhealthy';
    return { answers: true, isReady, health, problem: isReady ? undefined : '/health is unhealthy' };
  } catch (error) {
    if (!(error instanceof TvError)) throw error;
    const problem = error.message.replace(/\.$/, '');
    return { answers: health !== undefined, isReady: false, health, problem };
  }
}

/** `answers ready, health degraded`; `is not ready: database: …`. */
export function describeApi({ answers, isReady, health, problem }: ApiSeen): string {
  if (isReady) return `answers /health ${health} and /ready true`;
  if (!answers) return `does not answer: ${problem}`;
  return `answers, and is not ready: ${problem}`;
}
