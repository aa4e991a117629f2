import { type Advice, onHost } from '../errors/advice.ts';
import { TvError } from '../errors/TvError.ts';
import type { Host } from '../runbook/context.ts';
import { quoteForShell } from '../text/shellLine.ts';
import { lastLine } from './explainFailure.ts';
import script from './readTextFile.sh';

export interface TextFile {
  /** Byte for byte, a byte order mark included. */
  readonly text: string;
  /** Permission bits, as in `0o640`. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly owner: string;
  readonly group: string;
}

export type FileProblem = 'missing' | 'unreadable' | 'not-a-file' | 'not-text';

const codes = {
  missing: 'file.missing',
  unreadable: 'file.unreadable',
  'not-a-file': 'file.not-a-file',
  'not-text': 'file.not-text',
  'not-writable': 'file.not-replaced',
} as const;

/** A file that cannot be read or replaced; `problem` is for code, the message for people. */
export class FileError extends TvError {
  readonly path: string;
  readonly problem: FileProblem | 'not-writable';
  /** @param next what mends it, where more is known than the path */
  constructor(problem: FileError['problem'], path: string, reason?: string, next?: Advice) {
    const messages: Record<FileError['problem'], string> = {
      missing: `${path} does not exist on the host.`,
      unreadable: `${path} may not be read by this user.`,
      'not-a-file': `${path} is not a regular file.`,
      'not-text': `${path} is not UTF-8 text.`,
      'not-writable': `${path} cannot be replaced.`,
    };
    const missing = problem === 'missing';
    super(codes[problem], messages[problem], {
      facts: { reason: missing ? undefined : reason },
      next:
        next ??
        (missing
          ? { when: 'see which path is set', tv: ['config', 'show'] }
          : onHost(`ls -ld ${quoteForShell(path)}`)),
    });
    this.path = path;
    this.problem = problem;
  }
}

/**
 * Reads a text file on the host, following symbolic links.
 * @throws FileError: missing, unreadable, not a regular file, or not UTF-8
 */
export async function readTextFile(host: Host, { path }: { readonly path: string }): Promise<TextFile> {
  const { exitCode, stdout, stderr } = await host.run(['sh', '-c', script, 'sh', path]);
  if (exitCode === 22) throw new FileError('not-a-file', path);
  const [, mode, uid, gid, owner, group, encoded] =
    /^(\d+) (\d+) (\d+)\n(.*)\n(.*)\n([\s\S]*)$/.exec(stdout) ?? [];
  if (exitCode !== 0 || encoded === undefined || owner === undefined || group === undefined) {
    const missing = /No such file|Not a directory/.test(stderr);
    throw new FileError(missing ? 'missing' : 'unreadable', path, lastLine(stderr));
  }
  return {
    text: decode(path, encoded),
    mode: Number.parseInt(mode ?? '', 8),
    uid: Number(uid),
    gid: Number(gid),
    owner,
    group,
  };
}

function decode(path: string, base64: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(base64, 'base64'));
  } catch (error) {
    if (error instanceof TypeError) throw new FileError('not-text', path);
    throw error;
  }
}
