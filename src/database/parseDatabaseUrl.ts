import { readFileSync } from 'node:fs';
import { decoded } from '../config/mask.ts';
import { TvError } from '../errors/TvError.ts';
import type { DatabaseTarget } from '../runbook/context.ts';

export type SslMode = 'disable' | 'allow' | 'prefer' | 'require' | 'verify-ca' | 'verify-full';

/** A database URL taken apart. `password` is the only secret in it. */
export interface DatabaseAddress extends DatabaseTarget {
  readonly password: string | undefined;
  readonly sslMode: SslMode;
  readonly sslRootCert: string | undefined;
  /** libpq's `options`, such as `-csearch_path=vault`. */
  readonly options: string | undefined;
}

const sslModes: readonly string[] = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'];

/**
 * Reads a database URL the way that both libpq and SQLAlchemy write it: a driver may follow the
 * scheme (`postgresql+asyncpg://`), the password may hold `/`, `?` or `#` without escapes, and any
 * part may be missing. Defaults are libpq's, with `localhost` for the host.
 * @throws TvError without the URL in it, since it holds the password
 */
export function parseDatabaseUrl(url: string): DatabaseAddress {
  const scheme = /^postgres(?:ql)?(?:\+\w+)?:\/\//.exec(url.trim());
  if (scheme === null) throw unreadable('it does not begin with postgres:// or postgresql://');
  const rest = url.trim().slice(scheme[0].length);
  // An unescaped password may hold anything but an @, so the last @ ends it.
  const at = rest.lastIndexOf('@');
  const [user, password] = cut(at < 0 ? '' : rest.slice(0, at), ':');
  const [authority, afterAuthority] = cut(rest.slice(at + 1), /[/?]/);
  const pathAndQuery = rest.slice(at + 1 + authority.length);
  const path = pathAndQuery.startsWith('/') ? cut(afterAuthority ?? '', '?')[0] : '';
  const query = new URLSearchParams(cut(pathAndQuery, '?')[1] ?? '');
  const { host, port } = readAuthority(authority, query);
  const userName = decoded(user) || query.get('user') || process.env['PGUSER'] || process.env['USER'] || '';
  const sslMode = query.get('sslmode') ?? process.env['PGSSLMODE'] ?? 'prefer';
  if (!isSslMode(sslMode))
    throw unreadable(`sslmode ${JSON.stringify(sslMode)} is not one of ${sslModes.join(', ')}`);
  return {
    host,
    port,
    name: decoded(path) || query.get('dbname') || userName,
    user: userName,
    password: (password === undefined ? query.get('password') : decoded(password)) || undefined,
    sslMode,
    sslRootCert: query.get('sslrootcert') ?? undefined,
    options: query.get('options') ?? undefined,
  };
}

/** node-postgres has no fallback from TLS to plain, so "prefer" means plain here, as on a private network. */
export function tlsOptions(address: DatabaseAddress): false | Record<string, unknown> {
  const ca = address.sslRootCert === undefined ? {} : { ca: readFileSync(address.sslRootCert, 'utf8') };
  switch (address.sslMode) {
    case 'require':
      return { rejectUnauthorized: false };
    case 'verify-ca':
      return { ...ca, rejectUnauthorized: true, checkServerIdentity: () => undefined };
    case 'verify-full':
      return { ...ca, rejectUnauthorized: true };
    default:
      return false;
  }
}

function readAuthority(authority: string, query: URLSearchParams): { host: string; port: number } {
  if (authority.includes(',')) throw unreadable('it names several hosts, and tv speaks to one');
  const parts = /^(\[[^\]]*\]|[^:]*)(?::(\d*))?$/.exec(authority);
  if (parts === null) throw unreadable('its port is not a number');
  const host = decoded(parts[1] ?? '').replace(/^\[|\]$/g, '') || query.get('host') || 'localhost';
  const port = Number(parts[2] || query.get('port') || 5432);
  if (!Number.isInteger(port) || port < 1 || port > 65535)
    throw unreadable('its port is not between 1 and 65535');
  return { host, port };
}

function cut(text: string, separator: string | RegExp): [string, string | undefined] {
  const index = typeof separator === 'string' ? text.indexOf(separator) : text.search(separator);
  return index < 0 ? [text, undefined] : [text.slice(0, index), text.slice(index + 1)];
}

function isSslMode(text: string): text is SslMode {
  return sslModes.includes(text);
}

function unreadable(reason: string): TvError {
  return new TvError(`The database URL cannot be read: ${reason}.`, {
    facts: { form: 'postgres://user:password@host:5432/database' },
    next: 'tv config show',
  });
}
