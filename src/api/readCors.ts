import { request as plainRequest } from 'node:http';
import { request as tlsRequest } from 'node:https';
import { connectionFailure } from '../errors/connectionFailure.ts';
import { TimeoutError, UnavailableError } from '../errors/TvError.ts';
import { visible } from '../text/outsideText.ts';

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
export function readCors({ url, path, origin, timeoutMs, signal }: ReadCorsParameters): Promise<CorsAnswer> {
  const target = new URL(url);
  const send = target.protocol === 'https:' ? tlsRequest : plainRequest;
  const limit = AbortSignal.timeout(timeoutMs);
  return new Promise((resolve, reject) => {
    const call = send(
      {
        protocol: target.protocol,
        hostname: target.hostname.replace(/^\[|\]$/g, ''),
        port: target.port,
        path: target.pathname.replace(/\/$/, '') + path,
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'GET' },
        signal: signal === undefined ? limit : AbortSignal.any([limit, signal]),
      },
      (response) => {
        response.resume();
        const header = response.headers['access-control-allow-origin'];
        const allowOrigin = header === undefined ? undefined : visible(header);
        const status = response.statusCode ?? 0;
        const allowed = (allowOrigin === '*' || allowOrigin === origin) && status >= 200 && status < 300;
        resolve({ status, allowOrigin, allowed });
      },
    );
    call.on('error', (error) => {
      if (signal?.aborted) return reject(signal.reason);
      if (limit.aborted) {
        return reject(
          new TimeoutError('api.timeout', `The API did not answer within ${timeoutMs / 1000} s.`),
        );
      }
      const why = connectionFailure(error)?.words;
      return reject(
        new UnavailableError(
          'api.unreachable',
          `The API cannot be reached${why === undefined ? '' : `: ${why}`}.`,
          {
            cause: error,
          },
        ),
      );
    });
    call.end();
  });
}
