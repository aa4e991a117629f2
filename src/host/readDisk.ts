import { onHost } from '../errors/advice.ts';
import { TvError } from '../errors/TvError.ts';
import type { Host } from '../runbook/context.ts';
import { quoteForShell } from '../text/shellLine.ts';
import { lastLine } from './explainFailure.ts';

export interface DiskSpace {
  readonly totalBytes: number;
  /** What this user may still write; the file system's reserve for root is not counted. */
  readonly freeBytes: number;
  /** Where the file system that holds the path is mounted. */
  readonly mount: string;
}

/** Space on the file system that holds `path`. @throws TvError where the path does not exist */
export async function readDisk(host: Host, { path }: { readonly path: string }): Promise<DiskSpace> {
  const { stdout, stderr } = await host.run(['df', '-Pk', '--', path]);
  const space = parseDisk(stdout);
  if (space !== undefined) return space;
  throw new TvError('host.unreadable-answer', `The free space of ${path} cannot be read.`, {
    facts: { reason: lastLine(stderr) || 'df does not report the size of its file system' },
    next: onHost(`df -h ${quoteForShell(path)}`),
  });
}

/** `df -Pk`: sizes in KiB; the device's and the mount point's name may hold spaces. */
export function parseDisk(output: string): DiskSpace | undefined {
  const [, total, free, mount] = /\s(\d+)\s+-?\d+\s+(-?\d+)\s+(?:-?\d+%|-)\s+(\/.*)$/m.exec(output) ?? [];
  if (total === undefined || free === undefined || mount === undefined) return undefined;
  // Zero is what a file system shows that does not report its size (proc, some of FUSE).
  if (Number(total) === 0) return undefined;
  return { totalBytes: Number(total) * 1024, freeBytes: Math.max(0, Number(free) * 1024), mount };
}
