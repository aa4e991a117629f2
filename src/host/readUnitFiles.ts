import type { Host } from '../runbook/context.ts';
import { FileError, readTextFile } from './readTextFile.ts';
import { type UnitFile, type UnitSet, unitDirectory, whoseUnit } from './unitFile.ts';

export type FoundUnitFile = UnitFile & { readonly whose: ReturnType<typeof whoseUnit> };

/** Files on the host that have the names of these units, and whose they are. @throws FileError where one is unreadable */
export async function readUnitFiles(
  host: Host,
  { maker, units }: UnitSet,
): Promise<readonly FoundUnitFile[]> {
  const found = await Promise.all(
    units.map(async (unit) => {
      const path = `${unitDirectory}/${unit}`;
      const text = await textOf(host, path);
      return text === undefined ? [] : [{ unit, path, text, whose: whoseUnit(maker, text) }];
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
