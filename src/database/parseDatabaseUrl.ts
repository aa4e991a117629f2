import { readFileSync } from 'node:fs';
import { decoded } from '../config/mask.ts';
import { onThisMachine } from '../errors/advice.ts';
import { TvError } from '../errors/TvError.ts';
import type { DatabaseTarget } from '../runbook/context.ts';

export type SslMode = 'disable' | 'allow' | 'prefer' | 'require' | 'verify-ca' | 'verify-full';

/** A database URL taken apart. `password` is the only secret in it. */
export interface DatabaseAddress extends DatabaseTarget {
  readonly password: string | undefined;
  readonly sslMode: SslMode;
  /** A file with the certificates to trust; `system` for those of the machine, as from libpq 16 on. */
  readonly sslRootCert: string | undefined;
  /** libpq's `options`, such as `-csearch_path=vault`. */
  readonly options: string | undefined;
}

const sslModes: readonly string[] = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'];

/**
 * What libpq, SQLAlchemy, asyncpg and JDBC take behind the question mark. Only what begins with one of
 * these is read as parameters: the password before the host may hold a question mark as well.
 */
const parameterNames =
  'application_name|channel_binding|client_encoding|connect_timeout|dbname|fallback_application_name|gssencmode|host|hostaddr|keepalives\\w*|krbsrvname|options|passfile|password|port|replication|service|ssl|sslcert|sslcrl\\w*|sslkey|ssl_min_protocol_version|ssl_max_protocol_version|sslmode|sslpassword|sslrootcert|sslsni|target_session_attrs|tcp_user_timeout|user|async_fallback|prepared_statement_cache_size|statement_cache_size|command_timeout|timeout';
const parameterStart = new RegExp(`\\?(?=(?:${parameterNames})=)`);

/** asyncpg, SQLAlchemy and JDBC say `ssl=` where libpq says `sslmode=`. */
const sslWords: Readonly<Record<string, SslMode>> = {
  true: 'require',
  '1': 'require',
  on: 'require',
  false: 'disable',
  '0': 'disable',
  off: 'disable',
};

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
  // A parameter may hold an @ as well (application_name=indexer@prod).
  const mark = rest.search(parameterStart);
  const [head, parameterText] = mark < 0 ? [rest, undefined] : [rest.slice(0, mark), rest.slice(mark + 1)];
  // An unescaped password may hold anything but an @, so the last @ ends it.
  const at = head.lastIndexOf('@');
  const [user, password] = cut(at < 0 ? '' : head.slice(0, at), ':');
  const [authority, afterAuthority] = cut(head.slice(at + 1), /[/?]/);
  const hasPath = head.slice(at + 1 + authority.length).startsWith('/');
  const [path, unknownParameters] = hasPath ? cut(afterAuthority ?? '', '?') : ['', afterAuthority];
  const query = new URLSearchParams(parameterText ?? unknownParameters ?? '');
  const service = query.get('service');
  if (service !== null) {
    throw unreadable(
      `it names the service ${JSON.stringify(service)}, and tv does not read pg_service.conf; write host, port, user and database into the URL`,
    );
  }
  const { host, port } = readAuthority(authority, query);
  const userName = decoded(user) || query.get('user') || process.env['PGUSER'] || process.env['USER'] || '';
  const ssl = query.get('ssl');
  const sslMode =
    query.get('sslmode') ??
    (ssl === null ? undefined : (sslWords[ssl.toLowerCase()] ?? ssl)) ??
    process.env['PGSSLMODE'] ??
    'prefer';
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

/**
 * The URL of another database of the same server, in the form of the given one: driver, password and parameters
 * stay as they are written.
 * @param parameters.applicationName how its sessions appear in `pg_stat_activity`
 * @throws TvError without the URL in it, where it cannot be read
 */
export function renamedUrl(
  url: string,
  parameters: { readonly name: string; readonly applicationName: string },
): string {
  parseDatabaseUrl(url);
  const [, scheme = '', rest = ''] = /^(\w+(?:\+\w+)?:\/\/)([\s\S]*)$/.exec(url.trim()) ?? [];
  const mark = rest.search(parameterStart);
  const head = mark < 0 ? rest : rest.slice(0, mark);
  const authority = cut(head.slice(head.lastIndexOf('@') + 1), /[/?]/)[0];
  const server = head.slice(0, head.lastIndexOf('@') + 1 + authority.length);
  const query = mark < 0 ? (cut(head.slice(server.length), '?')[1] ?? '') : rest.slice(mark + 1);
  const kept = query.split('&').filter((one) => one !== '' && !/^(dbname|application_name)=/.test(one));
  const named = `application_name=${encodeURIComponent(parameters.applicationName)}`;
  return `${scheme}${server}/${encodeURIComponent(parameters.name)}?${[...kept, named].join('&')}`;
}

/**
 * For node-postgres: `false` for a plain connection. As with libpq, `require` with a root certificate
 * verifies like `verify-ca`.
 * @throws TvError where the file of the certificates cannot be read
 */
export function tlsOptions(address: DatabaseAddress): false | Record<string, unknown> {
  const { sslMode, sslRootCert } = address;
  const ca =
    sslRootCert === undefined || sslRootCert === 'system' ? {} : { ca: readCertificates(sslRootCert) };
  switch (sslMode) {
    case 'disable':
    case 'allow':
      return false;
    case 'prefer':
      return { rejectUnauthorized: false };
    case 'require':
      return sslRootCert === undefined
        ? { rejectUnauthorized: false }
        : { ...ca, rejectUnauthorized: true, checkServerIdentity: () => undefined };
    case 'verify-ca':
      return { ...ca, rejectUnauthorized: true, checkServerIdentity: () => undefined };
    case 'verify-full':
      return { ...ca, rejectUnauthorized: true };
  }
}

/**
 * What to try where the first way was refused; undefined where there is no other. As libpq does:
 * `prefer` tries TLS and then a plain connection, `allow` the other way round.
 */
export function otherTls({ sslMode, host }: DatabaseAddress): false | Record<string, unknown> | undefined {
  // Through a Unix socket there is no TLS.
  if (host.startsWith('/')) return undefined;
  if (sslMode === 'prefer') return false;
  return sslMode === 'allow' ? { rejectUnauthorized: false } : undefined;
}

function readCertificates(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    throw new TvError(
      'config.invalid',
      `The certificate file of the database URL (sslrootcert) cannot be read: ${code === 'ENOENT' ? 'there is no such file' : (code ?? 'unknown reason')}.`,
      {
        facts: { file },
        next: [onThisMachine(`ls -l '${file.replaceAll("'", "'\\''")}'`), { tv: ['config', 'show'] }],
        cause: error,
      },
    );
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
  return new TvError('config.invalid', `The database URL cannot be read: ${reason}.`, {
    facts: { form: 'postgres://user:password@host:5432/database' },
    next: { tv: ['config', 'show'] },
  });
}
