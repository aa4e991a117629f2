import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TvError } from '../errors/TvError.ts';
import type { RedactingWriter } from '../output/redactingWriter.ts';
import type { Clock } from '../runbook/context.ts';
import type { DrillFinding, DrillRecord, DrillScreen } from '../runbook/drill.ts';
import { ChainedLog } from './chainedLog.ts';

/** How the drills of this machine ended. */
export class DrillHistory extends ChainedLog<DrillRecord> {
  constructor(stateDirectory: string, writer: RedactingWriter, clock: Clock) {
    const names = { log: 'history of drills', entry: 'a drill', unusable: 'drill.history-unusable' } as const;
    super(join(stateDirectory, 'drills.jsonl'), names, writer, clock);
  }
}

/** Of the sandbox of a drill: exists while the drill is on. @param stateDirectory the sandbox's own */
export const drillScreensFile = (stateDirectory: string): string =>
  join(stateDirectory, 'drill-screens.jsonl');

/**
 * Notes what a report has shown, where a drill is on in this environment; elsewhere does nothing. A screen that
 * cannot be noted is shown all the same.
 * @param line advice as it is printed
 */
export function noteDrillScreen(
  stateDirectory: string,
  { command, data, at }: { readonly command: string; readonly data: unknown; readonly at: Date },
  line: (advice: unknown) => string,
  writer: Pick<RedactingWriter, 'appendLine'>,
): void {
  const file = drillScreensFile(stateDirectory);
  if (!existsSync(file)) return;
  const screen: DrillScreen = { at: at.toISOString(), command, findings: findingsOf(data, line) };
  try {
    writer.appendLine(file, JSON.stringify(screen));
  } catch (error) {
    if (!(error instanceof TvError)) throw error;
  }
}

/** What was noted so far. The last line may be cut off: it is left out. @throws Error where it cannot be read */
export function readDrillScreens(stateDirectory: string): readonly DrillScreen[] {
  return readFileSync(drillScreensFile(stateDirectory), 'utf8')
    .split('\n')
    .slice(0, -1)
    .flatMap((text) => {
      try {
        return [JSON.parse(text) as DrillScreen];
      } catch {
        return [];
      }
    });
}

function findingsOf(data: unknown, line: (advice: unknown) => string): readonly DrillFinding[] | null {
  const { findings } = (data ?? {}) as { readonly findings?: unknown };
  if (!Array.isArray(findings)) return null;
  return (findings as { readonly id: string; readonly next?: readonly unknown[] }[]).map(
    ({ id, next = [] }) => ({
      id,
      next: next[0] === undefined ? null : line(next[0]),
    }),
  );
}
