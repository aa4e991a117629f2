import type { Backup } from '../database/backup/listBackups.ts';
import { programsToRead } from '../database/backup/readFiles.ts';
import type { DatabaseServer } from '../database/readServer.ts';
import { type Advice, onHost } from '../errors/advice.ts';
import { TvError } from '../errors/TvError.ts';
import { findClientPrograms, findTooOld } from '../host/findTool.ts';
import { readDirectory } from '../host/readDirectory.ts';
import { readMachine } from '../host/readMachine.ts';
import type { Context, Host } from '../runbook/context.ts';
import { block, pass } from '../runbook/preflight.ts';
import { quoteForShell } from '../text/shellLine.ts';

/** What the host brings: PostgreSQL's programs, and cores to use. */
export type Tools = {
  /** pg_dump's, and at least that of pg_restore. */
  readonly major: number;
  /** As pg_dump says it itself. */
  readonly version: string;
  readonly cores: number;
  readonly memoryBytes: number;
};

/**
 * PostgreSQL's client programs on the host, as every script of tv takes them.
 * @param backups that are read: the host needs the programs that uncompress them, too
 */
export async function checkTools(
  ctx: Context,
  server: Pick<DatabaseServer, 'major' | 'version'>,
  backups: readonly Pick<Backup, 'form' | 'manifest'>[] = [],
) {
  const host = ctx.host();
  const [machine, programs] = await Promise.all([
    readMachine(host),
    findClientPrograms(host, { serverMajor: server.major }),
  ]);
  if (programs === undefined) {
    return block<Tools>("PostgreSQL's client programs are not installed on the host", {
      next: [onHost('apt-get install postgresql-client')],
    });
  }
  const { pgDump } = programs;
  const tooOld = findTooOld(programs, { serverMajor: server.major });
  if (tooOld !== undefined) {
    const { tool, found } = tooOld;
    return block<Tools>(
      `${tool} ${found.major} is older than the server (${server.version}) and refuses to work with it`,
      {
        facts: { [tool]: found.text },
        next: [onHost(`apt-get install postgresql-client-${server.major}`)],
      },
    );
  }
  const value: Tools = {
    major: pgDump.major,
    version: pgDump.text,
    cores: machine.cores,
    memoryBytes: machine.memoryTotalBytes,
  };
  const lacking = await findLacking(host, [...new Set(backups.flatMap(programsToRead))]);
  if (lacking.length > 0) {
    const which = lacking.length === 1 ? `${lacking[0]} is` : `${lacking.join(' and ')} are`;
    return block<Tools>(`${which} not installed on the host; without it the backup cannot be uncompressed`, {
      next: [onHost(`apt-get install ${lacking.join(' ')}`)],
    });
  }
  const relation = pgDump.major === server.major ? 'as the server' : `newer than the server, ${server.major}`;
  return pass(`pg_dump ${pgDump.major}, ${relation}; ${machine.cores} cores`, value);
}

/** Those of the programs that the host does not have. @throws TvError where it does not answer */
async function findLacking(host: Host, programs: readonly string[]): Promise<readonly string[]> {
  if (programs.length === 0) return [];
  const script = 'for program; do command -v -- "$program" >/dev/null || echo "$program"; done; echo asked';
  const { exitCode, stdout } = await host.run(['sh', '-c', script, 'tv', ...programs]);
  const lines = stdout.trimEnd().split('\n');
  if (exitCode !== 0 || lines.at(-1) !== 'asked') {
    throw new TvError('host.unreadable-answer', 'the host did not return which programs it has');
  }
  return programs.filter((program) => lines.includes(program));
}

const otherSetting: Advice = {
  when: 'to choose another folder, set backup.directory',
  tv: ['config', 'show'],
};

/**
 * The backup folder, or why nothing can be written there.
 * @param elsewhere how to choose another one
 */
export async function checkFolder(ctx: Context, directory: string, elsewhere: Advice = otherSetting) {
  const shown = quoteForShell(directory);
  const { exists, isDirectory, writable } = await readDirectory(ctx.host(), { path: directory });
  if (exists && !isDirectory) {
    return block<string>(`the backup folder ${directory} is not a folder`, {
      next: [elsewhere],
    });
  }
  if (!exists) {
    return block<string>(`the backup folder ${directory} does not exist, or is not visible to this user`, {
      next: [onHost(`mkdir -p ${shown}`), elsewhere],
    });
  }
  if (!writable) {
    return block<string>(`the backup folder ${directory} is not writable`, {
      next: [onHost(`ls -ld ${shown}; findmnt -T ${shown}`), elsewhere],
    });
  }
  return pass(directory, directory);
}
