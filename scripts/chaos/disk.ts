import { closeSync, openSync, rmSync, truncateSync, writeSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { until } from '../../src/sandbox/machine/until.ts';
import { program } from './program.ts';

/**
 * A small ext4 file system in a file, mounted at a folder. What programs have written and not synced is in the memory
 * of the kernel alone for half a minute, and so a copy of the file is what a disk holds after a power cut. It is ext4's
 * order that is tried, not the loosest that POSIX allows: one sync commits what was named or renamed before it, too.
 */
export class Disk {
  readonly folder: string;
  readonly #image: string;
  readonly #ballast: string;

  private constructor(folder: string, image: string) {
    this.folder = folder;
    this.#image = image;
    this.#ballast = join(folder, '.ballast');
  }

  /** @param size in MiB */
  static async make(folder: string, image: string, size: number): Promise<Disk> {
    await mkdir(folder, { recursive: true });
    closeSync(openSync(image, 'w'));
    truncateSync(image, size * 1024 * 1024);
    await program('mkfs.ext4', ['-q', '-m', '0', '-J', 'size=4', '-E', 'lazy_itable_init=0', image]);
    const disk = new Disk(folder, image);
    await disk.#mount();
    rmSync(join(folder, 'lost+found'), { recursive: true });
    return disk;
  }

  async #mount(): Promise<void> {
    // No commit by the clock, and no flush by which ext4 saves those who replace a file without a sync.
    await program('mount', ['-o', 'loop,commit=1800,noauto_da_alloc', this.#image, this.folder]);
  }

  /** Takes all room that is left. */
  fill(): void {
    const handle = openSync(this.#ballast, 'a', 0o600);
    try {
      const block = Buffer.alloc(64 * 1024);
      for (;;) writeSync(handle, block);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    } finally {
      closeSync(handle);
    }
  }

  /** Gives it back. */
  makeRoom(): void {
    rmSync(this.#ballast, { force: true });
  }

  /** As after a power cut: all that was not synced is gone. Nothing may have a file open there. */
  async cutPower(): Promise<void> {
    const cut = `${this.#image}.cut`;
    await program('cp', ['--sparse=always', this.#image, cut]);
    await this.unmount();
    await rename(cut, this.#image);
    await this.#mount();
  }

  async unmount(): Promise<void> {
    const unmounted = async () => {
      await program('umount', [this.folder]);
      return true;
    };
    // A process that was killed may still be ending.
    await until(unmounted, { limitMs: 10_000, what: `${this.folder} to be left by every process` });
  }
}
