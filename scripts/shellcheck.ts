// Checks every shell program: ShellCheck where it knows the shell, otherwise the shell itself. Part of `npm run lint`.
// `node scripts/shellcheck.ts FILE…` checks others.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Debian's packages have the names of the programs. */
const checkers = [
  { program: 'shellcheck', flags: [], kind: /\.(sh|bash)$|^\.ci\/run$/ },
  { program: 'zsh', flags: ['-n'], kind: /\.zsh$/ },
  { program: 'fish', flags: ['--no-config', '--no-execute'], kind: /\.fish$/ },
];

const root = fileURLToPath(new URL('..', import.meta.url));
const named = process.argv.slice(2);
const found = ['src', 'runbooks'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((file) => `${folder}/${file}`),
);

for (const { program, flags, kind } of checkers) {
  const files = (named.length > 0 ? named : [...found, '.ci/run']).filter((file) => kind.test(file));
  for (const file of files) {
    const { status, error } = spawnSync(program, [...flags, file], { cwd: root, stdio: 'inherit' });
    if (error !== undefined) {
      console.error(`
*** SKIPPED: ${files.length} shell programs were not checked: ${error.message}.
*** Install ${program} (apt-get install ${program}); CI does.
`);
      break;
    }
    if (status !== 0) process.exitCode = 1;
  }
}
