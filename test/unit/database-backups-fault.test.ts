import { describe, expect, it } from 'vitest';
import { isBackupsFault } from '../../src/database/restore/isBackupsFault.ts';
import { TvError, UnavailableError } from '../../src/errors/TvError.ts';

const restore = (said: string, exitCode = 1) =>
  new TvError('db.restore-failed', 'The backup could not be restored.', {
    facts: { said, 'exit code': exitCode },
  });

describe('whether a failed restore is the fault of the backup', () => {
  it.each([
    'pg_restore: error: could not execute query: FATAL:  terminating connection due to administrator command',
    'pg_restore: error: error returned by PQputCopyData: server closed the connection unexpectedly',
    'psql: error: connection to server at "127.0.0.1", port 5432 failed: Connection refused',
    'pg_restore: error: COPY failed for table "events": FATAL:  Verbindung wird abgebrochen',
    'psql: error: connection to server was lost',
    'ERROR:  could not extend file "base/1/2": No space left on device',
    'ERROR:  out of memory',
    'gzip: /backup/x.sql.gz: Input/output error',
    'zstd: error: not enough memory',
    'pg_restore: error: could not execute query: ERROR:  permission denied to create extension "x"',
  ])('it is not: %s', (said) => {
    expect(isBackupsFault(restore(said))).toBe(false);
  });

  it('it is not: what was killed, a statement of tv, a server that is away', () => {
    expect(isBackupsFault(restore('', 137))).toBe(false);
    expect(isBackupsFault(restore('zstd: not found', 127))).toBe(false);
    expect(
      isBackupsFault(
        new TvError('db.exhausted', 'Its disk is full.', { facts: { said: 'x', code: '53100' } }),
      ),
    ).toBe(false);
    expect(isBackupsFault(new UnavailableError('db.unreachable', 'Nothing listens.'))).toBe(false);
  });

  it.each([
    'pg_restore: error: could not execute query: ERROR:  relation "public.events" does not exist',
    'gzip: stdin: unexpected end of file',
    'ERROR:  invalid input syntax for type integer: "x"',
  ])('it is: %s', (said) => {
    expect(isBackupsFault(restore(said))).toBe(true);
  });

  it('it is: other rows than expected', () => {
    expect(
      isBackupsFault(
        new TvError('db.restore-differs', 'Differs.', { facts: { problems: 'public.events has 1 row' } }),
      ),
    ).toBe(true);
  });
});
