import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TvError } from '../errors/TvError.ts';
import type { BrokenWorld, Fault } from './breakRecord.ts';
import { runInside } from './machine/runInside.ts';

/** Units that stop, die or stand still, and a full disk. */
export const serviceFaults: Readonly<Record<string, Fault>> = {
  'stop-rpc': {
    summary: 'the RPC node refuses connections',
    impose: (world) => inside(world, ['systemctl', 'stop', 'sandbox-rpc']),
    mend: (world) => inside(world, ['systemctl', 'start', 'sandbox-rpc']),
  },
  'kill-oracle': {
    summary: 'the oracle relay is killed and stays dead',
    impose: async (world) => {
      mkdirSync(dropIn(world), { recursive: true });
      writeFileSync(join(dropIn(world), 'broken.conf'), '[Service]\nRestart=no\n');
      await inside(world, ['systemctl', 'daemon-reload']);
      await inside(world, ['systemctl', 'kill', '--signal=SIGKILL', 'tempovault-oracle']);
    },
    mend: async (world) => {
      rmSync(dropIn(world), { recursive: true, force: true });
      await inside(world, ['systemctl', 'daemon-reload']);
      await inside(world, ['systemctl', 'start', 'tempovault-oracle']);
    },
  },
  'stall-indexer': {
    summary: 'the indexer is active and does nothing',
    impose: (world) => inside(world, ['systemctl', 'kill', '--signal=SIGSTOP', 'tempovault-indexer']),
    mend: (world) => inside(world, ['systemctl', 'kill', '--signal=SIGCONT', 'tempovault-indexer']),
  },
  'fill-disk': {
    summary: 'the backup directory is full',
    prepare: async ({ state }) => {
      if (state.machine.kind === 'systemd') return;
      throw new TvError(
        'sandbox.fault-failed',
        'Only a sandbox with a systemd of its own can have a full disk.',
        {
          facts: { reason: 'without a mount namespace the disk would be that of this machine' },
        },
      );
    },
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

function dropIn({ paths }: BrokenWorld): string {
  return join(paths.units, 'tempovault-oracle.service.d');
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
