import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TvError } from '../errors/TvError.ts';
import type { BrokenWorld, Fault } from './breakRecord.ts';
import { runInside } from './machine/runInside.ts';

/** Less than a program of the sandbox reserves when it starts. */
const tightAddressSpace = '600M';

/** Units that stop, die or make no progress, and a full disk. */
export const serviceFaults: Readonly<Record<string, Fault>> = {
  'stop-rpc': {
    summary: 'the RPC node refuses connections',
    impose: (world) => inside(world, ['systemctl', 'stop', 'sandbox-rpc']),
    mend: (world) => inside(world, ['systemctl', 'start', 'sandbox-rpc']),
  },
  'kill-oracle': {
    summary: 'the oracle relay is killed and stays dead',
    impose: async (world) => {
      writeDropIn(world, 'tempovault-oracle', 'Restart=no');
      await inside(world, ['systemctl', 'daemon-reload']);
      await inside(world, ['systemctl', 'kill', '--signal=SIGKILL', 'tempovault-oracle']);
    },
    mend: async (world) => {
      rmSync(dropIns(world, 'tempovault-oracle'), { recursive: true, force: true });
      await inside(world, ['systemctl', 'daemon-reload']);
      await inside(world, ['systemctl', 'start', 'tempovault-oracle']);
    },
  },
  'stall-indexer': {
    summary: 'the indexer is active and does nothing',
    impose: (world) => inside(world, ['systemctl', 'kill', '--signal=SIGSTOP', 'tempovault-indexer']),
    mend: (world) => inside(world, ['systemctl', 'kill', '--signal=SIGCONT', 'tempovault-indexer']),
  },
  'two-indexers': {
    summary: 'a second indexer runs, in a unit of another name',
    impose: async (world) => {
      const own = readFileSync(join(world.paths.units, 'tempovault-indexer.service'), 'utf8');
      writeFileSync(secondIndexer(world), own);
      await inside(world, ['systemctl', 'daemon-reload']);
      await inside(world, ['systemctl', 'start', 'event-indexer-2']);
    },
    mend: async (world) => {
      await inside(world, ['systemctl', 'stop', 'event-indexer-2']);
      rmSync(secondIndexer(world), { force: true });
      await inside(world, ['systemctl', 'daemon-reload']);
    },
  },
  'full-memory': {
    summary: 'the API has used up its memory, and dies whenever it starts',
    impose: async (world) => {
      writeDropIn(world, 'tempovault-api', `LimitAS=${tightAddressSpace}`);
      await inside(world, ['systemctl', 'daemon-reload']);
      await inside(world, ['systemctl', 'restart', 'tempovault-api']);
    },
    mend: async (world) => {
      rmSync(dropIns(world, 'tempovault-api'), { recursive: true, force: true });
      await inside(world, ['systemctl', 'daemon-reload']);
      await inside(world, ['systemctl', 'reset-failed', 'tempovault-api']);
      await inside(world, ['systemctl', 'restart', 'tempovault-api']);
    },
  },
  'fill-disk': {
    summary: 'the backup directory is full',
    impose: async (world) => {
      const { backup } = world.paths;
      await inside(world, ['mount', '-t', 'tmpfs', '-o', 'size=64k,mode=750', 'tmpfs', backup]);
      // dd ends with status 1: that the disk is full is what is wanted.
      await runInside(world.state.machine, [
        'dd',
        'if=/dev/zero',
        `of=${join(backup, 'other-data')}`,
        'bs=4k',
      ]);
    },
    mend: (world) => inside(world, ['umount', world.paths.backup]),
  },
};

function dropIns({ paths }: BrokenWorld, unit: string): string {
  return join(paths.units, `${unit}.service.d`);
}

/** @param line of the section `[Service]` */
function writeDropIn(world: BrokenWorld, unit: string, line: string): void {
  mkdirSync(dropIns(world, unit), { recursive: true });
  writeFileSync(join(dropIns(world, unit), 'broken.conf'), `[Service]\n${line}\n`);
}

function secondIndexer({ paths }: BrokenWorld): string {
  return join(paths.units, 'event-indexer-2.service');
}

/** @throws TvError with the command's words where it fails */
export async function inside({ state }: BrokenWorld, command: readonly string[]): Promise<void> {
  const { exitCode, stderr } = await runInside(state.machine, command);
  if (exitCode === 0) return;
  throw new TvError('sandbox.fault-failed', `The sandbox refused "${command.join(' ')}".`, {
    facts: { reason: stderr.trim().split('\n')[0] },
    next: { tv: ['sandbox', 'status'] },
  });
}
