import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TimeoutError, UnavailableError } from '../../src/errors/TvError.ts';
import { connectHost, streamLines } from '../../src/host/connectHost.ts';
import { CommandMissingError } from '../../src/host/explainFailure.ts';
import { secretOutput } from '../../src/host/secretOutput.ts';
import { until } from '../../src/sandbox/machine/until.ts';

const directory = mkdtempSync(join(tmpdir(), 'tv-host-run-'));
afterAll(() => rmSync(directory, { recursive: true }));

const local = connectHost({ prefix: [], timeoutMs: 10_000 });

/** Does with its arguments what ssh does: joins them and hands them to a shell, in a bare environment. */
const remoteShell = join(directory, 'ssh');
writeFileSync(
  remoteShell,
  `#!/bin/sh
[ "$1 $2" = "-o BatchMode=yes" ] || exit 99
shift 3
exec env -i PATH="$PATH" sh -c "$*"
`,
);
chmodSync(remoteShell, 0o755);

const prefixes: [string, string[]][] = [
  ['no prefix', []],
  ['a prefix that passes arguments on', ['env', 'A=1']],
  ['a remote shell', [remoteShell, 'ops@vault-1']],
];

/** As `remoteShell`; what it starts goes on where it is killed itself, as on another machine. */
const otherMachine = join(directory, 'elsewhere/ssh');
mkdirSync(join(directory, 'elsewhere'));
writeFileSync(
  otherMachine,
  `#!/bin/sh
shift 3
setsid --wait env -i PATH="\${REMOTE_PATH:-$PATH}" sh -c "$*" &
wait $!
`,
);
chmodSync(otherMachine, 0o755);

function isAlive(pid: number): boolean {
  try {
    return !/^State:\s*[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

describe.each(prefixes)('through %s', (_, prefix) => {
  const host = connectHost({ prefix, timeoutMs: 10_000 });

  it('arguments arrive as they are', async () => {
    const words = ['a b', '', "it's", '"$HOME"', '`id`', '*', 'a\nb', '\\', '-n', 'ü€🚀', ';reboot'];
    const { stdout } = await host.run(['printf', '[%s]', ...words]);
    expect(stdout).toBe(words.map((word) => `[${word}]`).join(''));
  });

  it('a failure is an answer', async () => {
    const { exitCode, stdout, stderr } = await host.run(['sh', '-c', 'echo out; echo err >&2; exit 3']);
    expect({ exitCode, stdout, stderr }).toEqual({ exitCode: 3, stdout: 'out\n', stderr: 'err\n' });
  });

  it('input arrives byte for byte, and a command that reads none is not troubled', async () => {
    const input = `\uFEFFfirst\r\n\\n ü\n${'x'.repeat(300_000)}`;
    expect((await host.run(['cat'], { input })).stdout).toBe(input);
    expect((await host.run(['true'], { input })).exitCode).toBe(0);
    expect((await host.run(['cat'])).stdout).toBe('');
  });

  it('secrets arrive as environment, are in no command line, and leave the input alone', async () => {
    const secrets = { PGPASSWORD: `  p'a"s\\s $(x) `, OTHER: '' };
    const input = 'line 1\nline 2';
    const script = `printf '%s|%s|' "$PGPASSWORD" "\${OTHER-unset}"; cat; cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '`;
    const { stdout } = await host.run(['sh', '-c', script], { secrets, input });
    const head = `${secrets.PGPASSWORD}||${input}`;
    expect(stdout.slice(0, head.length)).toBe(head);
    const commandLines = stdout.slice(head.length);
    expect(commandLines).toContain('PGPASSWORD');
    expect(commandLines).not.toContain(secrets.PGPASSWORD.trim());
  });

  it('output is in English and in UTC', async () => {
    const { stdout } = await host.run(['sh', '-c', 'echo "$LC_ALL $TZ"']);
    expect(stdout).toBe('C.UTF-8 UTC\n');
  });

  it('a missing command is reported as such, with and without secrets', async () => {
    for (const options of [{}, { secrets: { A: 'x' } }]) {
      const failure = host.run(['no-such-program', '-x'], options);
      await expect(failure).rejects.toBeInstanceOf(CommandMissingError);
      await expect(failure).rejects.toMatchObject({
        code: 'host.command-missing',
        message: expect.stringContaining('no-such-program'),
      });
    }
  });
});

describe('the environment of a child', () => {
  const key = 'ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80';
  const secret = {
    TV_ADMIN_KEY: key,
    MY_KEY: key,
    LC_TIME: `0x${key}`,
    PGPASSWORD: 'hunter2hunter2',
    ORACLE_PRIVATE_KEY: key,
    AWS_SECRET_ACCESS_KEY: 'hunter2hunter2',
    NODE_OPTIONS: '--no-warnings',
    OP_ADMIN: 'hunter2hunter2',
  };
  const harmless = {
    SSH_AUTH_SOCK: '/run/agent',
    PGPASSFILE: '/home/ops/.pgpass',
    GNUPGHOME: '/home/ops/gpg',
  };
  const before = { ...process.env };
  beforeAll(() => void Object.assign(process.env, secret, harmless));
  afterAll(() => {
    for (const name of Object.keys({ ...secret, ...harmless })) delete process.env[name];
    Object.assign(process.env, before);
  });
  const names = (text: string) => text.split('\n').map((line) => line.replace(/=.*/, ''));

  it.each<[string, () => Promise<string>, string[]]>([
    ['host command', async () => (await local.run(['env'])).stdout, ['SSH_AUTH_SOCK']],
    [
      'program of PostgreSQL',
      async () => (await local.run(['env'], { libpq: true })).stdout,
      ['PGPASSFILE', 'SSH_AUTH_SOCK'],
    ],
    [
      'key command',
      async () => {
        const answer = await secretOutput({ words: ['env'], withheld: ['OP_ADMIN'] });
        return 'text' in answer ? answer.text : answer.failure;
      },
      // A cloud's own CLI needs its login; it gets no secret of tv.
      ['AWS_SECRET_ACCESS_KEY', 'GNUPGHOME', 'SSH_AUTH_SOCK'],
    ],
  ])('%s: what is on its list and no more', async (_, run, expected) => {
    const output = await run();
    expect(output).not.toContain(key);
    const given = Object.keys({ ...secret, ...harmless });
    expect(
      names(output)
        .filter((name) => given.includes(name) && name !== 'LC_TIME')
        .sort(),
    ).toEqual(expected);
    expect(names(output)).toContain('PATH');
    expect(names(output)).toContain('HOME');
  });

  it('a key command past its limit ends with all that it started', async () => {
    const pidFile = join(directory, 'key-child.pid');
    const script = `sleep 600 & echo $! >"$1"; wait`;
    const answer = await secretOutput({ words: ['sh', '-c', script, 'sh', pidFile], limitMs: 1_000 });
    expect(answer).toEqual({ failure: 'no end after 1 s' });
    const child = Number(readFileSync(pidFile, 'utf8'));
    expect(child).toBeGreaterThan(1);
    await expect.poll(() => isAlive(child)).toBe(false);
  });
});

describe('limits', () => {
  it('end a command with all its children', async () => {
    const pidFile = join(directory, 'child.pid');
    const script = `sleep 600 & echo $! >"$1"; wait`;
    await expect(local.run(['sh', '-c', script, 'sh', pidFile], { timeoutMs: 1_000 })).rejects.toThrow(
      TimeoutError,
    );
    const child = Number(readFileSync(pidFile, 'utf8'));
    expect(child).toBeGreaterThan(1);
    await expect.poll(() => isAlive(child)).toBe(false);
  });

  it('end a command that ignores SIGTERM', async () => {
    const pidFile = join(directory, 'stubborn.pid');
    const script = `trap '' TERM; echo $$ >"$1"; while :; do sleep 0.05; done`;
    await expect(local.run(['sh', '-c', script, 'sh', pidFile], { timeoutMs: 1_000 })).rejects.toThrow(
      'sh did not finish within 1 s.',
    );
    expect(isAlive(Number(readFileSync(pidFile, 'utf8')))).toBe(false);
  });

  it('an abort ends the command, and one before the start starts nothing', async () => {
    const abort = new AbortController();
    const pidFile = join(directory, 'aborted.pid');
    const running = local.run(['sh', '-c', 'echo $$ >"$1"; exec sleep 600', 'sh', pidFile], {
      signal: abort.signal,
    });
    const outcome = expect(running).rejects.toThrow('enough');
    await expect.poll(() => existsSync(pidFile) && readFileSync(pidFile, 'utf8')).toMatch(/\d\n/);
    abort.abort(new Error('enough'));
    await outcome;
    expect(isAlive(Number(readFileSync(pidFile, 'utf8')))).toBe(false);

    const touched = join(directory, 'touched');
    await expect(local.run(['touch', touched], { signal: abort.signal })).rejects.toThrow('enough');
    expect(existsSync(touched)).toBe(false);
  });

  it('the host’s own signal ends its commands too', async () => {
    const host = connectHost({ prefix: [], timeoutMs: 0, signal: AbortSignal.timeout(200) });
    await expect(host.run(['sleep', '600'])).rejects.toThrow(/timeout/);
  });

  it('an endless output is refused', async () => {
    await expect(local.run(['cat', '/dev/zero'])).rejects.toMatchObject({
      code: 'host.unreadable-answer',
      message: expect.stringContaining('64 MiB'),
    });
  });

  it('a command that was killed has the exit code that a shell would give it', async () => {
    expect((await local.run(['sh', '-c', 'kill -KILL $$'])).exitCode).toBe(137);
  });
});

describe('a command on another machine, past its limit', () => {
  const pidFile = (name: string) => join(directory, name);
  const endless = (name: string, ignored = '') => [
    'sh',
    '-c',
    `trap '' HUP ${ignored}; echo $$ > "$1"; while :; do sleep 0.1; done`,
    ...['sh', pidFile(name)],
  ];
  const pidIn = (name: string) => Number(readFileSync(pidFile(name), 'utf8'));

  it.each([
    ['', 'obeying'],
    ['TERM', 'stubborn'],
  ])('is ended there, also where it ignores %s', async (ignored, name) => {
    const host = connectHost({ prefix: [otherMachine, 'ops@vault-1'], timeoutMs: 700 });
    await expect(host.run(endless(name, ignored))).rejects.toMatchObject({
      name: 'TimeoutError',
      message: 'sh did not finish within 0.7 s.',
      facts: { host: 'it was ended' },
    });
    await until(() => !isAlive(pidIn(name)), { limitMs: 5_000, what: 'its end' });
  });

  it('its own exit code 124 within the limit is its own', async () => {
    const host = connectHost({ prefix: [otherMachine, 'ops@vault-1'], timeoutMs: 30_000 });
    expect((await host.run(['sh', '-c', 'exit 124'])).exitCode).toBe(124);
  });

  it('may still run there, where that machine has no timeout(1), and the error says so', async () => {
    const programs = join(directory, 'programs');
    mkdirSync(programs);
    for (const name of ['sh', 'env', 'sleep']) symlinkSync(`/usr/bin/${name}`, join(programs, name));
    const prefix = ['env', `REMOTE_PATH=${programs}`, otherMachine, 'ops@vault-1'];
    const host = connectHost({ prefix, timeoutMs: 700 });
    await expect(host.run(endless('unlimited'))).rejects.toMatchObject({
      name: 'TimeoutError',
      facts: { host: 'gives no answer; it may still run there' },
    });
    process.kill(pidIn('unlimited'), 'SIGKILL');
  });
});

describe('what cannot be reached', () => {
  it('ssh without a server', async () => {
    const host = connectHost({
      prefix: ['ssh', '-F', 'none', '-p', '1', 'nobody@127.0.0.1'],
      timeoutMs: 10_000,
    });
    await expect(host.run(['true'])).rejects.toMatchObject({
      message: 'The host cannot be reached over ssh.',
      facts: { reason: expect.stringContaining('Connection refused') },
    });
  });

  it('a namespace that no longer exists', async () => {
    // Above the highest process id that Linux gives (pid_max is at most 2^22).
    const host = connectHost({ prefix: ['nsenter', '-t', '4194305', '-m', '--'], timeoutMs: 10_000 });
    await expect(host.run(['true'])).rejects.toMatchObject({ code: 'sandbox.not-running' });
  });

  it('a prefix that does not exist', async () => {
    const host = connectHost({ prefix: [join(directory, 'nowhere')], timeoutMs: 10_000 });
    await expect(host.run(['true'])).rejects.toThrow(UnavailableError);
    await expect(host.run(['true'])).rejects.toMatchObject({ code: 'host.prefix-missing' });
  });
});

describe('streamLines', () => {
  const endless = (pidFile: string) => ['sh', '-c', 'echo $$ >"$1"; echo $$; exec yes', 'sh', pidFile];
  const never = new AbortController().signal;

  it('yields whole lines, the unfinished last one too', async () => {
    const stream = streamLines(local, {
      command: ['sh', '-c', 'printf "one\\nt"; sleep 0.05; printf "wo\\n\\nthree"; echo note >&2; exit 4'],
      signal: never,
    });
    const lines: string[] = [];
    let next = await stream.next();
    for (; next.done !== true; next = await stream.next()) lines.push(...next.value);
    expect(lines).toEqual(['one', 'two', '', 'three']);
    expect(next.value).toMatchObject({ exitCode: 4, stderr: 'note\n' });
  });

  it('reader stops → the command ends', async () => {
    for await (const [pid] of streamLines(local, { command: endless(join(directory, 'a')), signal: never })) {
      expect(isAlive(Number(pid))).toBe(true);
      break;
    }
    expect(isAlive(Number(readFileSync(join(directory, 'a'), 'utf8')))).toBe(false);
  });

  it('signal, also while nothing is printed → the command ends, and the reason is thrown', async () => {
    for (const program of ['exec yes', 'exec sleep 600']) {
      const stop = new AbortController();
      const stream = streamLines(local, {
        command: ['sh', '-c', `echo $$; ${program}`],
        signal: stop.signal,
      });
      const pid = Number(((await stream.next()).value as readonly string[])[0]);
      const rest = (async () => {
        for await (const _ of stream);
      })();
      setImmediate(() => stop.abort(new Error('enough')));
      await expect(rest).rejects.toThrow('enough');
      expect(isAlive(pid)).toBe(false);
    }
  });

  it('slow reader → the command waits instead of filling memory', async () => {
    const counter = join(directory, 'count');
    const stream = streamLines(local, {
      command: [
        ...[
          'sh',
          '-c',
          'i=0; while [ $i -lt 20000 ]; do echo "$i $2"; i=$((i+1)); echo $i >"$1"; done',
          'sh',
        ],
        ...[counter, 'x'.repeat(1_000)],
      ],
      signal: never,
    });
    await stream.next();
    const written = () => Number(readFileSync(counter, 'utf8'));
    let before = -1;
    await expect
      .poll(
        () => {
          const same = written() === before;
          before = written();
          return same;
        },
        { interval: 200, timeout: 20_000 },
      )
      .toBe(true);
    // Pipes and stream buffers hold some hundred KiB.
    expect(before).toBeLessThan(2_000);
    await stream.return({ exitCode: 0, stdout: '', stderr: '' });
  });

  it('a line without an end → cut at 1 MiB', async () => {
    const command = ['sh', '-c', 'head -c 3000000 /dev/zero | tr "\\0" x; echo; echo next'];
    const lengths: number[] = [];
    for await (const some of streamLines(local, { command, signal: never })) {
      lengths.push(...some.map((line) => line.length));
    }
    expect(lengths).toEqual([1_048_576, 4]);
  });

  it('no such program → said', async () => {
    const stream = streamLines(local, { command: ['no-such-program'], signal: never });
    await expect(stream.next()).rejects.toMatchObject({
      code: 'host.command-missing',
      message: expect.stringContaining('no-such-program'),
    });
  });
});
