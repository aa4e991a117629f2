import { execFileSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { Disk } from '../../scripts/chaos/disk.ts';

const root = process.getuid?.() === 0 && existsSync('/dev/loop-control');
const compiler = existsSync('/usr/bin/cc');

test.skipIf(!root)('after a power cut a disk has what was synced, and nothing else', async () => {
  const home = mkdtempSync(join(tmpdir(), 'tv-disk-'));
  const disk = await Disk.make(join(home, 'disk'), join(home, 'image'), 16);
  try {
    const file = (name: string) => join(disk.folder, name);
    const synced = openSync(file('synced'), 'w');
    writeSync(synced, 'first\n');
    fsyncSync(synced);
    writeSync(synced, 'second\n');
    closeSync(synced);
    writeFileSync(file('unsynced'), 'third\n');
    await disk.cutPower();
    expect(readFileSync(file('synced'), 'utf8')).toBe('first\n');
    expect(existsSync(file('unsynced'))).toBe(false);

    disk.fill();
    expect(() => writeFileSync(file('more'), 'x'.repeat(65_536))).toThrow('ENOSPC');
    disk.makeRoom();
    writeFileSync(file('more'), 'x'.repeat(65_536));
  } finally {
    await disk.unmount();
    rmSync(home, { recursive: true });
  }
});

test.skipIf(!compiler)('the clock of a program jumps while it is running', () => {
  const home = mkdtempSync(join(tmpdir(), 'tv-clock-'));
  try {
    const library = join(home, 'clock.so');
    const source = fileURLToPath(new URL('../../scripts/chaos/clock.c', import.meta.url));
    execFileSync('cc', ['-shared', '-fPIC', '-o', library, source, '-ldl']);
    const offset = join(home, 'offset');
    writeFileSync(offset, Buffer.alloc(8));
    const program = `
      const fs = require('node:fs');
      const before = Date.now();
      const bytes = Buffer.alloc(8);
      bytes.writeBigInt64LE(-5400n);
      fs.writeSync(fs.openSync(process.env.CHAOS_CLOCK, 'r+'), bytes);
      console.log(Math.round((before - Date.now()) / 1000));`;
    const env = { ...process.env, LD_PRELOAD: library, CHAOS_CLOCK: offset };
    expect(execFileSync(process.execPath, ['-e', program], { env, encoding: 'utf8' })).toBe('5400\n');
  } finally {
    rmSync(home, { recursive: true });
  }
});
