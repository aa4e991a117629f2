import { accessSync, constants, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { outsideText } from '../text/outsideText.ts';
import { withoutKeys } from '../text/pastedKeys.ts';
import { runProcess } from './runProcess.ts';

/** A program that commands of tv start. */
export interface NeededProgram {
  readonly name: string;
  /** Arguments with which it prints its version; undefined where it has none. */
  readonly version?: readonly string[];
  /** The commands that need it, for a person. */
  readonly neededFor: string;
}

/** Where a program is on this machine. */
export interface LocalProgram {
  readonly name: string;
  /** Absolute; null where it was not found. */
  readonly path: string | null;
  /** The first line that it prints about its version; null where it prints none. */
  readonly version: string | null;
  readonly neededFor: string;
}

/** Of one program to print its version, in milliseconds. */
const limitMs = 2_000;
/** Of a line with a version, in characters. */
const longest = 80;

/**
 * Finds programs of this machine and asks each for its version. A program that is there in several versions, as
 * PostgreSQL's are on Debian, is listed once for each.
 * @param folders besides those of the `PATH`
 */
export async function findLocalPrograms(
  wanted: readonly NeededProgram[],
  { path, folders }: { readonly path: string; readonly folders: readonly string[] },
): Promise<readonly LocalProgram[]> {
  // A relative folder would depend on where tv was called.
  const onPath = path.split(':').filter((folder) => folder.startsWith('/'));
  const found = wanted.map(async ({ name, version, neededFor }) => {
    const first = onPath.map((folder) => join(folder, name)).find(isExecutable);
    const others = folders.map((folder) => join(folder, name)).filter(isExecutable);
    const places = [...new Set([...(first === undefined ? [] : [first]), ...others])];
    if (places.length === 0) return [{ name, path: null, version: null, neededFor }];
    return Promise.all(
      places.map(async (place) => ({
        ...{ name, path: place, neededFor },
        version: version === undefined ? null : await versionOf(place, version),
      })),
    );
  });
  return (await Promise.all(found)).flat();
}

/** Folders outside the `PATH` that hold the programs of each version of PostgreSQL, as Debian has them. */
export function postgresFolders(releases = '/usr/lib/postgresql'): readonly string[] {
  try {
    return readdirSync(releases)
      .toSorted((a, b) => Number(b) - Number(a))
      .map((release) => join(releases, release, 'bin'));
  } catch {
    return [];
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

async function versionOf(file: string, words: readonly string[]): Promise<string | null> {
  const end = await runProcess({ file, arguments: words, timeoutMs: limitMs, killPrefix: [] });
  if (end.kind !== 'exited') return null;
  // `ssh -V` prints to standard error.
  const line = `${end.output.stdout}\n${end.output.stderr}`.split('\n').find((each) => each.trim() !== '');
  return line === undefined ? null : outsideText(withoutKeys(line.trim()), longest);
}
