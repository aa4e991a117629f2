import { TvError } from '../../errors/TvError.ts';
import type { Host } from '../../runbook/context.ts';
import { CommandMissingError } from '../explainFailure.ts';

export type HostTv = {
  /** The words that start it, absolute. */
  readonly words: readonly string[];
  readonly version: string;
};

/** The first of these programs that the host has and that answers as tv does. */
export async function findTv(
  host: Host,
  { candidates }: { readonly candidates: readonly (readonly string[])[] },
): Promise<HostTv> {
  for (const words of candidates) {
    const version = await versionOf(host, words);
    if (version !== undefined) return { words, version };
  }
  throw new TvError('The host has no tv that the schedule could call.', {
    facts: { tried: candidates.map((words) => words.join(' ')).join('; ') },
    next: ['install tv on the host', 'tv db schedule install --tv /path/to/bin/tv.js'],
  });
}

async function versionOf(host: Host, words: readonly string[]): Promise<string | undefined> {
  try {
    const { exitCode, stdout } = await host.run([...words, '--version']);
    return exitCode === 0 ? /^tv (\S+)$/.exec(stdout.trim())?.[1] : undefined;
  } catch (error) {
    if (error instanceof CommandMissingError) return undefined;
    throw error;
  }
}
