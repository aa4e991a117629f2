import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { programLoaders } from '../../scripts/programs.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

export type ProgramName = 'event_indexer' | 'oracle_relay' | 'api_server' | 'rpc_proxy';

/** Bundles the sandbox's programs into a folder, as the shipped build does. */
export async function buildPrograms(directory: string, ...names: readonly ProgramName[]): Promise<void> {
  await build({
    absWorkingDir: root,
    entryPoints: names.map((name) => `src/sandbox/services/${name}.ts`),
    outdir: directory,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node22',
    logLevel: 'error',
    external: ['pg-native'],
    loader: programLoaders,
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
  });
}

export interface Program extends AsyncDisposable {
  readonly output: () => string;
  /** Resolves with the first line that matches, once it is there. */
  line(pattern: RegExp): Promise<string>;
  /** Sends SIGTERM and waits for the end. */
  stop(): Promise<{ readonly exitCode: number | null; readonly durationMs: number }>;
}

export function startProgram(
  directory: string,
  name: ProgramName,
  environment: Readonly<Record<string, string | number>>,
  words: readonly string[] = [],
): Program {
  const child = spawn(process.execPath, [join(directory, `${name}.mjs`), ...words], {
    env: {
      PATH: process.env['PATH'],
      ...Object.fromEntries(Object.entries(environment).map(([key, value]) => [key, String(value)])),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit');
  let output = '';
  const watchers = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString('utf8');
      for (const watcher of watchers) watcher();
    });
  }
  return {
    output: () => output,
    line: (pattern) => waitForLine(child, pattern, () => output, watchers),
    async stop() {
      const start = performance.now();
      child.kill('SIGTERM');
      await exited;
      return { exitCode: child.exitCode, durationMs: performance.now() - start };
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

function waitForLine(
  child: ChildProcess,
  pattern: RegExp,
  output: () => string,
  watchers: Set<() => void>,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const look = () => {
      const found = output()
        .split('\n')
        .find((line) => pattern.test(line));
      if (found === undefined) return false;
      watchers.delete(look);
      clearTimeout(limit);
      resolve(found);
      return true;
    };
    const give = (why: string) => {
      watchers.delete(look);
      clearTimeout(limit);
      reject(new Error(`${why} without a line like ${pattern}:\n${output()}`));
    };
    const limit = setTimeout(() => give('20 s passed'), 20_000);
    if (look()) return;
    watchers.add(look);
    child.once('close', () => give('the program ended'));
  });
}
