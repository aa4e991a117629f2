import { execFile } from 'node:child_process';

export interface ProgramOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** In milliseconds; default 20 000. */
  readonly limitMs?: number;
  readonly input?: string;
}

/** Runs a program. @returns what it prints. @throws Error with its own words where it fails */
export function program(
  file: string,
  args: readonly string[],
  { env, limitMs = 20_000, input }: ProgramOptions = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { env: { ...process.env, ...env }, timeout: limitMs, maxBuffer: 256 * 1024 * 1024 };
    const child = execFile(file, args, options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${file} ${args.join(' ').slice(0, 200)}: ${stderr.trim() || error.message}`));
    });
    child.stdin?.end(input);
  });
}
