import { execa } from 'execa';
import { exitCodes, TvError } from '../errors/TvError.ts';
import { outsideText } from '../text/outsideText.ts';
import { childEnvironment } from './childEnvironment.ts';
import { runProcess } from './runProcess.ts';

/** It computes, and waits for nothing. */
const limitMs = 10_000;

export interface SshAnswer {
  readonly ok: boolean;
  readonly stdout: string;
}

/**
 * Runs ssh-keygen of this machine to check something; what it says on standard error is for people and differs
 * between versions.
 * @param input for its standard input
 * @throws TvError where it is not installed
 */
export async function sshKeygen(words: readonly string[], input: string): Promise<SshAnswer> {
  const end = await run('ssh-keygen', words, input);
  if (end.kind === 'not-started') throw noSshKeygen(end.code);
  if (end.kind === 'timeout') return { ok: false, stdout: '' };
  return { ok: end.output.exitCode === 0, stdout: end.output.stdout };
}

/** Public keys that the agent of this session holds, one a line; none where there is no agent. */
export async function agentKeys(): Promise<readonly string[]> {
  const end = await run('ssh-add', ['-L'], '');
  return end.kind === 'exited' && end.output.exitCode === 0 ? end.output.stdout.split('\n') : [];
}

function run(file: string, words: readonly string[], input: string) {
  return runProcess({
    ...{ file, arguments: words, input, timeoutMs: limitMs, signal: undefined },
    ...{ kind: 'plain' as const, withheld: undefined, killPrefix: [] },
  });
}

/**
 * Signs with ssh-keygen, which asks at the terminal for a passphrase, a PIN or a touch by itself.
 * @param parameters.key the private key, or the public key of one that an agent holds
 * @returns the signature, armoured
 * @throws TvError
 */
export async function signWithSsh(parameters: {
  readonly bytes: Uint8Array;
  readonly namespace: string;
  readonly key: string;
  readonly interactive: boolean;
  readonly signal: AbortSignal;
}): Promise<string> {
  const { bytes, namespace, key, interactive, signal } = parameters;
  const end = await execa('ssh-keygen', ['-q', '-Y', 'sign', '-n', namespace, '-f', key], {
    input: bytes,
    // In the session of the terminal, unlike all else that tv starts: it opens /dev/tty.
    stderr: interactive ? ['inherit', 'pipe'] : 'pipe',
    env: childEnvironment(),
    extendEnv: false,
    reject: false,
    cancelSignal: signal,
    stripFinalNewline: false,
    // A person may have to find the hardware key.
    timeout: interactive ? 120_000 : limitMs,
  });
  if (end.code === 'ENOENT') throw noSshKeygen(end.code);
  signal.throwIfAborted();
  if (end.exitCode === 0 && end.stdout !== '') return end.stdout;
  const said = outsideText(end.stderr.trim().split('\n').at(-1) ?? '');
  throw new TvError('approval.not-signed', 'ssh-keygen did not sign.', {
    exitCode: exitCodes.failed,
    facts: {
      key,
      reason: end.timedOut
        ? 'it did not end within its limit'
        : said || `exit code ${end.exitCode ?? 'none'}`,
    },
    next: { shell: 'ssh-add -L', on: 'here', when: 'to see which keys the agent holds' },
  });
}

function noSshKeygen(code: string): TvError {
  return new TvError('approval.no-ssh-keygen', 'ssh-keygen cannot be started on this machine.', {
    exitCode: exitCodes.blocked,
    facts: { reason: code === 'ENOENT' ? 'it is not installed' : code },
    next: { shell: 'apt-get install openssh-client', on: 'here' },
  });
}
