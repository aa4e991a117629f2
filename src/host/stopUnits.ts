import type { Host } from '../runbook/context.ts';
import { lastLine } from './explainFailure.ts';
import { assertUnitName } from './readUnits.ts';

/**
 * Has systemd stop several units, all at once, and does not wait for any of them: one that hangs or
 * refuses must not hold up the others. Whether they ended is for `endUnit` to see.
 * @returns what systemctl complained of; undefined where it took all of them
 */
export async function stopUnits(
  host: Host,
  { units }: { readonly units: readonly string[] },
): Promise<string | undefined> {
  for (const unit of units) assertUnitName(unit);
  const { exitCode, stderr } = await host.run(['systemctl', 'stop', '--no-block', ...units]);
  return exitCode === 0 ? undefined : lastLine(stderr) || `exit code ${exitCode}`;
}
