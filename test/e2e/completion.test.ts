import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/* What the shells make of the printed scripts. That of bash is run in package.test.ts. Needs `npm run build`. */

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tv-completion-'));
  mkdirSync(join(folder, 'bin'));
  symlinkSync(fileURLToPath(new URL('../../bin/tv.js', import.meta.url)), join(folder, 'bin/tv'));
  symlinkSync(process.execPath, join(folder, 'bin/node'));
  const environments = { production: {}, staging: {} };
  writeFileSync(join(folder, 'tv.yaml'), JSON.stringify({ default: 'production', environments }), {
    mode: 0o600,
  });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const isInstalled = (shell: string) => spawnSync(shell, ['--version']).error === undefined;

const run = (shell: string, ...words: readonly string[]) =>
  execa(shell, words, {
    cwd: folder,
    env: {
      PATH: `${join(folder, 'bin')}:${process.env['PATH']}`,
      HOME: folder,
      TERM: 'dumb',
      TV_CONFIG: join(folder, 'tv.yaml'),
    },
    extendEnv: false,
    stdin: 'ignore',
    timeout: 40_000,
  });

describe('the completion script', () => {
  it('of fish completes commands and environments', async (context) => {
    if (!isInstalled('fish')) context.skip('fish is not installed (apt-get install fish)');
    const script = `
      tv completion fish | source
      complete -C 'tv oracle r'
      echo
      complete -C 'tv -e s'`;
    const { stdout } = await run('fish', '--no-config', '-c', script);
    const [commands = '', environments] = stdout.split('\n\n');
    expect(new Set(commands.split('\n'))).toEqual(new Set(['recover', 'revoke-old', 'rotate-key']));
    expect(environments).toBe('staging');
  });

  it('of zsh completes commands and environments at the key', async (context) => {
    if (!isInstalled('zsh')) context.skip('zsh is not installed (apt-get install zsh)');
    // Ctrl-X prints the line as it is then. zpty waits for its pattern.
    const script = `
      zmodload zsh/zpty
      zpty shell zsh -f -i
      zpty -w shell 'show() { print -r -- "<$BUFFER>"; BUFFER= }; zle -N show; bindkey "^X" show'
      zpty -w shell 'autoload -Uz compinit; compinit -D -u; source <(tv completion zsh); print rea""dy'
      zpty -r shell seen '*ready*'
      zpty -n -w shell $'tv oracle r\\t'
      zpty -r shell seen '*recover*revoke-old*rotate-key*'
      zpty -n -w shell $'\\C-utv -e s\\t\\C-x'
      zpty -r shell seen '*<*>*'
      print -r -- "$seen"`;
    const { stdout } = await run('zsh', '-f', '-c', script);
    expect(stdout).toContain('<tv -e staging >');
  });
});
