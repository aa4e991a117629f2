import { execa } from 'execa';
import { TvError } from '../../errors/TvError.ts';
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

/** @throws TvError with systemctl's words where a unit does not start */
export async function startUnits(machine: Machine, units: readonly string[]): Promise<void> {
  const { exitCode, stderr } = await runInside(machine, ['systemctl', 'start', ...units]);
  if (exitCode === 0) return;
  throw new TvError('sandbox.not-started', `The sandbox cannot start ${units.join(', ')}.`, {
    facts: { systemctl: stderr.trim().split('\n')[0] },
  });
}
