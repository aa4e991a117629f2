import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { manPage } from '../../scripts/manPage.ts';
import { keyNames, keyOf } from '../../src/config/keys.ts';
import { exitCodes } from '../../src/errors/TvError.ts';
import { registry } from '../../src/registry.generated.ts';
import type { InputFields } from '../../src/runbook/define.ts';

const page = await manPage(registry, '1.2.3', '2026-11-30');
const lines = page.split('\n');
const has = (program: string) => spawnSync('which', [program]).status === 0;

/** As a terminal of so many columns shows it, without bold and underlined. */
function shown(columns: number): string {
  const { stdout } = spawnSync('man', ['-Tutf8', '-l', '-'], {
    input: page,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], MANWIDTH: String(columns), GROFF_NO_SGR: '1', LC_ALL: 'C.UTF-8' },
  });
  return stdout.replaceAll(new RegExp(`.${'\x08'}`, 'gu'), '');
}

describe('tv(1)', () => {
  it('has every command with its flags and its examples, in the order of help', async () => {
    const headings = lines.filter((line) => line.startsWith('.SS "tv ')).map((line) => line.slice(8, -1));
    expect(headings.map((words) => words.replaceAll('\\-', '-'))).toEqual(
      registry.map(({ command }) => command),
    );
    for (const entry of registry) {
      const command = (await entry.load()).default;
      const at = lines.indexOf(`.SS "tv ${entry.command.replaceAll('-', '\\-')}"`);
      const end = lines.findIndex((line, index) => index > at && /^\.S[SH]/.test(line));
      const part = lines.slice(at, end).map((line) => line.replaceAll('\\-', '-'));
      for (const { flag } of Object.values(command.input as InputFields))
        expect(part).toContain(`.B ${flag}`);
      const count = part.filter((line) => line === '.nf').length;
      expect([entry.command, count]).toEqual([entry.command, command.examples?.length]);
    }
  });

  it('has every exit code, every variable of a setting, and every common flag once', () => {
    const tags = lines.filter((line) => line.startsWith('.B ')).map((line) => line.slice(3));
    for (const code of Object.values(exitCodes)) expect(tags).toContain(String(code));
    for (const name of keyNames) {
      const { variable } = keyOf(name);
      if (variable !== undefined) expect(tags).toContain(variable);
    }
    const common = lines.slice(lines.indexOf('.SH COMMON FLAGS'), lines.indexOf('.SH "OVERVIEW COMMANDS"'));
    const flags = common
      .filter((line) => line.startsWith('.B '))
      .map((line) => line.replaceAll('\\-', '-').slice(3));
    expect(flags).toEqual([
      ...[
        '-e, --env <name>',
        '--config <file>',
        '--set <key=value>',
        '--json',
        '--full',
        '--verbose',
        '--no-color',
      ],
      ...['-y, --yes', '--confirm <environment>', '--wait <time>'],
      ...['--dry-run', '--plan <digest|file>', '--out <file>', '--override <check>', '--reason <text>'],
    ]);
  });

  it('is ASCII, and the same for the same version and day', async () => {
    expect(page).toMatch(/^[\n -~]*$/);
    expect(await manPage(registry, '1.2.3', '2026-11-30')).toBe(page);
    expect(lines[0]).toBe('.TH TV 1 "2026-11-30" "tv 1.2.3" "TempoVault"');
  });

  it('groff: no warning, and examples that can be pasted', ({ skip }) => {
    if (!has('groff') || !has('man')) return skip('groff and man are not installed here');
    const { stderr, status } = spawnSync('groff', ['-man', '-Tutf8', '-ww', '-z'], {
      input: page,
      encoding: 'utf8',
    });
    expect([status, stderr]).toEqual([0, '']);
    const text = shown(80);
    expect(text).toContain('tv logs --since 2h --errors --group\n');
    expect(text).toContain('tv incident note "RPC provider confirms an outage since 03:10"\n');
    expect(text).toContain('tv completion fish > ~/.config/fish/completions/tv.fish\n');
    expect(text).toMatch(/^ {7}70 {5}A bug in tv\.$/m);
  });

  it('mandoc: no warning', ({ skip }) => {
    if (!has('mandoc')) return skip('mandoc is not installed here');
    const { stdout, status } = spawnSync('mandoc', ['-T', 'lint', '-W', 'warning'], {
      input: page,
      encoding: 'utf8',
    });
    expect([status, stdout]).toEqual([0, '']);
  });
});
