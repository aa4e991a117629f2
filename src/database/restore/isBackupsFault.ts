import { TvError } from '../../errors/TvError.ts';
import { isHostsFault } from '../hostScript.ts';
import { diskFull, lacksRight, serverLacks } from './fillDatabase.ts';

/**
 * What ends a restore whatever the backup holds. Everything fatal ends a session, by an administrator,
 * a shutdown or a crash (SQLSTATE class 57P); the rest is memory. Beside it: a full disk,
 * a right that the role lacks, or a role or an extension that the server lacks.
 */
const byTheServer =
  /\b(FATAL|PANIC): |terminating connection|closed the connection|connection (to server )?(was lost|at .* failed)|no connection to the server|the database system is|could not (connect|receive|send)|out of (shared )?memory|canceling statement/i;

/** Whether a restore failed by what the backup holds: only then does it say anything about the backup. */
export function isBackupsFault(error: unknown): error is TvError {
  if (!(error instanceof TvError) || error.name !== 'TvError') return false;
  const { problems, said, 'exit code': exitCode } = error.facts;
  if (problems !== undefined) return true;
  // Without an exit code it was a statement of tv's own: one that makes the database, or counts in it.
  if (said === undefined || exitCode === undefined) return false;
  return (
    !isHostsFault(error) &&
    ![byTheServer, diskFull, lacksRight, serverLacks].some((words) => words.test(said))
  );
}
