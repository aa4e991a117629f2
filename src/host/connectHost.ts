import { basename } from 'node:path';
import { TimeoutError } from '../errors/TvError.ts';
import type { CommandOptions, CommandOutput, Host } from '../runbook/context.ts';
import { buildCommandLine, outlives } from './commandLine.ts';
import { explainFailure, explainNotStarted } from './explainFailure.ts';
import { type ProcessEnd, runProcess, streamProcess } from './runProcess.ts';

export interface ConnectHostParameters {
  /** In front of every command: `[]`, `['sudo','-n']`, `['ssh','ops@vault-1']`, `['nsenter', …]`. */
  readonly prefix: readonly string[];
  /** Limit of one command, in milliseconds, where the command brings none of its own. `0`: none. */
  readonly timeoutMs: number;
  /** Ends every command of this host. */
  readonly signal?: AbortSignal;
}

/** Makes the host's commands available. Starts nothing yet. */
export function connectHost({ prefix, timeoutMs, signal }: ConnectHostParameters): Host {
  return {
    prefix,
    run: (command, options = {}) =>
      runOnHost({ prefix, command, options: { timeoutMs, ...options }, signals: [signal, options.signal] }),
  };
}

export interface StreamLinesParameters {
  readonly command: readonly string[];
  /** Ends the command. */
  readonly signal: AbortSignal;
}

/**
 * Runs a command without a time limit and yields its output (`journalctl -f`) as lines, those of one piece of output
 * at a time, no faster than they are taken. A line is cut at 1 MiB. Whoever stops taking lines ends the command.
 * @returns exit code and stderr, once it ends by itself
 * @throws UnavailableError where the command or the prefix cannot be started at all
 * @throws the signal's reason when it is aborted
 */
export async function* streamLines(
  { prefix }: Host,
  { command, signal }: StreamLinesParameters,
): AsyncGenerator<readonly string[], CommandOutput, void> {
  const line = buildCommandLine({ prefix, command });
  const end = yield* streamProcess({
    file: line.file,
    arguments: line.arguments,
    signal,
    killPrefix: killPrefixOf(prefix),
  });
  return outputOf({ prefix, command, wrapped: false }, end, 0);
}

interface RunParameters {
  readonly prefix: readonly string[];
  readonly command: readonly string[];
  readonly options: CommandOptions & { readonly timeoutMs: number };
  readonly signals: readonly (AbortSignal | undefined)[];
}

async function runOnHost({ prefix, command, options, signals }: RunParameters): Promise<CommandOutput> {
  const { input, secrets = {}, timeoutMs } = options;
  const limitSeconds = timeoutMs > 0 && outlives(prefix) ? Math.ceil(timeoutMs / 1000) : undefined;
  const line = buildCommandLine({ prefix, command, secrets, limitSeconds });
  const wrapped = line.inputHead !== '';
  const given = signals.filter((signal) => signal !== undefined);
  const start = performance.now();
  const end = await runProcess({
    file: line.file,
    arguments: line.arguments,
    input: wrapped ? line.inputHead + (input ?? '') : input,
    timeoutMs: limitSeconds === undefined ? timeoutMs : limitSeconds * 1000 + answerMs,
    signal: given.length === 0 ? undefined : AbortSignal.any(given),
    kind: options.libpq === true ? 'libpq' : 'plain',
    killPrefix: killPrefixOf(prefix),
  });
  const ended = limitSeconds !== undefined && performance.now() - start >= limitSeconds * 1000;
  if (ended && end.kind === 'exited' && limitCodes.includes(end.output.exitCode)) {
    throw tooLong({ prefix, command }, timeoutMs, 'it was ended');
  }
  return outputOf({ prefix, command, wrapped }, end, timeoutMs);
}

/** How long the end of a command may take to arrive from where it was ended by its limit, in milliseconds. */
const answerMs = 5_000;
/** Of timeout(1): it sent TERM; it had to send KILL. */
const limitCodes: readonly number[] = [124, 137];

/** Processes that sudo started belong to another user. */
function killPrefixOf(prefix: readonly string[]): readonly string[] {
  return basename(prefix[0] ?? '') === 'sudo' ? prefix : [];
}

function outputOf(started: StartedCommand, end: ProcessEnd, timeoutMs: number): CommandOutput {
  const { prefix } = started;
  if (end.kind === 'not-started') throw explainNotStarted(started, end.code);
  if (end.kind === 'timeout') {
    throw tooLong(
      started,
      timeoutMs,
      outlives(prefix) ? 'gives no answer; it may still run there' : undefined,
    );
  }
  const failure = explainFailure(started, end.output);
  if (failure !== undefined) throw failure;
  return end.output;
}

function tooLong(
  { prefix, command }: Pick<StartedCommand, 'prefix' | 'command'>,
  timeoutMs: number,
  host: string | undefined,
): TimeoutError {
  return new TimeoutError('host.timeout', `${command[0]} did not finish within ${timeoutMs / 1000} s.`, {
    facts: { prefix: prefix.join(' ') || undefined, host },
  });
}

interface StartedCommand {
  readonly prefix: readonly string[];
  readonly command: readonly string[];
  readonly wrapped: boolean;
}
