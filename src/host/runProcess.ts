import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { Readable, type Writable } from 'node:stream';
import { TvError } from '../errors/TvError.ts';
import type { CommandOutput } from '../runbook/context.ts';
import { type ChildKind, childEnvironment } from './childEnvironment.ts';
import { adoptGroup, endGroup, releaseGroup } from './processGroup.ts';

/** Above this a command's output is not for parsing but a mistake. In bytes, for each stream. */
const maxOutput = 64 * 1024 * 1024;
/** Of a line that is streamed, in UTF-16 units. */
const longestLine = 1024 * 1024;
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
  const { file, signal } = parameters;
  signal?.throwIfAborted();
  const { child, ended: exit } = startChild(parameters);
  const { pid } = child;
  if (pid === undefined) return { kind: 'not-started', code: await exit.then(codeOf) };

  adoptGroup(pid);
  const cut = cutOff(parameters.timeoutMs, signal);
  try {
    const finished = Promise.all([exit, collect(child.stdout, file), collect(child.stderr, file)]);
    const ended = await Promise.race([finished, cut.happened]);
    if (ended === 'aborted') signal?.throwIfAborted();
    if (ended === 'timeout' || ended === 'aborted') throw cutShort;
    const [end, stdout, stderr] = ended;
    return { kind: 'exited', output: { exitCode: exitCodeOf(end), stdout, stderr } };
  } catch (error) {
    await endChild({ child, ended: exit }, pid, parameters.killPrefix);
    if (error === cutShort) return { kind: 'timeout' };
    throw error;
  } finally {
    cut.clear();
    releaseGroup(pid);
  }
}

/**
 * Runs one program as `runProcess` does, without a time limit, and yields its standard output as
 * lines, those of one piece of output at a time. It is not read faster than they are taken. Whoever stops taking them
 * (`return`) ends the process.
 * @throws the signal's reason when it is aborted
 */
export async function* streamProcess(
  parameters: Omit<ProcessParameters, 'timeoutMs'> & { readonly signal: AbortSignal },
): AsyncGenerator<readonly string[], ProcessEnd, void> {
  const { file, signal } = parameters;
  signal.throwIfAborted();
  const { child, ended: exit } = startChild(parameters);
  const { pid } = child;
  if (pid === undefined) return { kind: 'not-started', code: await exit.then(codeOf) };

  adoptGroup(pid);
  let ended = false;
  const cut = cutOff(0, signal);
  const onAbort = () => child.stdout.destroy();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    const stderr = collect(child.stderr, file);
    stderr.catch(() => {});
    yield* splitLines(child.stdout, signal);
    const finished = await Promise.race([Promise.all([exit, stderr]), cut.happened]);
    signal.throwIfAborted();
    if (typeof finished === 'string') throw cutShort;
    ended = true;
    const [end, message] = finished;
    return { kind: 'exited', output: { exitCode: exitCodeOf(end), stdout: '', stderr: message } };
  } finally {
    cut.clear();
    signal.removeEventListener('abort', onAbort);
    if (!ended) await endChild({ child, ended: exit }, pid, parameters.killPrefix);
    releaseGroup(pid);
  }
}

/** How the first process of a group ended; `code` where it was not started. */
interface Ended {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly code?: string;
}

interface Started {
  readonly child: Child;
  /** Never rejects. Its pipes may hold more, or be held by its children. */
  readonly ended: Promise<Ended>;
}

type Child = Pick<ChildProcess, 'pid' | 'unref'> & { readonly stdout: Readable; readonly stderr: Readable };

function startChild(parameters: Omit<ProcessParameters, 'timeoutMs'>): Started {
  const { file, input, kind, withheld } = parameters;
  try {
    const child = spawn(file, parameters.arguments, {
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      // Anywhere else the folder may be one that the command's user must not enter (psql warns then).
      cwd: '/',
      env: childEnvironment(kind, process.env, withheld),
      detached: true,
    }) as ChildProcessByStdio<Writable | null, Readable, Readable>;
    // A program need not read all of its input, nor any.
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
    return { child, ended: endOf(child) };
  } catch (error) {
    // What spawn reports at once: an argument that is too long (E2BIG), no memory.
    const none = Readable.from([]);
    const ended = Promise.resolve({ exitCode: null, signal: null, code: errorCode(error) });
    return { child: { pid: undefined, unref: () => {}, stdout: none, stderr: none }, ended };
  }
}

function endOf(child: ChildProcess): Promise<Ended> {
  return new Promise((resolve) => {
    child.once('exit', (exitCode, signal) => resolve({ exitCode, signal }));
    child.once('error', (error) => resolve({ exitCode: null, signal: null, code: errorCode(error) }));
  });
}

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}

function codeOf({ code = 'unknown' }: Ended): string {
  return code;
}

function exitCodeOf({ exitCode, signal }: Ended): number {
  return exitCode ?? (signal === null ? 255 : 128 + constants.signals[signal]);
}

async function endChild(
  { child, ended }: Started,
  pid: number,
  killPrefix: readonly string[],
): Promise<void> {
  await endGroup(pid, ended, (signal) => killAsOwner(killPrefix, pid, signal));
  // A process that left the group may hold the pipes open for ever.
  child.stdout.destroy();
  child.stderr.destroy();
  child.unref();
}

/** A longer line is cut. */
async function* splitLines(
  stream: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<readonly string[], void, void> {
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for await (const chunk of stream) {
      const lines = decoder.decode(chunk, { stream: true }).split('\n');
      lines[0] = rest.length < longestLine ? (rest + lines[0]).slice(0, longestLine) : rest;
      rest = lines.pop() ?? '';
      if (lines.length > 0) yield lines;
    }
  } catch (error) {
    // A stream that was destroyed reports that it ended too early.
    signal.throwIfAborted();
    throw error;
  }
  signal.throwIfAborted();
  if (rest !== '') yield [rest];
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
  await endOf(spawn(file, rest, { stdio: 'ignore', timeout: 2_000, env: childEnvironment() }));
}
