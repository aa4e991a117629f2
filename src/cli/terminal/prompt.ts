import { PassThrough } from 'node:stream';
import { input, password } from '@inquirer/prompts';
import type { Prompt } from '../../runbook/answers.ts';
import { wrap } from '../../text/layout.ts';
import { terminalSafe } from '../../text/outsideText.ts';

/** Ctrl-D, as a terminal in raw mode sends it. */
const endOfInput = '\x04';

export interface TerminalPrompt extends Prompt {
  /** Without echo, and without a trace of how long the answer is. */
  hidden(question: string, signal: AbortSignal): Promise<string | undefined>;
}

/** A typing error must not cost all checks once more; a person who does not mean it has other ways to say no. */
const mostTries = 3;
/** What was typed wrong does not stay in front of the next answer; a "no" gets no check mark either. */
const theme = { validationFailureMode: 'clear', prefix: '?' } as const;

/** Questions to a person. */
export function terminalPrompt(): TerminalPrompt {
  return {
    interactive: process.stdin.isTTY === true && process.stderr.isTTY === true,
    typed: async (question, expected, signal) => {
      let tries = 0;
      const validate = (text: string) => {
        const typed = text.trim();
        if (typed === expected || typed === '' || ++tries === mostTries) return true;
        return `That is not ${terminalSafe(expected)}. Type it again, or Enter for no.`;
      };
      const message = fitted(question);
      const answer = await orNothing(signal, (context) => input({ message, theme, validate }, context));
      return answer?.trim() === expected;
    },
    yesNo: async (question, signal) => {
      const validate = (text: string) => /^(y|yes|n|no|)$/i.test(text.trim()) || 'Answer y or n.';
      const message = fitted(`${question} (y/N)`);
      const answer = await orNothing(signal, (context) => input({ message, theme, validate }, context));
      return /^(y|yes)$/i.test(answer?.trim() ?? '');
    },
    hidden: (question, signal) =>
      orNothing(signal, (context) =>
        password(
          { message: fitted(question), mask: false, toggleMask: false, theme: { prefix: '?' } },
          context,
        ),
      ),
  };
}

/** Broken between words; inquirer breaks in the middle of one. Two columns go to its mark, one to the cursor. */
function fitted(question: string): string {
  // A terminal of unknown size reports 0.
  return wrap(terminalSafe(question), (process.stderr.columns || 80) - 3);
}

interface PromptContext {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WriteStream;
  readonly signal: AbortSignal;
}

/** Ctrl-C, Ctrl-D, a lost terminal or a signal at a question counts as no. */
async function orNothing<T>(
  signal: AbortSignal,
  ask: (context: PromptContext) => Promise<T>,
): Promise<T | undefined> {
  const { stdin } = process;
  const ended = new AbortController();
  const end = () => ended.abort();
  // After either of these inquirer would wait forever, and hold the run lock.
  const watch = (keys: Buffer | string) => {
    if (keys.includes(endOfInput)) end();
  };
  const input = keysOf(stdin);
  stdin.on('error', end).on('data', watch).on('end', end).pipe(input);
  try {
    // Questions go to stderr, so that stdout holds results alone.
    return await ask({ input, output: process.stderr, signal: AbortSignal.any([signal, ended.signal]) });
  } catch (error) {
    if (error instanceof Error && ['ExitPromptError', 'AbortPromptError'].includes(error.name))
      return undefined;
    throw error;
  } finally {
    stdin.unpipe(input).off('data', watch).off('end', end);
    // The listener for errors stays: a lost terminal reports its error repeatedly.
  }
}

/**
 * The typed keys, through a stream of their own. Reading a lost terminal and restoring its mode fail, which would
 * end the process during a step if inquirer read from it directly.
 */
function keysOf(stdin: NodeJS.ReadStream): PassThrough {
  const setRawMode = (mode: boolean) => stdin.setRawMode(mode);
  return Object.assign(new PassThrough(), { isTTY: true, setRawMode });
}
