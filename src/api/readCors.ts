import { connectionFailure } from '../errors/connectionFailure.ts';
import { TimeoutError, UnavailableError } from '../errors/TvError.ts';
import { request } from '../http/request.ts';
import { visible } from '../text/outsideText.ts';
import { addressOf } from './connectApi.ts';

export interface CorsAnswer {
  readonly status: number;
  /** `Access-Control-Allow-Origin`; undefined where the header is not there. */
  readonly allowOrigin: string | undefined;
  /** Whether a browser on a page of the origin may read the answer. */
  readonly allowed: boolean;
}

export interface ReadCorsParameters {
  /** Of the API, without a path. */
  readonly url: string;
  readonly path: string;
  /** Of the page: `https://app.tempovault.xyz`. */
  readonly origin: string;
  /** In milliseconds. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/**
 * Asks as a browser does before a request from another origin (Fetch standard, "CORS-preflight request").
 * @throws UnavailableError where nothing answers. @throws TimeoutError
 */
export async function readCors(parameters: ReadCorsParameters): Promise<CorsAnswer> {
  const { path, origin, timeoutMs, signal } = parameters;
  // No credentials: a browser sends none with it.
  const { url } = addressOf(parameters.url, path);
  const limit = AbortSignal.timeout(timeoutMs);
  try {
    const { status, headers } = await request({
      ...{ url, method: 'OPTIONS', follow: false, statusOnly: true },
      headers: { origin, 'access-control-request-method': 'GET' },
      signal: signal === undefined ? limit : AbortSignal.any([limit, signal]),
    });
    const header = headers['access-control-allow-origin'];
    const allowOrigin = header === undefined ? undefined : visible(header);
    const allowed = (allowOrigin === '*' || allowOrigin === origin) && status >= 200 && status < 300;
    return { status, allowOrigin, allowed };
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    if (limit.aborted)
      throw new TimeoutError('api.timeout', `The API did not answer within ${timeoutMs / 1000} s.`);
    const why = connectionFailure(error)?.words;
    const sentence = `The API cannot be reached${why === undefined ? '' : `: ${why}`}.`;
    throw new UnavailableError('api.unreachable', sentence, { cause: error });
  }
}
