import { onHost } from '../errors/advice.ts';
import { TvError } from '../errors/TvError.ts';
import type { Host } from '../runbook/context.ts';
import { outsideText } from '../text/outsideText.ts';
import counter from './countFailedLogins.awk';
import script from './countFailedLogins.sh';
import { journalObstacle } from './journal/obstacle.ts';

/** For reading a month of sshd's journal, in milliseconds. */
const limitMs = 30_000;

export interface FailedLogins {
  /** Connections over ssh that failed to log in. */
  readonly failed: number;
  /** Different addresses. */
  readonly sources: number;
  /** The sources with the most of them. */
  readonly top: readonly { readonly source: string; readonly count: number }[];
  /** The oldest entry of the whole journal: before it nothing is known. */
  readonly begins: Date;
}

/**
 * Counts failed logins in the journal of sshd.
 * @throws TvError where the journal, or a part of it, cannot be read: none found would prove nothing
 */
export async function readFailedLogins(
  host: Host,
  { since }: { readonly since: Date },
): Promise<FailedLogins> {
  const seconds = String(Math.floor(since.getTime() / 1000));
  const { exitCode, stdout, stderr } = await host.run(['sh', '-c', script, 'sh', seconds, counter], {
    timeoutMs: limitMs,
  });
  // What ends well may still have complained.
  const reason = journalObstacle({ exitCode, stdout, stderr }) ?? exitOf(stderr);
  const found = reason === undefined ? parseFailedLogins(stdout) : undefined;
  if (found !== undefined) return found;
  const why = reason ?? 'the journal holds no entry';
  throw new TvError('host.journal-unreadable', `The journal of sshd cannot be read: ${why}.`, {
    next: onHost('journalctl -t sshd -t sshd-session -t sshd-auth -n 20 --no-pager'),
  });
}

/** countFailedLogins.sh reports on stderr what journalctl ended with. */
function exitOf(stderr: string): string | undefined {
  return /^exit code \d+$/m.test(stderr) ? outsideText(stderr.trim()) : undefined;
}

/** Undefined where the output is not that of a counter that came to its end, or the journal is empty. */
export function parseFailedLogins(output: string): FailedLogins | undefined {
  const text = (name: string) => new RegExp(`^${name} ([\\d.]+)$`, 'm').exec(output)?.[1];
  const [begins, failed, sources] = ['begins', 'failed', 'sources'].map(text).map(Number);
  if (!output.endsWith('end\n') || begins === undefined || failed === undefined || sources === undefined)
    return undefined;
  if (![begins, failed, sources].every(Number.isFinite)) return undefined;
  const top = [...output.matchAll(/^source (\d+) (.+)$/gm)].map(([, count, source = '']) => ({
    source: outsideText(source),
    count: Number(count),
  }));
  return { failed, sources, top, begins: new Date(begins * 1000) };
}
