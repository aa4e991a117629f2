import { onHost } from '../errors/advice.ts';
import { TvError } from '../errors/TvError.ts';
import type { Host } from '../runbook/context.ts';
import { lastLine } from './explainFailure.ts';

/** One systemctl command that has to succeed. @throws TvError with what systemctl said */
export async function runSystemctl(host: Host, words: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await host.run(['systemctl', ...words]);
  if (exitCode === 0) return stdout;
  throw new TvError('host.systemctl-failed', `systemctl ${words[0]} failed.`, {
    facts: { command: `systemctl ${words.join(' ')}`, said: lastLine(stderr), 'exit code': exitCode },
    next: onHost('systemctl list-timers --all'),
  });
}
