import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

export interface ProcessSampler {
  /** @returns the distinct command lines of all processes of this machine that were seen */
  stop(): Promise<readonly string[]>;
  /** Once stopped: the environments in which each command line was seen, `NAME=value` a line. */
  environments(): readonly (readonly [command: string, environments: readonly string[]])[];
}

/**
 * Watches command line and environment of every process until it is stopped. Resolves once it samples.
 * @param options.pauseMs between two looks. It takes a good part of a core with the default
 */
export async function sampleProcesses({ pauseMs = 3 } = {}): Promise<ProcessSampler> {
  const program = fileURLToPath(new URL('processSampler.mjs', import.meta.url));
  const child = execa(process.execPath, [program, String(pauseMs)], { stdin: 'pipe', reject: false });
  await once(child.stdout, 'data');
  let seen: [string, string[]][] = [];
  return {
    environments: () => seen,
    stop: async () => {
      child.stdin.end();
      const { stdout } = await child;
      seen = JSON.parse(stdout.slice(stdout.indexOf('[')));
      return seen.map(([command]) => command);
    },
  };
}
