import type { SecretOutput } from '../runbook/context.ts';
import { runProcess } from './runProcess.ts';

/** A password manager may ask for a touch or a PIN. */
const defaultLimitMs = 30_000;

export interface SecretOutputParameters {
  readonly words: readonly string[];
  readonly limitMs?: number | undefined;
  /** Variables that hold other secrets of tv. */
  readonly withheld?: readonly string[];
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs a command of this machine whose standard output is a secret. At its limit its whole process
 * group ends. Neither its output nor its errors are repeated: either could hold the secret.
 */
export async function secretOutput(parameters: SecretOutputParameters): Promise<SecretOutput> {
  const { words, limitMs = defaultLimitMs, signal } = parameters;
  const [file = '', ...rest] = words;
  const end = await runProcess({
    file,
    arguments: rest,
    timeoutMs: limitMs,
    signal,
    kind: 'secret-command',
    withheld: parameters.withheld,
    killPrefix: [],
  });
  if (end.kind === 'timeout') return { failure: `no end after ${limitMs / 1000} s` };
  if (end.kind === 'not-started') return { failure: reasonOf(end.code) };
  const { exitCode, stdout } = end.output;
  if (exitCode !== 0) return { failure: `exit code ${exitCode}` };
  const text = stdout.trim();
  return text === '' ? { failure: 'it printed nothing' } : { text };
}

function reasonOf(code: string): string {
  if (code === 'ENOENT') return 'there is no such program';
  return code === 'EACCES' ? 'it may not be run by this user' : `it cannot be started (${code})`;
}
