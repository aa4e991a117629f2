import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { childEnvironment } from '../../host/childEnvironment.ts';

/** A running process and the mark that distinguishes it from a later one with the same id. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly start: string;
}

/** When a process started, as an opaque mark; undefined where it does not run (or is a zombie). */
export function processStart(pid: number): string | undefined {
  try {
    if (process.platform !== 'linux') {
      return (
        execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], {
          encoding: 'utf8',
          env: childEnvironment(),
        }).trim() || undefined
      );
    }
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field, the name, may hold blanks and brackets.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

export function isSameProcess({ pid, start }: ProcessIdentity): boolean {
  return processStart(pid) === start;
}
