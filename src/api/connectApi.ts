import { withoutUser } from '../config/mask.ts';
import { onHost } from '../errors/advice.ts';
import { connectionFailure } from '../errors/connectionFailure.ts';
import { TimeoutError, TvError, UnavailableError } from '../errors/TvError.ts';
import { BodyTooLarge, type HttpRequest, request } from '../http/request.ts';
import type { Api, ApiAnswer } from '../runbook/context.ts';
import { firstWords, looksLikeHtml } from '../text/firstWords.ts';
import { maskUrl } from '../text/maskUrl.ts';
import { outsideJson } from '../text/outsideText.ts';

export interface ConnectApiParameters {
  readonly url: string | undefined;
  /** Limit of one request, in milliseconds. */
  readonly timeoutMs: number;
  /** Ends every pending request. */
  readonly signal?: AbortSignal;
}

/** The largest response that is read, in bytes. The API's own lists are a hundredth of it. */
const mostBytes = 8 * 2 ** 20;

const next = [
  onHost('systemctl status tempovault-api'),
  { when: 'see where the API is expected', tv: ['config', 'show'] },
];

/**
 * TempoVault's HTTP API. Nothing is asked yet. Any HTTP status with a JSON body is an answer.
 * @throws TvError where no URL is set, or one that is not http or https
 */
export function connectApi(parameters: ConnectApiParameters): Api {
  const { url, timeoutMs, signal } = parameters;
  if (url === undefined)
    throw new TvError('config.setting-missing', 'No API URL is set.', { next: { tv: ['config', 'init'] } });
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new TvError('config.invalid', 'The API URL is not an http or https URL.', {
      next: { tv: ['config', 'show'] },
    });
  }
  const shown = maskUrl(url);

  async function get(path: string): Promise<ApiAnswer> {
    const facts = { url: `${shown}${path}` };
    const limit = AbortSignal.timeout(timeoutMs);
    const start = performance.now();
    let status: number;
    let text: string;
    try {
      ({ status, text } = await request({
        ...addressOf(url ?? '', path),
        signal: AbortSignal.any(signal ? [limit, signal] : [limit]),
        follow: true,
        mostBytes,
      }));
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      if (error instanceof BodyTooLarge) {
        throw new UnavailableError(
          'api.not-tempovault',
          `The API URL answered with more than ${mostBytes / 2 ** 20} MiB.`,
          { facts, next },
        );
      }
      if (limit.aborted) {
        throw new TimeoutError('api.timeout', `The API did not answer within ${timeoutMs / 1000} s.`, {
          facts,
          next,
        });
      }
      const why = connectionFailure(error)?.words;
      throw new UnavailableError(
        'api.unreachable',
        `The API cannot be reached${why === undefined ? '' : `: ${why}`}.`,
        {
          facts,
          next,
          cause: error,
        },
      );
    }
    return {
      status,
      body: parse(text, { ...facts, status: `HTTP ${status}` }),
      durationMs: Math.round(performance.now() - start),
    };
  }

  return { url: shown, get };
}

/** Of a path below the URL of an API, whose credentials become a header. */
export function addressOf(base: string, path: string): Pick<HttpRequest, 'url' | 'headers'> {
  const { url, authorization } = withoutUser(base);
  url.pathname = url.pathname.replace(/\/$/, '') + path;
  const headers = { accept: 'application/json', ...(authorization === undefined ? {} : { authorization }) };
  return { url, headers };
}

function parse(text: string, facts: Record<string, string>): unknown {
  try {
    return outsideJson(JSON.parse(text));
  } catch {
    throw new UnavailableError(
      'api.not-tempovault',
      looksLikeHtml(text)
        ? 'The API URL answered with a web page instead of JSON.'
        : 'The API URL answered with something that is not JSON.',
      { facts: { ...facts, answer: firstWords(text) }, next },
    );
  }
}
