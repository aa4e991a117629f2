import { TvError, UnavailableError } from '../errors/TvError.ts';
import type { Host } from '../runbook/context.ts';
import { outsideText } from '../text/outsideText.ts';
import { CommandMissingError, lastLine } from './explainFailure.ts';
import script from './fetchUrl.sh';

/** What answers at a URL, as the host sees it. */
export interface HostAnswer {
  readonly status: number;
  /** Names in lower case; of a name that comes twice the last value. */
  readonly headers: ReadonlyMap<string, string>;
  /** At most 64 KiB. */
  readonly body: string;
}

const noCurl = 20;
/** Of curl(1): an empty reply (52), or the connection was reset (56). */
const cutOff = /^curl: \((52|56)\)/m;

/**
 * `GET` of a URL from the host, with curl: what listens on its loopback, or in its network, is not seen from here.
 * One that is cut off before it is answered is repeated once: a server that is reloaded closes connections.
 * @param parameters.limitSeconds of the whole request
 * @returns undefined where nothing listens: the connection was refused
 * @throws CommandMissingError without curl
 * @throws UnavailableError where what listens does not answer in time, or not in HTTP
 */
export async function fetchUrl(
  host: Host,
  parameters: { readonly url: string; readonly limitSeconds: number; readonly name?: string },
): Promise<HostAnswer | undefined> {
  const { url, limitSeconds, name = '' } = parameters;
  const ask = () => host.run(['sh', '-c', script, 'sh', url, String(limitSeconds), name]);
  const first = await ask();
  const { exitCode, stdout, stderr } =
    parseAnswer(first.stdout) === undefined && cutOff.test(first.stderr) ? await ask() : first;
  if (exitCode === noCurl) {
    throw new CommandMissingError('host.command-missing', 'curl is not installed on the host.');
  }
  const answer = parseAnswer(stdout);
  if (answer !== undefined) return answer;
  if (/^curl: \(7\) .*(refused|Couldn't connect)/m.test(stderr)) return undefined;
  throw new UnavailableError('host.unreadable-answer', `No HTTP answer from ${url}.`, {
    facts: { reason: lastLine(stderr).replace(/^curl: /, '') || 'no HTTP answer' },
  });
}

/** Status line, headers and body, as `curl -D -` prints them. */
export function parseAnswer(output: string): HostAnswer | undefined {
  const [, head = '', body = ''] = /^([\s\S]*?)\r?\n\r?\n([\s\S]*)$/.exec(output) ?? [];
  const [first = '', ...lines] = head.split(/\r?\n/);
  const status = /^HTTP\/\S+ (\d{3})\b/.exec(first)?.[1];
  if (status === undefined) return undefined;
  const headers = lines.flatMap((line): [string, string][] => {
    const at = line.indexOf(':');
    return at < 1 ? [] : [[line.slice(0, at).toLowerCase(), outsideText(line.slice(at + 1).trim())]];
  });
  return { status: Number(status), headers: new Map(headers), body };
}

/** The body as JSON. @throws TvError where it is none */
export function jsonOf({ status, body }: HostAnswer, url: string): unknown {
  try {
    return JSON.parse(body);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new TvError('host.unreadable-answer', `What answers at ${url} is no JSON.`, {
      facts: { status: `HTTP ${status}`, answer: body.slice(0, 80) },
    });
  }
}
