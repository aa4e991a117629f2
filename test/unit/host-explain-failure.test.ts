import { describe, expect, it } from 'vitest';
import { UnavailableError } from '../../src/errors/TvError.ts';
import { CommandMissingError, explainFailure, explainNotStarted } from '../../src/host/explainFailure.ts';

function explain(prefix: string[], exitCode: number, stderr: string, wrapped = false) {
  return explainFailure(
    { prefix, command: ['systemctl', 'show'], wrapped },
    { exitCode, stdout: '', stderr },
  );
}

describe('explainFailure', () => {
  it.each([
    [
      ['ssh', 'vault-1'],
      255,
      'ssh: connect to host vault-1 port 22: Connection refused',
      'host.ssh-unreachable',
    ],
    [['ssh', 'vault-1'], 255, 'ops@vault-1: Permission denied (publickey).', 'host.ssh-unreachable'],
    [['sudo', '-n'], 1, 'sudo: a password is required', 'host.sudo-refused'],
    [['ssh', 'v', 'sudo', '-n'], 1, 'sudo: a password is required', 'host.sudo-refused'],
    [['sudo', '-n'], 1, 'sudo: a terminal is required to read the password; either …', 'host.sudo-refused'],
    [['sudo', '-n'], 1, 'ops is not in the sudoers file.', 'host.sudo-refused'],
    [
      ['sudo', '-n'],
      1,
      "Sorry, user ops is not allowed to execute '/usr/bin/systemctl show' as root on vault-1.",
      'host.sudo-refused',
    ],
    [
      ['nsenter', '-t', '9', '-m'],
      1,
      'nsenter: cannot open /proc/9/ns/mnt: No such file or directory',
      'sandbox.not-running',
    ],
    [
      ['nsenter', '-t', '9', '-m'],
      1,
      'nsenter: reassociate to namespace failed: No such process',
      'sandbox.not-running',
    ],
    [['/x/bin/inside'], 69, 'The sandbox in /x is not running. Next: tv sandbox up', 'sandbox.not-running'],
    [['env', 'A=b'], 126, 'env: ‘systemctl’: Permission denied', 'host.not-started'],
  ])('%j %i %s', (prefix, exitCode, stderr, code) => {
    const error = explain(prefix, exitCode, stderr);
    expect(error).toBeInstanceOf(UnavailableError);
    expect(error?.code).toBe(code);
  });

  it.each([
    [['env', 'A=b'], 127, 'env: ‘systemctl’: No such file or directory', false],
    [['ssh', 'v'], 127, 'env: ‘systemctl’: No such file or directory', false],
    [
      ['nsenter', '-t', '1', '-m'],
      127,
      'nsenter: failed to execute systemctl: No such file or directory',
      false,
    ],
    [['sudo', '-n'], 1, 'sudo: systemctl: command not found', false],
    [[], 127, 'sh: 1: exec: systemctl: not found', true],
  ])('a missing program through %j', (prefix, exitCode, stderr, wrapped) => {
    expect(explain(prefix, exitCode, stderr, wrapped)).toBeInstanceOf(CommandMissingError);
  });

  it.each([
    [[], 127, 'systemctl: not found', 'an answer of its own'],
    [['ssh', 'v'], 5, 'Failed to start x.service: Unit x.service not found.', 'systemctl says no'],
    [['sudo', '-n'], 3, '', 'is-active of an inactive unit'],
    [['env', 'A=b'], 127, 'line 3: frobnicate: command not found', 'a script that misses something'],
    [['ssh', 'v'], 0, 'Warning: Permanently added', 'success'],
  ])('%j %i %s is %s', (prefix, exitCode, stderr) => {
    expect(explain(prefix, exitCode, stderr)).toBeUndefined();
  });
});

describe('explainNotStarted', () => {
  it('distinguishes a missing command from a missing prefix', () => {
    const command = ['psql'];
    expect(explainNotStarted({ prefix: [], command }, 'ENOENT')).toBeInstanceOf(CommandMissingError);
    const prefixed = explainNotStarted({ prefix: ['doas'], command }, 'ENOENT');
    expect(prefixed).not.toBeInstanceOf(CommandMissingError);
    expect(prefixed).toMatchObject({ code: 'host.prefix-missing', facts: { prefix: 'doas' } });
    expect(explainNotStarted({ prefix: ['/x/bin/inside'], command }, 'ENOENT').next).toEqual([
      { tv: ['sandbox', 'up'] },
    ]);
    expect(explainNotStarted({ prefix: [], command }, 'EACCES').code).toBe('host.not-started');
    expect(explainNotStarted({ prefix: [], command }, 'E2BIG').facts).toEqual({ reason: 'E2BIG' });
  });
});
