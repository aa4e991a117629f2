// Prints how long tv takes to start, as ratios to bare `node -e 0`, and the CPU time that it takes more than that:
// the machine, and what else runs on it, count for both alike. Each round runs every command once, in turn, with
// stdout a pipe. Then the programs in bench/ compare tv with the runbook, each on a sandbox of its own.
// `node scripts/bench.mjs [--env NAME] [--rounds N] [--bin FILE] [--start-only]`; without --env, `tv status` looks
// at an environment in which every source refuses at once.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { refusedEnvironment } from './bench/refusedEnvironment.mjs';

const { values } = parseArgs({
  options: {
    env: { type: 'string' },
    rounds: { type: 'string', default: '20' },
    'start-only': { type: 'boolean', default: false },
    bin: { type: 'string', default: fileURLToPath(new URL('../bin/tv.js', import.meta.url)) },
  },
});
const home = mkdtempSync(join(tmpdir(), 'tv-bench-'));
const quiet = refusedEnvironment(home);
const commands = [
  { name: 'node -e 0', args: ['-e', '0'], env: quiet },
  { name: 'tv --version', args: [values.bin, '--version'], env: quiet, expected: 1.15 },
  { name: 'tv --help', args: [values.bin, '--help'], env: quiet, expected: 1.15 },
  { name: 'tv runbook list', args: [values.bin, 'runbook', 'list'], env: quiet, expectedCpu: 60 },
  values.env === undefined
    ? { name: 'tv status', args: [values.bin, 'status'], env: quiet }
    : {
        name: `tv -e ${values.env} status`,
        args: [values.bin, '-e', values.env, 'status'],
        env: process.env,
      },
];

// bash's own report on what it ran: seconds of CPU time, user and system.
const timed = `TIMEFORMAT='%3U %3S'; time "$@" 2>/dev/null`;
const samples = new Map(commands.map(({ name }) => [name, { wall: [], cpu: [] }]));
try {
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const { name, args, env } of commands) {
      const options = { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: 60_000 };
      const start = process.hrtime.bigint();
      const { error, signal } = spawnSync(process.execPath, args, options);
      const wall = Number(process.hrtime.bigint() - start) / 1e6;
      if (error ?? signal) throw error ?? new Error(`${name} was ended by ${signal}`);
      const { stderr } = spawnSync('bash', ['-c', timed, 'bash', process.execPath, ...args], options);
      const [user, system] = stderr.trim().split(' ').map(Number);
      samples.get(name).wall.push(wall);
      samples.get(name).cpu.push((user + system) * 1000);
    }
  }
} finally {
  rmSync(home, { recursive: true, force: true });
}

const bare = samples.get('node -e 0');
for (const { name, expected, expectedCpu } of commands) {
  const { wall, cpu } = samples.get(name);
  const ratio = (median(wall) / median(bare.wall)).toFixed(2);
  const own = (median(cpu) - median(bare.cpu)).toFixed(0);
  const limits = [
    ...(expected === undefined ? [] : [`at most ${expected} times`]),
    ...(expectedCpu === undefined ? [] : [`at most ${expectedCpu} ms of CPU`]),
  ];
  const note = limits.length === 0 ? '' : `  expected ${limits.join(', ')}`;
  console.log(
    `${name.padEnd(24)} ${ratio.padStart(6)}  ${median(wall).toFixed(0).padStart(5)} ms  ${own.padStart(5)} ms CPU${note}`,
  );
}

if (!values['start-only']) {
  for (const [name, title] of [
    ['emergency', 'An emergency, tv to the runbook, each RPC answer 100 ms late:'],
    ['effects', 'What a plan changes, before the question:'],
    ['status', 'tv status to the quick reference of the runbook, RPC node and API 50 ms late:'],
    ['pairs', 'Many pairs on one screen:'],
    ['runs', 'Many closed runs:'],
    ['backups', 'Many backups:'],
    ['logs', 'A million journal entries through tv logs --group:'],
    ['database', 'The database, tv to the runbook:'],
    ['reindex', 'A reindex, each RPC answer 50 ms late:'],
  ]) {
    console.log(`\n${title}`);
    const program = fileURLToPath(new URL(`bench/${name}.mjs`, import.meta.url));
    const { status } = spawnSync(process.execPath, [program, '--bin', values.bin], { stdio: 'inherit' });
    if (status !== 0) process.exitCode = status ?? 1;
  }
}

function median(list) {
  const sorted = list.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
