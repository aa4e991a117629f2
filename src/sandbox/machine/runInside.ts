import { execa } from 'execa';
import { childEnvironment } from '../../host/childEnvironment.ts';
import type { CommandOutput } from '../../runbook/context.ts';
import type { Machine } from './startMachine.ts';

/** Runs a command inside the sandbox. A non-zero exit is an answer, not an exception. */
export async function runInside(
  { prefix }: Pick<Machine, 'prefix'>,
  command: readonly string[],
  { input = '', timeoutMs = 30_000 }: { readonly input?: string; readonly timeoutMs?: number } = {},
): Promise<CommandOutput> {
  const [file = '', ...words] = [...prefix, ...command];
  const done = await execa(file, words, {
    reject: false,
    input,
    timeout: timeoutMs,
    env: childEnvironment(),
    extendEnv: false,
  });
  return {
    exitCode: done.exitCode ?? 1,
    stdout: done.stdout ?? '',
    stderr: done.stderr || (done.exitCode === undefined ? (done.shortMessage ?? '') : ''),
  };
}
