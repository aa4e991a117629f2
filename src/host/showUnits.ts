import type { Advice } from '../errors/advice.ts';
import { UnavailableError } from '../errors/TvError.ts';
import type { Host } from '../runbook/context.ts';
import { visible } from '../text/outsideText.ts';
import { lastLine } from './explainFailure.ts';

/** Properties of a unit by name, as `systemctl show` prints them. */
export type ShownUnit = ReadonlyMap<string, string>;

/**
 * Some properties of several units with one `systemctl show`, in the order asked for.
 * @throws UnavailableError where there is no systemd to ask
 */
export async function showUnits(
  host: Host,
  parameters: {
    readonly units: readonly string[];
    readonly properties: readonly string[];
    /** Put into the error, beside the reason. */
    readonly facts?: Readonly<Record<string, string>>;
    readonly next: Advice;
  },
): Promise<readonly ShownUnit[]> {
  const { units, properties, facts, next } = parameters;
  const { exitCode, stdout, stderr } = await host.run([
    'systemctl',
    'show',
    '--no-pager',
    `--property=${properties.join(',')}`,
    ...units,
  ]);
  const shown = parseShownUnits(stdout);
  if (exitCode === 0 && shown.length === units.length) return shown;
  throw new UnavailableError('host.systemd-silent', 'systemd does not answer on the host.', {
    facts: { reason: lastLine(stderr) || `exit code ${exitCode}`, ...facts },
    next,
  });
}

/** The output of `systemctl show`: one block of `Name=value` lines a unit, blank lines between. */
export function parseShownUnits(output: string): readonly ShownUnit[] {
  return output
    .split(/\n[ \t]*\n/)
    .filter((block) => block.trim() !== '')
    .map(
      (block) =>
        new Map(
          block
            .split('\n')
            .filter((line) => line.includes('='))
            .map((line): [string, string] => [
              line.slice(0, line.indexOf('=')).trim(),
              visible(line.slice(line.indexOf('=') + 1).trim()),
            ]),
        ),
    );
}
