// Prints how long `tv runs list` and `tv status` take with many closed runs, as ratios to three of them. `tv status`
// looks at an environment in which every source refuses at once. `node scripts/bench/runs.mjs [--bin FILE] [--runs N]`
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { refusedEnvironment } from './refusedEnvironment.mjs';

const rounds = 7;

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '10000' },
    bin: { type: 'string', default: fileURLToPath(new URL('../../bin/tv.js', import.meta.url)) },
  },
});
const many = Number(values.runs);
const home = mkdtempSync(join(tmpdir(), 'tv-bench-runs-'));
try {
  const scenes = [3, many].map((count) => {
    const directory = join(home, String(count));
    mkdirSync(join(directory, 'state', 'runs'), { recursive: true, mode: 0o700 });
    for (let number = 0; number < count; number++) journal(directory, number);
    return { count, env: { ...refusedEnvironment(directory), TV_STATE_DIR: join(directory, 'state') } };
  });
  for (const [command, expected] of [
    [['runs', 'list'], 2],
    [['status'], 1.5],
  ]) {
    const times = new Map(scenes.map(({ count }) => [count, []]));
    for (const { env } of scenes) spawnSync(process.execPath, [values.bin, ...command], { env });
    for (let round = 0; round < rounds; round++) {
      for (const { count, env } of scenes) {
        const start = performance.now();
        const { stdout } = spawnSync(process.execPath, [values.bin, ...command], { env, encoding: 'utf8' });
        times.get(count).push(performance.now() - start);
        if (command[0] === 'runs' && !stdout.includes('db-vacuum'))
          throw new Error(`no run is listed: ${stdout}`);
      }
    }
    const [few, all] = [3, many].map((count) => times.get(count).toSorted((a, b) => a - b)[(rounds - 1) / 2]);
    const ratio = all / few;
    console.log(
      `tv ${command.join(' ').padEnd(10)} 3 runs ${few.toFixed(0)} ms, ${many} runs ${all.toFixed(0)} ms  ${ratio.toFixed(2)}  expected at most ${expected}`,
    );
    if (ratio > expected) process.exitCode = 1;
  }
} finally {
  rmSync(home, { recursive: true, force: true });
}

/** A verified `tv db vacuum` with a plan and checks of the usual size. */
function journal(directory, number) {
  const at = new Date(Date.parse('2025-01-01T02:00:00Z') + number * 60_000).toISOString();
  const run = `${at.slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-')}-db-vacuum-${(number % 65_536).toString(16).padStart(4, '0')}`;
  const operator = { user: 'ops', host: hostname(), pid: 1, mark: '1' };
  const table = (index) => ({
    id: `table-${index}`,
    world: 'database',
    status: 'ok',
    summary: `table ${index} can be vacuumed`,
  });
  const step = (index) => ({
    id: `step-${index}`,
    title: `vacuum table ${index}`,
    command: `psql -c 'VACUUM t${index}'`,
    effect: 'final',
    undo: null,
  });
  const started = {
    ...{ type: 'run.started', run, runbook: 'db vacuum', title: 'Vacuum', section: '3', risk: 'mild' },
    ...{ environment: 'production', operator, version: '1.0.0', input: {}, facts: {} },
    checks: Array.from({ length: 11 }, (_, index) => table(index)),
    plan: {
      id: 'f'.repeat(64),
      consequence: 'This vacuums 11 tables.',
      steps: Array.from({ length: 11 }, (_, index) => step(index)),
    },
    ...{ overrides: [], confirmation: '--yes' },
  };
  const lines = [started, { type: 'run.ended', outcome: 'verified', exitCode: 0 }];
  const text = lines.map((line, seq) => JSON.stringify({ at, seq, ...line }));
  writeFileSync(join(directory, 'state', 'runs', `${run}.jsonl`), `${text.join('\n')}\n`, { mode: 0o600 });
}
