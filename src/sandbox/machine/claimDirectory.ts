import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { TvError } from '../../errors/TvError.ts';
import type { Marker } from '../down.ts';
import type { SandboxPaths } from '../paths.ts';
import { writeWhole } from '../writeWhole.ts';
import { processStart } from './processStart.ts';

/**
 * Makes the sandbox's directory, with a first file that records its owner and the running process.
 * @returns to be called once the sandbox is complete
 */
export function claimDirectory(paths: SandboxPaths): () => void {
  // Inside the sandbox these are its own, and would hide the directory.
  const hidden = ['/run', '/dev', '/proc', '/sys'].find((root) => `${paths.dir}/`.startsWith(`${root}/`));
  if (hidden !== undefined) {
    throw new TvError('sandbox.not-started', `A sandbox cannot live below ${hidden}.`, {
      facts: { directory: paths.dir },
    });
  }
  const parents: string[] = [];
  for (let parent = dirname(paths.dir); !existsSync(parent); parent = dirname(parent))
    parents.unshift(parent);
  for (const parent of parents) {
    mkdirSync(parent);
    // Despite a strict umask: the units' user has to pass.
    chmodSync(parent, 0o711);
  }
  mkdirSync(paths.dir, { recursive: true });
  const write = (maker: Marker['maker']) => {
    writeWhole(paths.marker, JSON.stringify({ maker, parents } satisfies Marker));
  };
  write({ pid: process.pid, start: processStart(process.pid) ?? '' });
  chmodSync(paths.dir, 0o711);
  for (const directory of [paths.bin, paths.units, paths.machine]) mkdirSync(directory);
  for (const directory of [paths.tempovault, paths.postgres, paths.chain]) {
    mkdirSync(directory);
    chmodSync(directory, 0o755);
  }
  mkdirSync(paths.backup, { mode: 0o750 });
  mkdirSync(paths.tvState, { mode: 0o700 });
  return () => write(null);
}
