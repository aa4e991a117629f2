import type { Paint } from './paint.ts';
import { wrap } from './text.ts';

/** `Next:` and the commands to run; each as it has to be typed for the environment of this call. */
export function renderNext(next: readonly string[], paint: Paint): string {
  return next
    .map((line, index) => {
      const label = index === 0 ? paint.bold('Next:') : '     ';
      return `${label} ${wrapAdvice(asTyped(line, paint.environment), paint.width - 6, '      ')}`;
    })
    .join('\n');
}

/** A command stays on one line, so that it can be pasted; only what stands before it is wrapped. */
export function wrapAdvice(line: string, width: number, indent: string): string {
  const [, condition, command] = /^(.*: )?(tv .*)$/.exec(line) ?? [];
  if (command === undefined || line.length <= width) return wrap(line, width, indent);
  return condition === undefined ? command : `${wrap(condition.trim(), width, indent)}\n${indent}${command}`;
}

/** First words of the commands that work on an environment; `sandbox` and `completion` do not. */
const nouns = 'audit|breaker|config (?!init)|db|emergency|oracle|reindex|resume|runbook|runs|status';
/** At the beginning, or behind the condition under which it is right: `once it is due: tv …`. */
const command = new RegExp(`(^|: )tv (?=(?:${nouns})\\b)`, 'g');

/** A line of advice with its command as it has to be typed for the environment of this call. */
export function asTyped(line: string, environment: string | undefined): string {
  return environment === undefined ? line : line.replace(command, `$1tv -e ${environment} `);
}
