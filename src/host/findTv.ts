import { type Advice, onThisMachine } from '../errors/advice.ts';
import { TvError } from '../errors/TvError.ts';
import type { Host } from '../runbook/context.ts';
import { CommandMissingError } from './explainFailure.ts';
import type { UnitMaker } from './unitFile.ts';

export type HostTv = {
  /** The words that start it, absolute. */
  readonly words: readonly string[];
  readonly version: string;
};

/**
 * Folders whose programs vanish or change under a unit: caches that a package manager clears, and
 * version managers, where the next upgrade of Node removes this one.
 */
const unstableFolders: readonly (readonly [RegExp, string])[] = [
  [/\/_npx\//, 'npx clears its cache'],
  [/\/pnpm\/dlx|\/dlx-|\/bunx-/, 'a cache of packages run once'],
  [/\/\.nvm\//, 'nvm'],
  [/\/\.?fnm(_multishells)?\//, 'fnm'],
  [/\/\.volta\//, 'Volta'],
  [/\/\.asdf\//, 'asdf'],
  [/\/mise\/(installs|shims)\//, 'mise'],
  [/\/\.(nodenv|nodebrew|nvs)\//, 'a version manager of Node'],
];

const installAnother: Readonly<Record<UnitMaker, Advice>> = {
  'db schedule': { tv: ['db', 'schedule', 'install', '--tv', '/usr/local/bin/tv'] },
  monitor: { tv: ['monitor', 'install', '--tv', '/usr/local/bin/tv'] },
};

/**
 * The first of these programs that the host has, that answers as tv does, and that will still be there
 * after the next upgrade of Node.
 * @param parameters.maker the command that needs it, for the advice
 * @throws TvError that says of each candidate why a unit cannot rely on it
 */
export async function findTv(
  host: Host,
  { candidates, maker }: { readonly candidates: readonly (readonly string[])[]; readonly maker: UnitMaker },
): Promise<HostTv> {
  const refused: string[] = [];
  for (const words of candidates) {
    const version = await versionOf(host, words);
    const unstable = version === undefined ? undefined : await unstablePath(host, words);
    if (version !== undefined && unstable === undefined) return { words, version };
    refused.push(`${words.join(' ')} (${unstable ?? 'does not answer as tv does'})`);
  }
  throw new TvError('unit.no-tv', 'The host has no tv that a systemd unit can rely on.', {
    facts: { tried: refused.join('; ') },
    next: [
      onThisMachine(
        'npm install -g ./tempovault-tv-*.tgz',
        'install tv on the host with a Node of the system',
      ),
      installAnother[maker],
    ],
  });
}

/** Links are followed: what counts is where the program is. */
async function unstablePath(host: Host, words: readonly string[]): Promise<string | undefined> {
  const paths = words.filter((word) => word.startsWith('/'));
  const { stdout } = await host.run(['realpath', '-m', '--', ...paths]);
  for (const path of [...paths, ...stdout.split('\n')]) {
    const found = unstableFolders.find(([folder]) => folder.test(path));
    if (found !== undefined) return `${path} will not stay there: ${found[1]}`;
  }
  return undefined;
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
