import { basename } from 'node:path';
import { UnavailableError } from '../errors/TvError.ts';
import type { CommandOutput } from '../runbook/context.ts';
import { outsideText } from '../text/outsideText.ts';

/** The host answers, but has no such program. */
export class CommandMissingError extends UnavailableError {}

/** The program by which a sandbox is entered, and its exit code while that sandbox is down (sysexits.h). */
const sandboxEntry = 'inside';
const notRunning = 69;

interface FailureParameters {
  readonly prefix: readonly string[];
  readonly command: readonly string[];
}

/** Why nothing could be started at all, from the operating system's error code. */
export function explainNotStarted({ prefix, command }: FailureParameters, code: string): UnavailableError {
  const program = prefix[0] ?? command[0] ?? '';
  if (code === 'ENOENT') {
    return prefix.length === 0
      ? new CommandMissingError('host.command-missing', `${program} is not installed on this host.`)
      : new UnavailableError(
          'host.prefix-missing',
          `${program}, through which host commands run, does not exist here.`,
          {
            facts: { prefix: prefix.join(' ') },
            next: basename(program) === sandboxEntry ? { tv: ['sandbox', 'up'] } : { tv: ['config', 'show'] },
          },
        );
  }
  if (code === 'EACCES')
    return new UnavailableError('host.not-started', `${program} may not be executed here.`);
  return new UnavailableError('host.not-started', `${program} could not be started.`, {
    facts: { reason: code },
  });
}

/**
 * Distinguishes a command that never ran from one that ran and failed: with a prefix or a
 * wrapping shell both are only an exit code and a line on stderr.
 */
export function explainFailure(
  { prefix, command, wrapped }: FailureParameters & { readonly wrapped: boolean },
  { exitCode, stderr }: CommandOutput,
): UnavailableError | undefined {
  if (exitCode === 0) return undefined;
  const tools = new Set(prefix.map((word) => basename(word)));
  const program = command[0] ?? '';
  const facts = { prefix: prefix.join(' '), reason: lastLine(stderr) };

  // 255 is ssh's own: no connection, no such host, key refused (ssh(1), "EXIT STATUS").
  if (tools.has('ssh') && exitCode === 255) {
    return new UnavailableError('host.ssh-unreachable', 'The host cannot be reached over ssh.', {
      facts,
      next: `${prefix.join(' ')} true`,
    });
  }
  if (tools.has('sudo')) {
    if (/^sudo: .*(password is required|terminal is required|no tty present|must have a tty)/m.test(stderr)) {
      return new UnavailableError(
        'host.sudo-refused',
        'sudo asks for a password on the host, and tv cannot type one.',
        {
          facts,
          next: 'allow the commands without a password (NOPASSWD in sudoers), or run tv as root without the prefix',
        },
      );
    }
    if (/is not in the sudoers file|is not allowed to (execute|run)|may not run sudo/.test(stderr)) {
      return new UnavailableError('host.sudo-refused', `sudo does not allow ${program} on the host.`, {
        facts,
        next: 'sudo -n -l',
      });
    }
    if (stderr.includes(`sudo: ${program}: command not found`)) return missing(program);
  }
  // A namespace is entered through its init process: once that is gone, so is everything in it.
  const intoSandbox = tools.has('nsenter') || tools.has(sandboxEntry);
  const gone = /^nsenter: .*(No such process|\/proc\/\d+\/ns\/)/m.test(stderr);
  if (intoSandbox && (gone || (exitCode === notRunning && stderr.includes('is not running')))) {
    return new UnavailableError(
      'sandbox.not-running',
      'The sandbox is not running, or may not be entered by this user.',
      {
        facts,
        next: [{ tv: ['sandbox', 'status'] }, { tv: ['sandbox', 'up'] }],
      },
    );
  }
  // A shell, env and nsenter all say 127 for "not found" and 126 for "found, not executable".
  const startedByOther = prefix.length > 0 || wrapped;
  if (startedByOther && stderr.includes(program)) {
    if (exitCode === 127 && /not found|No such file/.test(stderr)) return missing(program);
    if (exitCode === 126) {
      return new UnavailableError('host.not-started', `${program} may not be executed on the host.`, {
        facts: { reason: facts.reason },
      });
    }
  }
  return undefined;
}

function missing(program: string): CommandMissingError {
  return new CommandMissingError('host.command-missing', `${program} is not installed on the host.`);
}

/** The line of an error output that says most: the last one that is not empty. */
export function lastLine(text: string): string {
  return outsideText(text.trim().split('\n').at(-1)?.trim() ?? '');
}
