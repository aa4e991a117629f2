import { exitCodes } from '../errors/TvError.ts';
import type { Answers } from '../runbook/answers.ts';
import type { Risk } from '../runbook/events.ts';
import { type Engine, Refusal } from './engine.ts';

/**
 * Refuses at once, before any work, where no answer can come: no terminal, and no flag that
 * answers.
 * @throws Refusal with exit code 4
 */
export function assertAnswerable(engine: Engine, risk: Risk, answers: Answers): void {
  const environment = engine.ctx.settings.environment;
  if (answers.confirm !== undefined && answers.confirm !== environment) {
    throw new Refusal(
      'answer.other-environment',
      '--confirm names another environment than the one chosen.',
      {
        exitCode: exitCodes.notConfirmed,
        facts: { '--confirm': answers.confirm, environment },
        next: [{ again: ['-e', answers.confirm] }, { when: 'or', again: ['--confirm', environment] }],
      },
    );
  }
  if (isAnswered(risk, answers) || engine.prompt.interactive) return;
  throw new Refusal('answer.missing', 'This needs an answer, and there is no terminal to ask at.', {
    exitCode: exitCodes.notConfirmed,
    facts: { risk, environment },
    next: [{ again: risk === 'severe' ? ['--confirm', environment] : ['--yes'] }],
  });
}

/**
 * Puts the question. Returns how it was answered, for the journal.
 * @throws Refusal with exit code 4 where the answer is no
 */
export async function ask(
  engine: Engine,
  risk: Risk,
  consequence: string,
  answers: Answers,
): Promise<string> {
  const environment = engine.ctx.settings.environment;
  if (risk === 'read' || risk === 'mild') return 'not asked';
  if (answers.confirm === environment) return `--confirm ${environment}`;
  if (isAnswered(risk, answers)) return '--yes';
  const agreed =
    risk === 'severe'
      ? await engine.prompt.typed(
          `${consequence} Type ${environment} to continue:`,
          environment,
          engine.interrupt.stop,
        )
      : await engine.prompt.yesNo(`${consequence} Continue?`, engine.interrupt.stop);
  if (agreed) return risk === 'severe' ? `typed ${environment}` : 'answered yes';
  throw new Refusal('answer.not-confirmed', 'Not confirmed; nothing was changed.', {
    exitCode: exitCodes.notConfirmed,
  });
}

/** Whether no question is left: none is asked for this risk, or the flags answer it. */
export function isAnswered(risk: Risk, answers: Answers): boolean {
  if (risk === 'read' || risk === 'mild') return true;
  return answers.confirm !== undefined || (risk === 'moderate' && answers.yes);
}
