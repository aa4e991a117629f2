import { type Advice, onHost } from '../errors/advice.ts';
import type { ErrorCode } from '../errors/codes.ts';
import { TimeoutError, TvError, UnavailableError } from '../errors/TvError.ts';
import type { DatabaseTarget } from '../runbook/context.ts';

interface ServerError extends Error {
  readonly code?: string;
  readonly detail?: string;
}

type Kind = typeof TvError | typeof UnavailableError | typeof TimeoutError;

interface Description {
  readonly kind: Kind;
  readonly code: ErrorCode;
  readonly message: string;
  readonly next?: Advice | readonly Advice[] | undefined;
}

/**
 * An error of node-postgres or of the network, in words. The original stays as `cause`, so that a
 * caller can look at its SQLSTATE (`sqlState`). A TvError comes back as it is.
 */
export function describeDatabaseError(error: unknown, target: DatabaseTarget): TvError {
  if (error instanceof TvError) return error;
  const original: ServerError = error instanceof Error ? error : new Error(String(error));
  const { kind: Kind, code, message, next } = describe(original, target);
  return new Kind(code, message, {
    facts: {
      host: target.host,
      port: target.port,
      database: target.name,
      user: target.user,
      said: original.message || undefined,
      detail: original.detail,
      code: original.code,
    },
    ...(next === undefined ? {} : { next }),
    cause: error,
  });
}

/** The SQLSTATE (or the system's error name) behind an error; undefined where there is none. */
export function sqlState(error: unknown): string | undefined {
  const source = error instanceof TvError ? error.cause : error;
  const code = source instanceof Error ? (source as ServerError).code : undefined;
  return typeof code === 'string' ? code : undefined;
}

function describe(error: ServerError, target: DatabaseTarget): Description {
  const where = target.host.startsWith('/') ? target.host : `${target.host}:${target.port}`;
  return byCode(error.code ?? '', error.message, target, where) ?? byText(error.message, target, where);
}

// SQLSTATEs: PostgreSQL manual, appendix A.
function byCode(code: string, text: string, target: DatabaseTarget, where: string): Description | undefined {
  const away = (
    code: ErrorCode,
    message: string,
    next: Advice | readonly Advice[] = onHost('systemctl status postgresql'),
  ): Description => ({
    kind: UnavailableError,
    code,
    message,
    next,
  });
  const refused = (code: ErrorCode, message: string, next?: Advice): Description => ({
    kind: TvError,
    code,
    message,
    ...(next === undefined ? {} : { next }),
  });
  switch (code) {
    case 'ECONNREFUSED':
    case 'ENOENT':
      return away('db.unreachable', `Nothing listens for the database on ${where}.`);
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return away('db.unreachable', `The database host ${target.host} is not known here.`, {
        tv: ['config', 'show'],
      });
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return away('db.unreachable', `There is no route to the database on ${where}.`, {
        tv: ['config', 'show'],
      });
    case 'ETIMEDOUT':
      return {
        kind: TimeoutError,
        code: 'db.timeout',
        message: `The database on ${where} did not answer in time.`,
      };
    case 'ECONNRESET':
    case 'EPIPE':
    case '08000':
    case '08003':
    case '08006':
      return away('db.disconnected', `The connection to the database on ${where} broke.`);
    case '28P01':
    case '28000':
      return /no encryption/.test(text)
        ? away(
            'db.tls-failed',
            `The database on ${where} wants an encrypted connection: add ?sslmode=require to its URL.`,
            {
              tv: ['config', 'show'],
            },
          )
        : away('db.login-refused', `The database on ${where} does not let ${target.user} in.`, {
            tv: ['config', 'show'],
          });
    case '3D000':
      return away('db.missing', `There is no database ${target.name} on ${where}.`, [
        { tv: ['config', 'show'] },
        { when: 'where it was lost', tv: ['db', 'restore', '--latest'] },
      ]);
    case '08P01':
      return /unsupported startup parameter/.test(text)
        ? away(
            'db.pooler',
            `A connection pooler (PgBouncer or alike) answers on ${where}; tv needs the server itself.`,
            {
              when: 'set the address of the PostgreSQL server',
              tv: ['config', 'show'],
            },
          )
        : undefined;
    case '53300':
      return away('db.exhausted', 'The database has no connection left.', { tv: ['status'] });
    case '53100':
      return refused('db.exhausted', "The database server's disk is full.", onHost('df -h'));
    case '53200':
      return refused('db.exhausted', 'The database server ran out of memory.', onHost('free -h'));
    case '57P01':
      return away('db.disconnected', 'The database session was ended by an administrator or a shutdown.');
    case '57P02':
      return away('db.disconnected', 'The database server crashed and ended this session.');
    case '57P03':
      return away('db.not-ready', 'The database server is starting up, shutting down or recovering.');
    case '57P05':
    case '25P03':
      return away('db.disconnected', 'The database ended this session for being idle.');
    case '57014':
      return /statement timeout/.test(text)
        ? {
            kind: TimeoutError,
            code: 'db.statement-timeout',
            message: 'A database statement took longer than its limit.',
          }
        : refused('db.statement-refused', 'A database statement was cancelled.');
    case '55P03':
      return refused('db.table-locked', 'A table of the database is locked by another session.', {
        tv: ['status'],
      });
    case '40P01':
      return refused('db.statement-refused', 'The database ended a deadlock by refusing this statement.');
    case '42501':
      return refused('db.right-missing', `The role ${target.user} lacks a right in the database: ${text}.`, {
        when: "have it granted by the tables' owner, or connect as the owner",
        tv: ['config', 'show'],
      });
    case '25006':
      return refused('db.read-only', 'The database only reads: it is a standby, or set to read only.', {
        tv: ['config', 'show'],
      });
    default:
      return undefined;
  }
}

function byText(text: string, target: DatabaseTarget, where: string): Description {
  if (/client password must be a string|no password|password must be/i.test(text)) {
    return {
      kind: UnavailableError,
      code: 'db.login-refused',
      message: `The database on ${where} asks for a password, and none is set for ${target.user}.`,
      next: { tv: ['config', 'show'] },
    };
  }
  if (/timeout exceeded when trying to connect|connection timeout|timeout expired/i.test(text)) {
    return {
      kind: TimeoutError,
      code: 'db.timeout',
      message: `The database on ${where} did not answer in time.`,
    };
  }
  if (/does not support SSL/i.test(text)) {
    return {
      kind: UnavailableError,
      code: 'db.tls-failed',
      message: `The database server on ${where} has no TLS, and the URL wants it (sslmode).`,
      next: { tv: ['config', 'show'] },
    };
  }
  if (/certificate|altname/i.test(text)) {
    return {
      kind: UnavailableError,
      code: 'db.tls-failed',
      message: `The certificate of the database server on ${where} is not trusted: ${text}.`,
      next: [{ when: 'check sslrootcert and sslmode in the database URL', tv: ['config', 'show'] }],
    };
  }
  if (/terminated|not queryable|connection error|socket|SSL|TLS/i.test(text)) {
    return {
      kind: UnavailableError,
      code: 'db.disconnected',
      message: `The connection to the database on ${where} broke.`,
      next: onHost('systemctl status postgresql'),
    };
  }
  return {
    kind: TvError,
    code: 'db.statement-refused',
    message: `The database refused a statement: ${text}.`,
  };
}
