// Brings a sandbox up, runs the main procedures on it with the real tv, and takes it down again.
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const bin = fileURLToPath(new URL('../bin/tv.js', import.meta.url));
const state = mkdtempSync(join(tmpdir(), 'tv-demo-'));
// The sandbox's database runs as another user, who has to reach its files.
chmodSync(state, 0o711);
const env = { ...process.env, TV_STATE_DIR: state };
const name = 'demo';
const began = Date.now();

let current;
let stopped = false;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    stopped = true;
    current?.kill('SIGINT');
  });
}

/** Why, and what to type. A person would be asked where `--confirm` and `--yes` answer. */
const acts = [
  ['How is it?', 'status'],
  ['§1 What would a reindex do? Nothing is changed yet', 'reindex --from-block 1_200 --dry-run'],
  ['Do it', `reindex --from-block 1_200 --confirm ${name}`],
  ['Compare every event with the chain', 'reindex check'],
  ['§3 A backup that is proven before it is named', 'db backup'],
  ['§6 Stop the trade of a pair', `breaker trip --pair AlphaUSD-pathUSD --confirm ${name}`],
  ['And close it again', `breaker reset --pair AlphaUSD-pathUSD --confirm ${name}`],
  ['§4 Another key for the oracle: made, funded, authorised, proven', `oracle rotate-key --confirm ${name}`],
  ['The old one still counts for a day; here it ends now', `oracle revoke-old --now --confirm ${name}`],
  ['§7 Pause and stop everything', `emergency shutdown --confirm ${name}`],
  ['Everything back, in order', `emergency resume --confirm ${name}`],
  ['Who did what', 'audit list'],
];

try {
  await show(
    'A complete TempoVault to practise on: chain, PostgreSQL, three services',
    'sandbox',
    'up',
    '--name',
    name,
  );
  for (const [why, line] of acts) await show(why, '-e', name, ...line.split(' '));
  const [run = ''] = readdirSync(join(state, 'sandbox', name, 'state', 'runs'));
  const report = ['runs', 'report', run.replace('.jsonl', ''), '--out', state];
  await show('The timeline of the first run, for the incident review', '-e', name, ...report);
} catch (error) {
  process.exitCode = 1;
  console.error(`\n✖ ${error.message}`);
} finally {
  stopped = false;
  await show('And away with it', 'sandbox', 'down', '--name', name).catch((error) => {
    process.exitCode = 1;
    console.error(`✖ ${error.message}; what is left is in ${state}`);
  });
  if (process.exitCode !== 1) rmSync(state, { recursive: true, force: true });
}
console.log(`\nThe demo took ${Math.round((Date.now() - began) / 1000)} s.`);

/** Runs tv with its output on this terminal. */
async function show(why, ...args) {
  if (stopped) throw new Error('stopped');
  console.log(`\n# ${why}\n$ tv ${args.join(' ')}\n`);
  current = spawn(process.execPath, [bin, ...args], { env, stdio: 'inherit' });
  const code = await new Promise((resolve, reject) => {
    current.on('error', reject);
    current.on('exit', (exit, signal) => resolve(signal ?? exit));
  });
  if (code !== 0) throw new Error(`tv ${args.join(' ')} ended with ${code}`);
}
