import type { DatabaseServer } from '../../../src/database/readServer.ts';
import { onHost } from '../../../src/errors/advice.ts';
import { findClientPrograms, findTooOld } from '../../../src/host/findTool.ts';
import { readDirectory } from '../../../src/host/readDirectory.ts';
import { readDisk } from '../../../src/host/readDisk.ts';
import type { Context } from '../../../src/runbook/context.ts';
import { block, pass } from '../../../src/runbook/preflight.ts';
import { bytes } from '../../../src/text/format.ts';
import { quoteForShell } from '../../../src/text/shellLine.ts';

/**
 * Room for the backup: pg_dump compresses and leaves indexes out, so half of the database's size is
 * more than it has been seen to need; 32 MiB on top for a small one.
 */
const backupShare = 0.5;
const backupMarginBytes = 32 * 1024 ** 2;

export interface BackupParameters {
  readonly directory: string;
  /** Asked for last: without a database it is still worth knowing that there is no folder. */
  server(): Promise<DatabaseServer>;
}

/** There is a place for the backup, and a pg_dump that can make it. */
export async function checkBackup(ctx: Context, { directory, server }: BackupParameters) {
  const elsewhere = 'the same command with --backup-dir and another folder';
  const state = await readDirectory(ctx.host(), { path: directory });
  if (!state.isDirectory) {
    return block(
      `the backup folder ${directory} ${state.exists ? 'is not a folder' : 'does not exist, or is not to be seen by this user'}`,
      {
        next: state.exists ? [elsewhere] : [onHost(`mkdir -p ${quoteForShell(directory)}`), elsewhere],
      },
    );
  }
  if (!state.writable) {
    return block(`the backup folder ${directory} is not writable`, {
      next: [onHost(`ls -ld ${quoteForShell(directory)}; findmnt -T ${quoteForShell(directory)}`), elsewhere],
    });
  }
  const { major, version, sizeBytes } = await server();
  const programs = await findClientPrograms(ctx.host(), { serverMajor: major });
  if (programs === undefined) {
    return block("PostgreSQL's client programs are not installed on the host", {
      next: [onHost('apt-get install postgresql-client')],
    });
  }
  const tooOld = findTooOld(programs, { serverMajor: major });
  if (tooOld !== undefined) {
    const { tool, found } = tooOld;
    return block(`${tool} ${found.major} is older than the server (${version}) and refuses to work with it`, {
      facts: { [tool]: found.text },
      next: [onHost(`apt-get install postgresql-client-${major}`)],
    });
  }
  const needed = sizeBytes * backupShare + backupMarginBytes;
  const { freeBytes } = await readDisk(ctx.host(), { path: directory });
  const room = `${directory} has ${bytes(freeBytes)} free, needs about ${bytes(needed)}`;
  if (freeBytes < needed) {
    return block(room, {
      next: [onHost(`df -h ${quoteForShell(directory)}`), elsewhere],
      override: 'backup-space',
    });
  }
  return pass(`${room}; pg_dump ${programs.pgDump.major} ≥ server ${major}`);
}
