/** A path segment of this length counts as an API key (Infura, Alchemy and QuickNode use 32 characters and more). */
const shortestKey = 16;

/**
 * A URL to be shown: without user and password, and with `***` for query values and for path segments that look
 * like API keys. The result is still a valid URL.
 */
export function maskUrl(text: string): string {
  if (!URL.canParse(text)) return '(not a URL)';
  const url = new URL(text);
  url.username = '';
  url.password = '';
  url.hash = '';
  url.pathname = url.pathname
    .split('/')
    .map((segment) => (segment.length >= shortestKey ? '***' : segment))
    .join('/');
  for (const name of [...url.searchParams.keys()]) url.searchParams.set(name, '***');
  const shown = url.toString();
  return url.pathname === '/' && url.search === '' ? shown.replace(/\/$/, '') : shown;
}

/**
 * A text from outside, such as a line of a service's journal, with the secret parts of every URL in it
 * replaced by `***`, whether or not tv knows the secret. A password that is not encoded may contain any
 * character but a blank, so everything up to the last `@` is removed.
 */
export function maskUrlsIn(text: string): string {
  if (!text.includes('://')) return text;
  return text
    .replaceAll(/\b([a-z][a-z0-9+.-]*:\/\/)\S*@/gi, '$1***@')
    .replaceAll(/\bhttps?:\/\/[^\s'"<>]+/gi, (url) =>
      URL.canParse(url) && !url.includes('***@') ? maskUrl(url) : url,
    );
}
