import { describe, expect, it } from 'vitest';
import { buildCommandLine, outlives } from '../../src/host/commandLine.ts';
import { quoteForShell } from '../../src/text/shellLine.ts';

describe('buildCommandLine', () => {
  it('passes words on as they are, with and without a prefix', () => {
    expect(buildCommandLine({ prefix: [], command: ['ls', 'a b', '$HOME'] })).toEqual({
      file: 'ls',
      arguments: ['a b', '$HOME'],
      inputHead: '',
    });
    expect(buildCommandLine({ prefix: ['sudo', '-n'], command: ['ls', 'a b'] })).toMatchObject({
      file: 'sudo',
      arguments: ['-n', 'ls', 'a b'],
    });
  });

  it('quotes for the shell behind ssh, which never asks anything', () => {
    const line = buildCommandLine({ prefix: ['/usr/bin/ssh', 'ops@vault-1'], command: ['ls', "it's", ''] });
    expect(line.file).toBe('/usr/bin/ssh');
    expect(line.arguments).toEqual([
      '-o',
      'BatchMode=yes',
      'ops@vault-1',
      'env',
      'LC_ALL=C.UTF-8',
      'TZ=UTC',
      'ls',
      `'it'\\''s'`,
      `''`,
    ]);
  });

  it.each([
    [
      ['docker', 'exec', '-i', 'vault'],
      ['sh', '-c', expect.stringContaining('exec timeout'), 'tv', '12', 'ls', 'a b'],
    ],
    [
      ['sudo', '-n', 'ssh', 'ops@vault-1'],
      [
        ...['sh', '-c', expect.stringContaining('exec timeout'), 'tv', '12', 'env'],
        expect.anything(),
        'TZ=UTC',
        'ls',
        "'a b'",
      ],
    ],
  ] as const)('behind %j the limit goes with the command', (prefix, words) => {
    const line = buildCommandLine({ prefix, command: ['ls', 'a b'], limitSeconds: 12 });
    expect(line.arguments.slice(-words.length)).toEqual(words);
  });

  it.each([
    [[], false],
    [['sudo', '-n'], false],
    [['nsenter', '-t', '5', '-m', '--'], false],
    [['sudo', '/usr/bin/docker', 'exec', 'vault'], true],
    [['ssh', 'ops@vault-1'], true],
  ] as const)('%j: what it starts may outlive it: %j', (prefix, expected) => {
    expect(outlives(prefix)).toBe(expected);
  });

  it('keeps secrets out of the arguments', () => {
    const line = buildCommandLine({
      prefix: ['sudo', '-n'],
      command: ['pg_dump', '-f', 'x'],
      secrets: { PGPASSWORD: 'hunter2', OTHER: '' },
    });
    expect(JSON.stringify(line.arguments)).not.toContain('hunter2');
    expect(line.arguments.slice(-4)).toEqual(['sh', 'pg_dump', '-f', 'x']);
    expect(line.inputHead).toBe('hunter2\n\n');
  });

  it('refuses a secret that would become two lines, without repeating it', () => {
    const build = (secrets: Record<string, string>) => () =>
      buildCommandLine({ prefix: [], command: ['true'], secrets });
    expect(build({ KEY: 'hunter2\nx' })).toThrow(
      'The secret KEY contains a line break and cannot be handed to a command.',
    );
    expect(build({ 'A; reboot': 'x' })).toThrow(expect.objectContaining({ code: 'host.malformed-command' }));
  });

  it('refuses an empty command', () => {
    expect(() => buildCommandLine({ prefix: [], command: [] })).toThrow(
      expect.objectContaining({ code: 'host.malformed-command' }),
    );
  });
});

describe('quoteForShell', () => {
  it.each([
    ['plain-1.2_/x=y', 'plain-1.2_/x=y'],
    ['a b', "'a b'"],
    ['$(reboot)`x`\\', "'$(reboot)`x`\\'"],
    ['', "''"],
    ['a\nb', "'a\nb'"],
  ])('%j', (word, quoted) => {
    expect(quoteForShell(word)).toBe(quoted);
  });
});
