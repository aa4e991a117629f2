import { basename } from 'node:path';
import { TimeoutError } from '../errors/TvError.ts';
import type { CommandOptions, CommandOutput, Host } from '../runbook/context.ts';
import { buildCommandLine } from './commandLine.ts';
import { explainFailure, explainNotStarted } from './explainFailure.ts';
import { runProcess } from './runProcess.ts';

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
  onLine(line: string): void;
  /** The usual way to end a command that follows something for ever. */
  readonly signal: AbortSignal;
}

/**
 * Runs a command and hands over its output line by line, with no time limit (`journalctl -f`).
 * @returns what it left on stderr, once it ends by itself
 * @throws the signal's reason when it is aborted
 */
export function streamLines(
  { prefix }: Host,
  { command, onLine, signal }: StreamLinesParameters,
): Promise<CommandOutput> {
  return runOnHost({ prefix, command, options: { timeoutMs: 0 }, signals: [signal], onLine });
}

interface RunParameters {
  readonly prefix: readonly string[];
  readonly command: readonly string[];
  readonly options: CommandOptions & { readonly timeoutMs: number };
  readonly signals: readonly (AbortSignal | undefined)[];
  readonly onLine?: (line: string) => void;
}

async function runOnHost({
  prefix,
  command,
  options,
  signals,
  onLine,
}: RunParameters): Promise<CommandOutput> {
  const { input, secrets = {}, timeoutMs } = options;
  const line = buildCommandLine({ prefix, command, secrets });
  const wrapped = line.inputHead !== '';
  const given = signals.filter((signal) => signal !== undefined);
  const end = await runProcess({
    file: line.file,
    arguments: line.arguments,
    input: wrapped ? line.inputHead + (input ?? '') : input,
    timeoutMs,
    signal: given.length === 0 ? undefined : AbortSignal.any(given),
    onLine,
    kind: options.libpq === true ? 'libpq' : 'plain',
    killPrefix: basename(prefix[0] ?? '') === 'sudo' ? prefix : [],
  });
  if (end.kind === 'not-started') throw explainNotStarted({ prefix, command }, end.code);
  if (end.kind === 'timeout') {
    throw new TimeoutError('host.timeout', `${command[0]} did not finish within ${timeoutMs / 1000} s.`, {
      facts: { prefix: prefix.join(' ') || undefined },
    });
  }
  const failure = explainFailure({ prefix, command, wrapped }, end.output);
  if (failure !== undefined) throw failure;
  return end.output;
}
