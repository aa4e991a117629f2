// A sandbox of a benchmark's own, and tv on it; all of it is gone afterwards, also after an error.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** @param {(world: object) => Promise<void>} work gets the sandbox's folder, state and environment */
export async function withSandbox(bin, work) {
  const home = mkdtempSync(join(tmpdir(), 'tv-bench-'));
  // The services run as a user of their own, and have to pass through here.
  chmodSync(home, 0o711);
  const env = { ...process.env, TV_STATE_DIR: home, NO_COLOR: '1' };
  const tv = (...args) => run(process.execPath, [bin, ...args], env);
  try {
    tv('sandbox', 'up');
    const dir = join(home, 'sandbox', 'sandbox');
    const state = JSON.parse(readFileSync(join(dir, 'sandbox.json'), 'utf8'));
    await work({ dir, env, tv, state });
  } finally {
    spawnSync(process.execPath, [bin, 'sandbox', 'down'], { env, stdio: 'ignore' });
    rmSync(home, { recursive: true, force: true });
  }
}

/** @throws where it fails */
export function run(file, args, env = process.env) {
  const done = spawnSync(file, args, { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  if (done.error) throw done.error;
  if (done.status !== 0) throw new Error(`${file} ${args.join(' ')}\n${done.stdout}${done.stderr}`);
  return done.stdout;
}
