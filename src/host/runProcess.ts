import { constants } from 'node:os';
import { execa } from 'execa';
import { TvError } from '../errors/TvError.ts';
import type { CommandOutput } from '../runbook/context.ts';
import { type ChildKind, childEnvironment } from './childEnvironment.ts';
import { adoptGroup, endGroup, releaseGroup } from './processGroup.ts';

/** Above this a command's output is not for parsing but a mistake. In bytes, for each stream. */
const maxOutput = 64 * 1024 * 1024;
/** Longest delay that a Node timer keeps; a longer one would fire at once. */
const maxTimerMs = 2 ** 31 - 1;

const cutShort = Symbol('time limit reached');

export interface ProcessParameters {
  readonly file: string;
  readonly arguments: readonly string[];
  readonly input?: string | undefined;
  /** `0`: no limit. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Each line of standard output as it comes; the output itself is then not kept. */
  readonly onLine?: ((line: string) => void) | undefined;
  /** Decides which environment variables it gets. Default: `plain`. */
  readonly kind?: ChildKind | undefined;
  /** Names of variables that it must not get, whatever its kind. */
  readonly withheld?: readonly string[] | undefined;
  /** Put in front of `kill` for processes of another user (`sudo -n`). */
  readonly killPrefix: readonly string[];
}

export type ProcessEnd =
  | { readonly kind: 'exited'; readonly output: CommandOutput }
  | { readonly kind: 'not-started'; readonly code: string }
  | { readonly kind: 'timeout' };

/**
 * Runs one program in a process group of its own: a Ctrl-C in the terminal does not reach it (tv
 * decides what is stopped), and its limit ends its children with it.
 * @throws the signal's reason when it is aborted
 */
export async function runProcess(parameters: ProcessParameters): Promise<ProcessEnd> {
  const { file, input, signal, onLine, killPrefix } = parameters;
  signal?.throwIfAborted();
  const child = execa(file, parameters.arguments, {
    ...(input === undefined ? { stdin: 'ignore' as const } : { input }),
    // Anywhere else the folder may be one that the command's user must not enter (psql warns then).
    cwd: '/',
    env: childEnvironment(parameters.kind, process.env, parameters.withheld),
    extendEnv: false,
    detached: true,
    cleanup: false,
    reject: false,
    // Collected here: execa quotes a failed command's whole output in its message, and escaping
    // some ten megabytes of it takes seconds or brings V8 down.
    buffer: false,
  });
  const { pid } = child;
  if (pid === undefined) {
    const { code = 'unknown' } = await child;
    return { kind: 'not-started', code };
  }

  adoptGroup(pid);
  const cut = cutOff(parameters.timeoutMs, signal);
  try {
    const stdout = onLine === undefined ? collect(child.stdout, file) : forEachLine(child, onLine);
    const finished = Promise.all([child, stdout, collect(child.stderr, file)]);
    const ended = await Promise.race([finished, cut.happened]);
    if (ended === 'aborted') signal?.throwIfAborted();
    if (ended === 'timeout' || ended === 'aborted') throw cutShort;
    const [result, out, err] = ended;
    const exitCode =
      result.exitCode ?? (result.signal === undefined ? 255 : 128 + constants.signals[result.signal]);
    return { kind: 'exited', output: { exitCode, stdout: out, stderr: err } };
  } catch (error) {
    await endGroup(pid, child, (signalName) => killAsOwner(killPrefix, pid, signalName));
    // A process that left the group may hold the pipes open for ever.
    child.stdout?.destroy();
    child.stderr?.destroy();
    child.nodeChildProcess.unref();
    if (error === cutShort) return { kind: 'timeout' };
    throw error;
  } finally {
    cut.clear();
    releaseGroup(pid);
  }
}

async function collect(stream: AsyncIterable<Uint8Array>, file: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > maxOutput)
      throw new TvError(
        'host.unreadable-answer',
        `${file} printed more than ${maxOutput / 1024 / 1024} MiB.`,
      );
  }
  return Buffer.concat(chunks).toString('utf8');
}

async function forEachLine(lines: AsyncIterable<unknown>, onLine: (line: string) => void): Promise<string> {
  for await (const line of lines) onLine(String(line));
  return '';
}

function cutOff(timeoutMs: number, signal: AbortSignal | undefined) {
  const { promise, resolve } = Promise.withResolvers<'timeout' | 'aborted'>();
  const timer =
    timeoutMs === 0 ? undefined : setTimeout(() => resolve('timeout'), Math.min(timeoutMs, maxTimerMs));
  const onAbort = () => resolve('aborted');
  signal?.addEventListener('abort', onAbort, { once: true });
  return {
    happened: promise,
    clear() {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    },
  };
}

async function killAsOwner(prefix: readonly string[], pid: number, signal: string): Promise<void> {
  const [file, ...rest] = [...prefix, 'kill', '-s', signal.replace('SIG', ''), '--', `-${pid}`];
  if (file === undefined) return;
  const options = { reject: false, stdin: 'ignore', timeout: 2_000 } as const;
  await execa(file, rest, { ...options, env: childEnvironment(), extendEnv: false });
}
