import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { TvError } from '../errors/TvError.ts';
import { endMachine } from './machine/endMachine.ts';
import { isSameProcess, type ProcessIdentity } from './machine/processStart.ts';
import { until } from './machine/until.ts';
import {
  type SandboxPaths,
  type SandboxPlace,
  sandboxDirectory,
  sandboxesDirectory,
  sandboxPaths,
} from './paths.ts';
import { draftOf } from './writeWhole.ts';

/** What a sandbox's first file says: who is making it, and which parent directories were made for it. */
export interface Marker {
  /** Null once it is up. */
  readonly maker: ProcessIdentity | null;
  /** Outermost first. */
  readonly parents: readonly string[];
}

export interface DownResult {
  readonly dir: string;
  /** False where there was nothing. */
  readonly found: boolean;
  readonly processes: number;
}

/**
 * Takes a sandbox away: every process, mount, control group and file. Works on one that is half up,
 * half down, or whose `up` was killed, and says so where there is none.
 * @throws TvError where the directory is not a sandbox's
 */
export async function sandboxDown(place: SandboxPlace): Promise<DownResult> {
  const paths = sandboxPaths(sandboxDirectory(place));
  const marker = readMarker(paths);
  if (marker !== undefined) await endMaker(marker.maker);
  const processes = await endMachine(paths);
  const found = existsSync(paths.dir);
  // Nothing is mounted below it here: the sandbox's mounts went with its namespace.
  rmSync(paths.dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  for (const parent of marker?.parents.toReversed() ?? ownParent(paths)) {
    try {
      rmdirSync(parent);
    } catch {
      break;
    }
  }
  return { dir: paths.dir, found: found || processes > 0, processes };
}

/** What is tv's own of the parents where `up` was killed before it could note which it had made. */
function ownParent({ dir }: SandboxPaths): string[] {
  return dirname(dir) === sandboxesDirectory() ? [dirname(dir)] : [];
}

/** @throws TvError where the directory holds something else, which must not be removed */
function readMarker(paths: SandboxPaths): Marker | undefined {
  if (!existsSync(paths.dir)) return undefined;
  try {
    return JSON.parse(readFileSync(paths.marker, 'utf8')) as Marker;
  } catch {
    const others = readdirSync(paths.dir).filter((name) => name !== basename(draftOf(paths.marker)));
    if (existsSync(paths.marker) || others.length === 0) return undefined;
    throw new TvError(
      'sandbox.not-a-sandbox',
      'This directory is not a sandbox, so nothing in it is touched.',
      {
        facts: { directory: paths.dir },
        next: { tv: ['sandbox', 'status'] },
      },
    );
  }
}

/** An `up` that still runs would keep creating resources. */
async function endMaker(maker: ProcessIdentity | null): Promise<void> {
  if (maker === null || maker.pid === process.pid || !isSameProcess(maker)) return;
  process.kill(maker.pid, 'SIGKILL');
  await until(() => !isSameProcess(maker), { limitMs: 5_000, what: 'the running tv sandbox up to end' });
}
