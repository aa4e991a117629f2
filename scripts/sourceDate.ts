import { execFileSync } from 'node:child_process';

/**
 * The time that a build writes in place of its own, so that the same source makes the same bytes: SOURCE_DATE_EPOCH
 * (reproducible-builds.org), else the time of the newest commit, else now.
 */
export function sourceDate(root: string): Date {
  const { SOURCE_DATE_EPOCH: epoch } = process.env;
  if (epoch !== undefined) return new Date(Number(epoch) * 1000);
  try {
    const words = ['-C', root, 'log', '-1', '--format=%ct'];
    const seconds = execFileSync('git', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    return new Date(Number(seconds) * 1000);
  } catch {
    return new Date();
  }
}
