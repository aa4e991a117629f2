// Runs ShellCheck on every shell program. Part of `npm run lint`. `node scripts/shellcheck.ts FILE…` checks others.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const named = process.argv.slice(2);
const found = ['src', 'runbooks'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((file) => `${folder}/${file}`),
);
const programs = [...found.filter((file) => /\.(sh|bash)$/.test(file)), '.ci/run'];

const { status, error } = spawnSync('shellcheck', named.length > 0 ? named : programs, {
  cwd: root,
  stdio: 'inherit',
});
if (error !== undefined) {
  console.error(`
*** SKIPPED: ${programs.length} shell programs were not checked: ${error.message}.
*** Install ShellCheck (apt-get install shellcheck); CI does.
`);
}
process.exitCode = error === undefined ? (status ?? 1) : 0;
