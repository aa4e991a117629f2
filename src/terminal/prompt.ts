import { confirm, input, password } from '@inquirer/prompts';
import type { Prompt } from '../runbook/engine.ts';

const context = (signal: AbortSignal) => ({ output: process.stderr, signal });

export interface TerminalPrompt extends Prompt {
  /** Without echo, and without a trace of how long the answer is. */
  hidden(question: string, signal: AbortSignal): Promise<string | undefined>;
}

/** Questions to a person, on stderr, so that stdout holds results alone. */
export function terminalPrompt(): TerminalPrompt {
  return {
    interactive: process.stdin.isTTY === true && process.stderr.isTTY === true,
    typed: async (question, expected, signal) => {
      const answer = await orNothing(input({ message: question }, context(signal)));
      return answer?.trim() === expected;
    },
    yesNo: async (question, signal) =>
      (await orNothing(confirm({ message: question, default: false }, context(signal)))) ?? false,
    hidden: (question, signal) => orNothing(password({ message: question, mask: false }, context(signal))),
  };
}

/** Ctrl-C, a closed terminal or a signal at a question is an answer too: no. */
async function orNothing<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof Error && ['ExitPromptError', 'AbortPromptError'].includes(error.name))
      return undefined;
    throw error;
  }
}
