import type { Host } from '../../runbook/context.ts';
import { FileError, readTextFile } from '../readTextFile.ts';
import { scheduledJobs, serviceUnit, timerUnit, unitDirectory, whoseUnit } from './scheduleUnits.ts';

export type FoundUnitFile = {
  readonly unit: string;
  readonly path: string;
  readonly text: string;
  readonly whose: ReturnType<typeof whoseUnit>;
};

/** Files on the host that have the names of the schedule's units. */
export async function readUnitFiles(host: Host): Promise<readonly FoundUnitFile[]> {
  const units = scheduledJobs.flatMap((job) => [serviceUnit(job), timerUnit(job)]);
  const found = await Promise.all(
    units.map(async (unit) => {
      const path = `${unitDirectory}/${unit}`;
      const text = await textOf(host, path);
      return text === undefined ? [] : [{ unit, path, text, whose: whoseUnit(text) }];
    }),
  );
  return found.flat();
}

async function textOf(host: Host, path: string): Promise<string | undefined> {
  try {
    return (await readTextFile(host, { path })).text;
  } catch (error) {
    if (error instanceof FileError && error.problem === 'missing') return undefined;
    throw error;
  }
}
