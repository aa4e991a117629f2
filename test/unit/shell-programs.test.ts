import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import replaceFile from '../../src/host/replaceFile.sh';

const root = fileURLToPath(new URL('../..', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'tv-shell-programs-'));
afterAll(() => rmSync(directory, { recursive: true }));

const programs = ['src', 'runbooks'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(sh|bash|awk)$/.test(file))
    .map((file) => `${folder}/${file}`),
);

function lint(file: string, path = process.env['PATH'] ?? '') {
  return spawnSync(process.execPath, [join(root, 'scripts/shellcheck.ts'), file], {
    encoding: 'utf8',
    env: { PATH: path },
  });
}

describe('shell and awk programs', () => {
  it('are imported as the text of their files', () => {
    expect(replaceFile).toBe(readFileSync(join(root, 'src/host/replaceFile.sh'), 'utf8'));
  });

  it.each(programs)('%s parses', (file) => {
    const text = readFileSync(join(root, file), 'utf8');
    const shell = file.endsWith('.bash') ? 'bash' : /^# shellcheck shell=(sh|bash)$/m.exec(text)?.[1];
    if (shell === undefined) expect(file).toMatch(/\.awk$/);
    const check = shell === undefined ? ['-f', join(root, file), '/dev/null'] : ['-n', join(root, file)];
    const output = execFileSync(shell ?? 'awk', check, { encoding: 'utf8' });
    // An awk program runs on an empty file, and may print that it has counted nothing.
    if (shell !== undefined) expect(output).toBe('');
  });

  it('an unquoted path in one, ShellCheck installed → the lint step fails and names it', (context) => {
    if (spawnSync('shellcheck', ['--version']).error !== undefined)
      context.skip('ShellCheck is not installed');
    const file = join(directory, 'fault.sh');
    writeFileSync(file, '# shellcheck shell=sh\nrm -rf -- $1\n');
    expect(lint(file)).toMatchObject({ status: 1, stdout: expect.stringContaining('SC2086') });
  });

  it.for([
    ['zsh', '_tv() {\n'],
    ['fish', 'function _tv\n'],
  ] as const)('a function of %s without an end → the lint step fails', ([shell, text], context) => {
    if (spawnSync(shell, ['--version']).error !== undefined) context.skip(`${shell} is not installed`);
    const file = join(directory, `fault.${shell}`);
    writeFileSync(file, text);
    expect(lint(file)).toMatchObject({ status: 1, stderr: expect.stringContaining(file) });
  });

  it('ShellCheck not installed → the lint step passes and says what it left out', () => {
    const found = lint('src/host/replaceFile.sh', directory);
    expect(found).toMatchObject({ status: 0, stderr: expect.stringContaining('*** SKIPPED') });
  });
});
