import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { Client, type QueryResultRow } from 'pg';
import { inject } from 'vitest';
import { parseDocument } from 'yaml';
import type { CommandOutput } from '../../src/runbook/context.ts';
import type { UpOptions } from '../../src/sandbox/build.ts';
import { sandboxDown } from '../../src/sandbox/down.ts';
import { sandboxCgroup } from '../../src/sandbox/machine/cgroup.ts';
import { runInside } from '../../src/sandbox/machine/runInside.ts';
import { type DatabaseRole, readPassword } from '../../src/sandbox/passwords.ts';
import { cgroupName, sandboxPaths } from '../../src/sandbox/paths.ts';
import { type SandboxInfo, sandboxInfo } from '../../src/sandbox/status.ts';
import { sandboxUp } from '../../src/sandbox/up.ts';
import { assertPublished } from './publishedJson.ts';
import { SharedProcesses } from './sharedProcesses.ts';

/** `TV_BIN`: another build's `bin/tv.js`. */
const launcher = process.env['TV_BIN'] ?? fileURLToPath(new URL('../../bin/tv.js', import.meta.url));

export interface TvOptions {
  /** On top of what points tv at the sandbox. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly input?: string;
  /** Default 120 000. */
  readonly timeoutMs?: number;
}

/** A folder of a test's own that serves as tv's state directory, and tv with it. Needs `npm run build`. */
export interface TvHome extends AsyncDisposable {
  readonly directory: string;
  /** What tv is run with: nothing of the caller's settings. */
  readonly env: Readonly<Record<string, string>>;
  /**
   * In a process of its own, or in one that others share: see `SharedProcesses`. What `--json` prints is compared with
   * the published schemas.
   */
  tv(args: readonly string[], options?: TvOptions): Promise<CommandOutput>;
}

export async function tvHome(): Promise<TvHome> {
  const directory = await mkdtemp(join(tmpdir(), 'tv-test-'));
  const env = {
    PATH: process.env['PATH'] ?? '/usr/bin:/bin',
    HOME: directory,
    // Compiled code for all tests together; not in the home, of which tests look at what is left there.
    XDG_CACHE_HOME: join(inject('pasts'), 'cache'),
    TV_STATE_DIR: directory,
    NO_COLOR: '1',
  };
  const shared = new SharedProcesses(launcher);
  const run = async (args: readonly string[], options: TvOptions): Promise<CommandOutput> => {
    const { timeoutMs = 120_000 } = options;
    const call = { args, env: { ...env, ...options.env }, timeoutMs };
    if (options.input === undefined && shared.takes(call)) return shared.run(call);
    const done = await execa(process.execPath, [launcher, ...args], {
      env: call.env,
      extendEnv: false,
      input: options.input ?? '',
      reject: false,
      timeout: timeoutMs,
    });
    return { exitCode: done.exitCode ?? -1, stdout: done.stdout, stderr: done.stderr };
  };
  return {
    directory,
    env,
    tv: async (args, options = {}) => {
      const output = await run(args, options);
      if (args.includes('--json') && process.env['TV_BIN'] === undefined) {
        await assertPublished(output.stdout);
      }
      return output;
    },
    [Symbol.asyncDispose]: async () => {
      shared.stop();
      const sandboxes = join(directory, 'sandbox');
      for (const name of existsSync(sandboxes) ? readdirSync(sandboxes) : []) {
        await sandboxDown({ dir: join(sandboxes, name) });
      }
      await rm(directory, { recursive: true, force: true });
    },
  };
}

export interface TestSandbox extends AsyncDisposable {
  readonly dir: string;
  readonly info: SandboxInfo;
  readonly env: Readonly<Record<string, string>>;
  /** Runs the built tv on this sandbox's environment. */
  tv(args: readonly string[], options?: TvOptions): Promise<CommandOutput>;
  /** Runs a command inside, as the host prefix does. */
  inside(...command: readonly string[]): Promise<CommandOutput>;
  systemctl(...words: readonly string[]): Promise<CommandOutput>;
  sql<R extends QueryResultRow>(text: string, values?: readonly unknown[], role?: DatabaseRole): Promise<R[]>;
  /** Takes it away with its folder. */
  stop(): Promise<void>;
}

/** How long a read of the world waits for a source: the tests share two cores, and what is slow there does not hang. */
export const sourceLimitMs = 10_000;

/** Writes it into the sandbox's settings, past which no variable reaches. */
export function giveSourcesTime(dir: string): void {
  const { config } = sandboxPaths(dir);
  const settings = parseDocument(readFileSync(config, 'utf8'));
  const [name] = Object.keys(settings.toJS().environments);
  settings.setIn(['environments', name, 'monitor', 'limitMs'], sourceLimitMs);
  writeFileSync(config, settings.toString());
}

/**
 * Enough for everything that happens on the chain, several times; what a test pays for the rest is writing, indexing,
 * copying and comparing it. `whole`: as users have it.
 */
const pastsOf = {
  short: { folder: 'short', history: { blocks: 800, events: 2_000 } },
  whole: { folder: 'whole', history: {} },
};

/** The folder of kept pasts, for `sandboxUp`. */
export function keptPasts(past: keyof typeof pastsOf): string {
  return join(inject('pasts'), pastsOf[past].folder);
}

export interface TestSandboxOptions extends Omit<UpOptions, 'dir' | 'pasts' | 'history'> {
  /** Default `short`. */
  readonly past?: keyof typeof pastsOf;
}

/**
 * A sandbox of the test's own. Remember to `stop()` it, or bind it with `await using`. The past of its
 * chain is that of the first one of its form: writing it takes longer than all the rest.
 */
export async function startSandbox({
  past = 'short',
  ...options
}: TestSandboxOptions = {}): Promise<TestSandbox> {
  const home = await tvHome();
  const name = options.name ?? 'sandbox';
  const dir = join(home.directory, 'sandbox', name);
  try {
    const { history } = pastsOf[past];
    const state = await sandboxUp({ ...options, dir, pasts: keptPasts(past), history }, () => {});
    giveSourcesTime(dir);
    const env = { ...home.env, TV_ENVIRONMENT: name };
    const inside = (...command: readonly string[]) => runInside(state.machine, command);
    const stop = async () => home[Symbol.asyncDispose]();
    return {
      dir,
      info: sandboxInfo(state),
      env,
      tv: (args, more = {}) => home.tv(args, { ...more, env: { TV_ENVIRONMENT: name, ...more.env } }),
      inside,
      systemctl: (...words) => inside('systemctl', ...words),
      sql: async <R extends QueryResultRow>(
        text: string,
        values: readonly unknown[] = [],
        role: DatabaseRole = 'tempovault',
      ) => {
        const client = new Client({
          host: '127.0.0.1',
          port: state.ports.database,
          user: role,
          database: 'tempovault',
          password: readPassword(sandboxPaths(dir), role),
        });
        await client.connect();
        try {
          return (await client.query<R>(text, [...values])).rows;
        } finally {
          await client.end();
        }
      },
      stop,
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    await home[Symbol.asyncDispose]();
    throw error;
  }
}

/** What is left of a sandbox, in words; empty where there is nothing. Call it before its folder's parent goes. */
export function tracesOf(dir: string): readonly string[] {
  const group = sandboxCgroup(dir);
  return [
    ...(existsSync(dir) ? [`files in ${dir}`] : []),
    ...(group !== undefined && existsSync(group) ? [`control group ${group}`] : []),
    ...readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .filter((line) => line.includes(dir) || line.includes('tempovault'))
      .map((line) => `mount ${line}`),
    ...processesOf(dir).map((line) => `process ${line}`),
  ];
}

/**
 * Processes in the sandbox's control group, or with its directory in their command line. One that is
 * ending is none: it has no command line any more, and can be named in a group that is gone already.
 * @param proc another folder in the place of /proc
 */
export function processesOf(dir: string, proc = '/proc'): readonly string[] {
  return readdirSync(proc).flatMap((pid) => {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return [];
    try {
      const group = readFileSync(join(proc, pid, 'cgroup'), 'utf8');
      const command = readFileSync(join(proc, pid, 'cmdline'), 'utf8').replaceAll('\0', ' ');
      if (/^State:\s*[ZX]/m.test(readFileSync(join(proc, pid, 'status'), 'utf8'))) return [];
      // The kernel removes a group only when no process in it can run any more.
      const isMember = group.split('\n').some((line) => {
        return line.includes(cgroupName(dir)) && !line.endsWith(' (deleted)');
      });
      return isMember || command.includes(dir) ? [`${pid} ${command}`] : [];
    } catch {
      return [];
    }
  });
}
