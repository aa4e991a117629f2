import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Calls that start a process: each has to name its child's environment, or takes over this one's. */
const starts = /\b(execa|execaSync|spawn|spawnSync|execFile|execFileSync|fork)\(/;

/** Every file of the program that starts a process. A new one belongs into `runProcess`. */
const starters = [
  // The pager has the terminal, as a shell's would.
  'src/cli/terminal/pager.ts',
  'src/host/runProcess.ts',
  // Signing asks at the terminal, so it stays in its session.
  'src/host/sshKeygen.ts',
  'src/sandbox/drill/measure.ts',
  'src/sandbox/machine/bootSystemd.ts',
  'src/sandbox/machine/processStart.ts',
  'src/sandbox/machine/runInside.ts',
  'src/sandbox/machine/serviceUser.ts',
  'src/sandbox/machine/systemdObstacle.ts',
  'src/sandbox/postgres/clusterSnapshot.ts',
  'src/sandbox/postgres/findServer.ts',
  'src/sandbox/postgres/initCluster.ts',
  'src/sandbox/shell.ts',
  'src/sandbox/up.ts',
];

const sources = ['bin', 'runbooks', 'src'].flatMap((folder) =>
  readdirSync(`${root}${folder}`, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.[cm]?[jt]s$/.test(file) && !file.includes('artifacts'))
    .map((file) => `${folder}/${file}`),
);

it('only the process runner, signing and the sandbox start processes, each with an environment of its own making', () => {
  const found = sources.flatMap((file) => {
    const text = readFileSync(`${root}${file}`, 'utf8');
    if (!starts.test(text)) return [];
    const calls = text.match(new RegExp(starts, 'g')) ?? [];
    const environments = text.match(/\benv: |\benv,/g) ?? [];
    const whole = /\.\.\.process\.env|env: process\.env/.test(text);
    return [`${file}${environments.length === 0 || whole ? `: ${calls.length} calls without` : ''}`];
  });
  expect(found.sort()).toEqual(starters);
});
