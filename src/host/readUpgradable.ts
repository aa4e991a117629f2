import { onHost } from '../errors/advice.ts';
import { TvError } from '../errors/TvError.ts';
import type { Host } from '../runbook/context.ts';
import { outsideText } from '../text/outsideText.ts';
import { lastLine } from './explainFailure.ts';
import script from './listUpgradable.sh';

/** apt reads all its lists, in milliseconds. */
const limitMs = 30_000;

export interface Upgradable {
  /** Names of the packages with a newer version. */
  readonly packages: readonly string[];
  /** Those of them whose newer version comes from a security archive. */
  readonly security: readonly string[];
  /**
   * When the oldest package list of a security archive was published; what came later is not known here. Undefined
   * where the host has none: no update of security can be seen.
   */
  readonly listsOf: Date | undefined;
}

/**
 * The Debian packages that are outdated, by the package lists that the host has. Nothing is downloaded.
 * @throws TvError where the host has no apt, or no package lists: none found would prove nothing
 */
export async function readUpgradable(host: Host): Promise<Upgradable> {
  const { exitCode, stdout, stderr } = await host.run(['sh', '-c', script], { timeoutMs: limitMs });
  if (exitCode === 22) throw new TvError('host.command-missing', 'apt is not installed on the host.');
  const found = exitCode === 0 ? parseUpgradable(stdout) : undefined;
  if (found !== undefined) return found;
  throw new TvError('host.unreadable-answer', 'The outdated packages of the host cannot be listed.', {
    facts: { reason: exitCode === 0 ? 'the host has no package lists' : lastLine(stderr) },
    next: onHost('apt-get update'),
  });
}

/** Undefined where there are no package lists, or apt has not listed anything. */
export function parseUpgradable(output: string): Upgradable | undefined {
  const seconds = /^lists (\d+|none)$/m.exec(output)?.[1];
  if (seconds === undefined || !/^Listing\.\.\./m.test(output)) return undefined;
  const rows = [...output.matchAll(/^([^\s/]+)\/(\S+) .*\[upgradable from: .*\]$/gm)].map(
    ([, name = '', suites = '']) => ({ name: outsideText(name), suites }),
  );
  return {
    packages: rows.map(({ name }) => name),
    security: rows.filter(({ suites }) => /-security\b/.test(suites)).map(({ name }) => name),
    listsOf: seconds === 'none' ? undefined : new Date(Number(seconds) * 1000),
  };
}
