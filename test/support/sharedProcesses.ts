import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { findCommand } from '../../src/cli/words.ts';
import { registry } from '../../src/registry.generated.ts';
import type { CommandOutput } from '../../src/runbook/context.ts';

export interface SharedCall {
  readonly args: readonly string[];
  /** The whole environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly timeoutMs: number;
}

interface Answer extends CommandOutput {
  /** Something of it is still running. */
  readonly spent: boolean;
}

/** How many calls of one home are in shared processes at the same time. */
const atOnce = 4;

/**
 * Processes in which one tv runs after another, each at a fourth of what a process for it would cost. A
 * test's calls go through them only where `takes` says so.
 */
export class SharedProcesses {
  readonly #launcher: string;
  readonly #idle: ChildProcess[] = [];
  #running = 0;

  /** @param launcher `bin/tv.js` */
  constructor(launcher: string) {
    this.#launcher = launcher;
  }

  /**
   * Whether they run this call. A process of its own has what is to be killed or makes a sandbox, and what comes while
   * four others are running. `TV_APART=1`: every call.
   */
  takes({ args, env }: Pick<SharedCall, 'args' | 'env'>): boolean {
    const { entry } = findCommand(registry, args);
    if (entry === undefined || entry.risk === 'sandbox' || env['TV_FAILPOINT'] !== undefined) return false;
    // Node reads these when a process starts.
    if (env['NODE_OPTIONS'] !== undefined) return false;
    // A process decides once about colours, and source maps stay on once they were wanted.
    if ((env['NO_COLOR'] ?? '') === '' || args.includes('--verbose')) return false;
    if ((process.env['TV_APART'] ?? '') !== '') return false;
    return this.#running < atOnce;
  }

  async run({ args, env, timeoutMs }: SharedCall): Promise<CommandOutput> {
    this.#running += 1;
    const idle = this.#idle.pop();
    const child = idle?.connected === true ? idle : this.#start();
    const done = new AbortController();
    const { signal } = done;
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    let crash = '';
    const listen = (text: string) => {
      crash += text;
    };
    child.stderr?.on('data', listen);
    try {
      child.send({ args, env });
      const [answer] = await Promise.race([
        once(child, 'message', { signal }) as Promise<[Answer]>,
        once(child, 'close', { signal }).then(() => []),
      ]);
      if (answer === undefined) return { exitCode: child.exitCode ?? -1, stdout: '', stderr: crash };
      const { exitCode, stdout, stderr, spent } = answer;
      if (spent) child.kill('SIGKILL');
      else this.#idle.push(child);
      return { exitCode, stdout: stdout.replace(/\n$/, ''), stderr: stderr.replace(/\n$/, '') };
    } finally {
      clearTimeout(timer);
      child.stderr?.off('data', listen);
      done.abort();
      this.#running -= 1;
    }
  }

  stop(): void {
    for (const child of this.#idle.splice(0)) if (child.connected) child.disconnect();
  }

  #start(): ChildProcess {
    const program = fileURLToPath(new URL('sharedProcess.mjs', import.meta.url));
    const child = fork(program, [this.#launcher], {
      // By which the end of the run finds it. Each call has an environment of its own.
      env: { TEST_RUN: process.env['TEST_RUN'] },
      execArgv: [],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    child.stderr?.setEncoding('utf8');
    child.stdout?.resume();
    child.unref();
    child.channel?.unref();
    return child;
  }
}
