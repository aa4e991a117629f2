import { maskUrl } from '../text/maskUrl.ts';

/** A path segment this long is taken for an API key, as in `maskUrl`. */
const shortestKey = 16;

/** `postgres://tempovault:***@localhost:5432/tempovault`: all but the password. */
export function maskDatabaseUrl(url: string): string {
  const parts = splitDatabaseUrl(url);
  if (parts === undefined) return '(not a database URL)';
  const { scheme, user, password, rest } = parts;
  const login = user === undefined ? '' : `${user}${password === undefined ? '' : ':***'}@`;
  return `${scheme}${login}${rest.replace(queryPassword, '$1***')}`;
}

/** The password of a database URL as written, and decoded if that differs. */
export function databasePasswords(url: string): readonly string[] {
  const parts = splitDatabaseUrl(url);
  const inQuery = [...(parts?.rest ?? '').matchAll(queryPassword)].map(([, , value]) => value);
  return [parts?.password, ...inQuery].flatMap((raw) => (raw ? unique([raw, decoded(raw)]) : []));
}

/** URLs for people, separated by commas, without credentials and API keys. */
export function maskUrls(urls: readonly string[]): string {
  return urls.map(maskUrl).join(', ');
}

/**
 * What `maskUrl` takes out of an HTTP URL. A user name with a password beside it stays: it is an
 * ordinary word, and taking it out of every output would take names out too.
 */
export function urlCredentials(text: string): readonly string[] {
  if (!URL.canParse(text)) return [];
  const url = new URL(text);
  return [
    url.password === '' ? url.username : url.password,
    ...url.pathname.split('/').filter((segment) => segment.length >= shortestKey),
    ...url.searchParams.values(),
  ].flatMap((raw) => (raw === '' ? [] : unique([raw, decoded(raw)])));
}

/** Whether the URL has a user and password, rather than something that only looks like a key. */
export function hasLogin(text: string): boolean {
  return URL.canParse(text) && new URL(text).password !== '';
}

const queryPassword = /([?&](?:ssl)?password=)([^&]*)/g;

interface DatabaseUrlParts {
  readonly scheme: string;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly rest: string;
}

/** By hand, since a password with a bare `/` or `#` is usual and no valid URL. The last `@` ends it. */
function splitDatabaseUrl(url: string): DatabaseUrlParts | undefined {
  const [, scheme, after] = /^([a-z][a-z0-9+.-]*:\/\/)(.*)$/is.exec(url.trim()) ?? [];
  if (scheme === undefined || after === undefined) return undefined;
  const at = after.lastIndexOf('@');
  if (at < 0) return { scheme, user: undefined, password: undefined, rest: after };
  const login = after.slice(0, at);
  const colon = login.indexOf(':');
  return {
    scheme,
    user: colon < 0 ? login : login.slice(0, colon),
    password: colon < 0 ? undefined : login.slice(colon + 1),
    rest: after.slice(at + 1),
  };
}

/**
 * A URL without the user and password in it, which `fetch` refuses: they travel as a header.
 * @param text a URL
 */
export function withoutUser(text: string): { readonly url: URL; readonly authorization: string | undefined } {
  const url = new URL(text);
  const user = decoded(url.username);
  const password = decoded(url.password);
  url.username = '';
  url.password = '';
  const authorization =
    user === '' && password === ''
      ? undefined
      : `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  return { url, authorization };
}

/** Percent-decoded; as it is where a stray `%` (of a password that was not encoded) is no encoding. */
export function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function unique(values: readonly string[]): readonly string[] {
  return [...new Set(values)];
}
