import type { CommandOutput } from '../../runbook/context.ts';
import { outsideText } from '../../text/outsideText.ts';
import { lastLine } from '../explainFailure.ts';

/**
 * Why journalctl did not show the whole journal; undefined where it did. It ends well, and with nothing on its
 * standard output, where there is no journal, where it may not be read, and where a file of it is damaged.
 */
export function journalObstacle({ exitCode, stderr }: CommandOutput): string | undefined {
  const said = /^(No journal files were.*|Hint: You are currently not seeing.*|.*ignoring file\b.*)$/m.exec(
    stderr,
  )?.[0];
  if (said !== undefined) return outsideText(said);
  return exitCode === 0 ? undefined : lastLine(stderr) || `journalctl ended with exit code ${exitCode}`;
}

/** Whether that obstacle is missing permission. */
export function isForbidden(obstacle: string): boolean {
  return /^Hint: You are currently not seeing|insufficient permissions|Permission denied/i.test(obstacle);
}
