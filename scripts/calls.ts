import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const bin = fileURLToPath(new URL('../bin/tv.js', import.meta.url));

export interface Output {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built tv once. @param env the whole environment */
export function callTv(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<Output> {
  const child = spawn(process.execPath, [bin, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (part: string) => {
      text[name] += part;
    });
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ exitCode: code ?? 1, ...text }));
  });
}

/** The command of a piece of advice, without the condition before it; undefined where it begins with none of `programs`. */
export function commandOf(advice: string, programs: readonly string[]): string | undefined {
  return new RegExp(`^(?:.*?: )?((?:${programs.join('|')}) .*)$`, 's').exec(advice)?.[1];
}
